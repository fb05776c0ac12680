"""The page in a real browser, with kinds that mean no good."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.cli.host import COMMAND, COUNTER, Served, serving
from tests.compiled import with_compiled
from tests.guests.made import core_module

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS_MAX = 30

ATTACK = """<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>"""
EVIL = {
    "doc": ATTACK,
    "operations": [
        {
            "name": ATTACK,
            "doc": ATTACK,
            "argument": {
                "title": ATTACK,
                "properties": {ATTACK: {"type": "string", "default": ATTACK}},
            },
            "result": {"description": ATTACK},
        },
        {"name": "__proto__", "argument": {"properties": {"__proto__": {"type": "string"}}}},
        {"name": "round", "argument": {"$ref": "#"}},
        {"name": "..", "doc": "\u202etxet"},
    ],
}

pytestmark = [
    pytest.mark.slow,
    # One browser for all of them.
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not (any(map(shutil.which, BROWSERS)) and shutil.which("chromedriver")),
        reason="there is no browser: install chromium and chromium-driver",
    ),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(with_compiled(tmp_path_factory.mktemp("page") / "data")) as found:
        # What the page shows of its answer is a stranger's, too.
        evil = core_module(manifest=json.dumps(EVIL), items="")
        for kind, body in (("counter", COUNTER.read_bytes()), ("evil", evil)):
            put(f"{found.url}/v1/kinds/{kind}", body)
        yield found


def put(url: str, body: bytes, token: str = "") -> None:
    headers = {"Content-Type": "application/wasm"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with urlopen(Request(url, body, method="PUT", headers=headers)):
        pass


def turns(served: Served, key: str) -> int:
    with urlopen(f"{served.url}/v1/actors/counter/{key}") as answer:
        found: int = json.load(answer)["turns"]
        return found


class Browser:
    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def until(self, found: Callable[[], object]) -> None:
        WebDriverWait(self.driver, SECONDS_MAX).until(lambda _: found())

    def open(self, url: str) -> None:
        self.driver.get("about:blank")
        self.driver.get(url)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def card(self, operation: str) -> WebElement:
        self.until(lambda: self.all("article"))
        cards = [
            each
            for each in self.all("article")
            if each.find_element(By.TAG_NAME, "h3").text == operation
        ]
        return cards[0]

    def invoke(self, operation: str) -> str:
        """Presses the button of an operation; the text of its answer."""
        card = self.card(operation)
        card.find_element(By.CSS_SELECTOR, "button.main").click()
        answer = card.find_element(By.CLASS_NAME, "answer")
        self.until(lambda: answer.text)
        return answer.text

    def complaints(self) -> list[str]:
        """What the browser has to say, such as of a policy that is broken."""
        return [each["message"] for each in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def running_browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
    ):
        options.add_argument(argument)
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(running_browser: webdriver.Chrome) -> Browser:
    running_browser.get_log("browser")
    return Browser(running_browser)


def test_an_operation_is_tried(served: Served, browser: Browser) -> None:
    browser.open(f"{served.url}/#counter")
    assert "200" in browser.invoke("increment")
    argument = browser.card("add").find_element(By.TAG_NAME, "textarea")
    argument.clear()
    argument.send_keys('{"amount": 41}')
    assert '"value": 42' in browser.invoke("add")
    argument.clear()
    argument.send_keys("{amount")
    assert "no JSON" in browser.invoke("add")
    argument.clear()
    argument.send_keys('"much"')
    refused = browser.invoke("add")
    assert "422" in refused
    assert "rejected" in refused
    assert [each.text.split("\n")[0] for each in browser.all("#kinds a")] == ["counter", "evil"]
    assert browser.complaints() == [] or all("422" in each for each in browser.complaints())


def test_a_host_with_tokens(browser: Browser, tmp_path: Path) -> None:
    data = with_compiled(tmp_path / "data")
    command = [COMMAND, "token", "create", "root", "--role", "admin", "--data", data, "--new"]
    made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS_MAX)
    with serving(data) as served:
        browser.open(served.url)
        notice = browser.all("#notice")[0]
        browser.until(lambda: "problem" in str(notice.get_attribute("class")))
        browser.driver.switch_to.active_element.send_keys(made.stdout.strip(), Keys.ENTER)
        browser.until(lambda: "Nothing is deployed" in notice.text)
        put(f"{served.url}/v1/kinds/counter", COUNTER.read_bytes(), made.stdout.strip())
        browser.all("#host button")[0].click()
        assert "200" in browser.invoke("increment")
        assert notice.text == ""
        browser.all("#kinds a")[0].click()
        for link, told in ("OpenAPI", '"openapi": "3.1'), ("Metrics", "kelpie_turns_total"):
            browser.driver.find_element(By.LINK_TEXT, link).click()
            browser.until(lambda told=told: told in browser.all("#kind")[0].text)
            # And back, to where the address of the page still says that it is.
            browser.all("#kinds a")[0].click()
            assert "200" in browser.invoke("get")


def test_another_namespace(served: Served, browser: Browser) -> None:
    put(f"{served.url}/v1/kinds/seller?namespace=shop", COUNTER.read_bytes())
    browser.open(f"{served.url}/#counter")
    browser.until(lambda: browser.all("article"))
    namespace = browser.driver.find_element(By.ID, "namespace")
    namespace.clear()
    namespace.send_keys("shop", Keys.ENTER)
    notice = browser.all("#notice")[0]
    browser.until(lambda: notice.text == "No kind 'counter' is deployed here.")
    assert browser.all("article") == []
    browser.driver.find_element(By.PARTIAL_LINK_TEXT, "seller").click()
    assert "200" in browser.invoke("get")
    assert notice.text == ""
    browser.driver.find_element(By.LINK_TEXT, "OpenAPI").click()
    browser.until(lambda: "/v1/actors/seller/{key}/get" in browser.driver.page_source)


def test_an_id_that_no_header_has(served: Served, browser: Browser) -> None:
    browser.open(f"{served.url}/#counter")
    card = browser.card("get")
    card.find_element(By.CSS_SELECTOR, ".row input").send_keys("\u043a\u043b\u044e\u0447")
    assert (
        browser.invoke("get") == "A token and an Idempotency-Key are of visible ASCII characters."
    )


def test_strangers_run_nothing(served: Served, browser: Browser) -> None:
    browser.open(f"{served.url}/#evil")
    assert "ok" in browser.invoke(ATTACK)
    # That of the page alone, and none of another's.
    assert len(browser.all("script")) == 1
    assert browser.all("img") == []
    assert browser.driver.title == "evil · Kelpie"
    assert ATTACK in browser.driver.find_element(By.ID, "kind").text
    assert "ok" in browser.invoke("__proto__")
    assert "command line" in browser.invoke("..")
    assert "\u202e" not in browser.driver.find_element(By.ID, "kind").text
    assert browser.complaints() == []


def test_html_that_comes_in_by_other_ways_runs_nothing(served: Served, browser: Browser) -> None:
    """If the page had a hole, its policy would still close it."""
    browser.open(f"{served.url}/#evil")
    browser.until(lambda: browser.all("article"))
    script = "try { document.body.innerHTML = arguments[0] } catch (error) { return error.name }"
    assert browser.driver.execute_script(script, ATTACK) == "TypeError"
    assert browser.driver.title == "evil · Kelpie"


@contextmanager
def another_site(page: str) -> Iterator[str]:
    """A page of another origin, and where it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch(target, {method: 'POST', mode: 'no-cors'})",
        "fetch(target, {method: 'POST', mode: 'no-cors', body: '1'})",
        "fetch(target, {method: 'POST'})",
        "fetch(target, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '1'})",
        "Promise.resolve(navigator.sendBeacon(target, 'x'))",
        "new Promise((then) => submit(document.querySelector('form'), then))",
    ],
    ids=["no-cors", "text", "cors", "json", "beacon", "form"],
)
def test_a_page_of_another_origin_changes_nothing(
    served: Served, browser: Browser, attempt: str, request: pytest.FixtureRequest
) -> None:
    key = request.node.callspec.id
    page = f"""<form method="post" enctype="text/plain" target="there"><input name="x"></form>
    <iframe name="there"></iframe><script>
    function submit(form, then) {{
      document.querySelector("iframe").onload = then;
      form.action = target;
      form.submit();
    }}
    const target = {json.dumps(f"{served.url}/v1/actors/counter/{key}/increment")};
    {attempt}.catch(() => {{}}).then(() => fetch(target, {{method: 'POST', mode: 'no-cors'}}))
      .catch(() => {{}}).then(() => {{ document.title = 'tried'; }});
    </script>"""
    with another_site(page) as url:
        browser.open(url)
        browser.until(lambda: browser.driver.title == "tried")
    assert turns(served, key) == 0
