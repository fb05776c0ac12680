"""Where a setting comes from: option, environment, file, default."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from kelpie.cli.main import main
from kelpie.cli.setting import SETTINGS
from kelpie.cli.settings import unknown

ROOT = Path(__file__).parents[2]
FILE = '[serve]\ndata = "data"\nport = 7171\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a settings file, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("KELPIE_SETTINGS", *(setting.variable for setting in SETTINGS)):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    assert main(["settings", "-o", "json"]) == 0
    found: dict[str, dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys)
    assert {each["source"] for each in found.values()} == {"default"}
    assert found["serve.port"]["value"] == 7070


def test_the_environment_comes_before_the_file(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "kelpie.toml").write_text(FILE)
    monkeypatch.setenv("KELPIE_PORT", "80")
    found = shown(capsys)
    assert found["serve.data"] == {"value": "data", "source": "kelpie.toml"}
    assert found["serve.port"] == {"value": 80, "source": "$KELPIE_PORT"}
    assert found["serve.host"]["source"] == "default"


@pytest.mark.parametrize(
    ("name", "value"), [("log_level", "loud"), ("log_requests", "some"), ("log_format", "xml")]
)
def test_what_the_log_may_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    variable = f"KELPIE_{name.upper()}"
    monkeypatch.setenv(variable, value)
    assert main(["settings"]) == 2
    assert f"${variable}: '{value}' is none of " in capsys.readouterr().err
    good = {"log_level": "off", "log_requests": "none", "log_format": "text"}[name]
    monkeypatch.setenv(variable, good)
    assert shown(capsys)[f"serve.{name}"] == {"value": good, "source": f"${variable}"}


def test_a_path_is_meant_from_where_the_file_is(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = elsewhere / "far" / "away.toml"
    file.parent.mkdir()
    file.write_text(FILE)
    monkeypatch.setenv("KELPIE_SETTINGS", str(file))
    assert shown(capsys)["serve.data"] == {
        "value": str(file.parent / "data"),
        "source": str(file),
    }


def test_an_option_comes_before_all(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "kelpie.toml").write_text('[client]\nurl = "http://127.0.0.1:2"\n')
    assert main(["kinds"]) == 1
    assert "127.0.0.1:2" in capsys.readouterr().err
    monkeypatch.setenv("KELPIE_URL", "http://127.0.0.1:3")
    assert main(["kinds"]) == 1
    assert "127.0.0.1:3" in capsys.readouterr().err
    assert main(["kinds", "--url", "http://127.0.0.1:4"]) == 1
    assert "127.0.0.1:4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[serve]\nprot = 1\n", "did you mean serve.port?"),
        ("port = 1\n", "no setting 'port'"),
        ("[elsewhere]\nx = 1\n", "serve.data, serve.host"),
        ('[serve]\nport = "80"\n', "must be a whole number"),
        ("[serve]\nport = true\n", "must be a whole number"),
        ("[serve]\nport = 70000\n", "no port"),
        ("[serve]\nhost = 1\n", "must be a string"),
        ('[client]\nurl = "nowhere"\n', "no host's URL"),
        ('[client]\nurl = "http://localhost/?x"\n', "no host's URL"),
        ("not toml", "is not TOML"),
        ("x = " + "[" * 100_000, "is not TOML"),
    ],
)
def test_what_a_file_may_not_say(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    (elsewhere / "kelpie.toml").write_text(content)
    assert main(["settings"]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "kelpie.toml" in err


def test_a_file_that_is_no_text(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "kelpie.toml").write_bytes(b"\xff\xfe")
    assert main(["kinds"]) == 2
    assert "is not TOML" in capsys.readouterr().err


def test_a_file_that_would_be_waited_for(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(elsewhere / "kelpie.toml")
    assert main(["kinds"]) == 2
    assert capsys.readouterr().err == "kelpie: kelpie.toml is no regular file\n"
    monkeypatch.setenv("KELPIE_SETTINGS", "/dev/zero")
    assert main(["kinds"]) == 2
    assert capsys.readouterr().err == "kelpie: /dev/zero is no regular file\n"
    monkeypatch.setenv("KELPIE_SETTINGS", "/dev/null")
    assert shown(capsys)["serve.port"]["source"] == "default"


def test_a_file_that_is_too_large(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "kelpie.toml").write_text("#" * 300_000)
    assert main(["kinds"]) == 2
    assert "more than 262144 bytes (settings_file_bytes_max)" in capsys.readouterr().err


def test_a_named_file_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELPIE_SETTINGS", "absent.toml")
    assert main(["settings"]) == 1
    assert "absent.toml: No such file" in capsys.readouterr().err


def test_who_needs_no_setting_is_not_kept_by_a_wrong_file(elsewhere: Path) -> None:
    (elsewhere / "kelpie.toml").write_text("wrong")
    assert main(["inspect", str(ROOT / "examples" / "rust-counter" / "counter.wasm")]) == 0


def _documented(default: object) -> str:
    return {None: "none", False: "false"}.get(default, str(default))  # type: ignore[call-overload,no-any-return]


def test_the_documentation_lists_every_setting() -> None:
    rows = re.findall(
        r"^\| `([a-z._]+)` \| `--([a-z-]+)` \| `([A-Z_]+)` \| `([^`]+)` \|$",
        (ROOT / "docs" / "cli.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [
        (each.full_name, each.name.replace("_", "-"), each.variable, _documented(each.default))
        for each in SETTINGS
    ]


def test_which_hosts_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for good in ("a.example", "a.example,B-2.example", "localhost"):
        monkeypatch.setenv("KELPIE_ALLOW_HOST", good)
        assert main(["settings"]) == 0
    for bad in ("a.example:80", "a b", "a.example,", "*.example", "http://a.example"):
        monkeypatch.setenv("KELPIE_ALLOW_HOST", bad)
        assert main(["settings"]) == 2


def test_a_variable_that_nobody_knows() -> None:
    told = unknown({"KELPIE_PRT": "1", "KELPIE_PORT": "1", "KELPIE_SETTINGS": "x", "PATH": ""})
    assert told == ["there is no variable KELPIE_PRT: did you mean KELPIE_PORT?"]
    (told,) = unknown({"KELPIE_XYZZYXXYZZYXXYZZYX": ""})
    assert told.endswith("; see `kelpie settings`")


def test_it_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KELPIE_DTA", "x")
    assert main(["settings"]) == 0
    told = capsys.readouterr().err
    assert told == "kelpie: warning: there is no variable KELPIE_DTA: did you mean KELPIE_DATA?\n"
