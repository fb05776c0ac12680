"""From a project to what is given to componentize-py, and what comes back from it."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

import kelpie_actor_build
from kelpie_actor_build import BuildError, build
from kelpie_actor_build.messages import error_of
from kelpie_actor_build.project import Project
from kelpie_actor_build.sources import read_sources

COMPONENT = Path(kelpie_actor_build.__file__).parent / "component" / "kelpie_guest"
APP = """\
from kelpie_actor import actor, operation

@actor
class Counter:
    value: int = 0

    @operation
    def add(self) -> int:
        return 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def settings(project: Path, text: str) -> Project:
    (project / "pyproject.toml").write_text(text)
    return Project.read(project)


def test_without_settings_it_is_app(project: Path) -> None:
    read = Project.read(project)
    assert (read.main, read.python_paths, read.imports) == (project / "app.py", (), ())


def test_settings(project: Path) -> None:
    (project / "vendor").mkdir()
    (project / "shop" / "actors").mkdir(parents=True)
    (project / "shop" / "actors" / "__init__.py").write_text(APP)
    read = settings(
        project,
        '[tool.kelpie]\nmodule = "shop.actors"\npython-paths = ["vendor"]\nimports = ["kv"]\n',
    )
    assert read.main == project / "shop" / "actors" / "__init__.py"
    assert (read.python_paths, read.imports) == ((project / "vendor",), ("kv",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.kelpie\n", "pyproject.toml"),
        ('[tool.kelpie]\nmodul = "app"\n', "has no modul; there is module"),
        ("[tool.kelpie]\nmodule = 1\n", "module in [tool.kelpie] must be a string"),
        ('[tool.kelpie]\nimports = "kv"\n', "imports in [tool.kelpie] must be a list"),
        ('[tool.kelpie]\nimports = ["files"]\n', "the contract has no 'files'"),
        ('[tool.kelpie]\nmodule = "other"\n', "there is no other.py"),
        ('[tool.kelpie]\npython-paths = ["vendor"]\n', "there is no folder"),
    ],
)
def test_wrong_settings(project: Path, text: str, told: str) -> None:
    with pytest.raises(BuildError) as refused:
        settings(project, text)
    assert told in str(refused.value)


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="there is no folder"):
        build(tmp_path / "nowhere", tmp_path / "out.wasm")
    with pytest.raises(BuildError, match=r"there is no app\.py"):
        build(tmp_path, tmp_path / "out.wasm")


def test_a_mistake_in_the_syntax_is_told_at_once(project: Path) -> None:
    (project / "app.py").write_text("def broken(:\n")
    told = r"^app\.py:1: .* \(Python 3\.\d+\)\n    def broken\(:\n +\^$"
    with pytest.raises(BuildError, match=told):
        build(project, project / "out.wasm")


def test_without_the_builder_it_says_how_to_get_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    # Of this very Python, and the version that the extra `python` names.
    wanted = rf"{re.escape(sys.executable)} -m pip install 'componentize-py[<>=][^']*\d'$"
    with pytest.raises(BuildError, match=wanted):
        build(project, project / "out.wasm")
    assert not (project / "out.wasm").exists()


def test_interfaces_are_seen_in_the_sources(project: Path) -> None:
    assert read_sources(Project.read(project)).interfaces == {"state", "clock", "entropy", "log"}
    (project / "app.py").write_text(APP + "\nfrom helper import *\n")
    (project / "helper.py").write_text(
        "def f(context):\n    context.kv.get('a')\n    getattr(context, 'secret')('b')\n"
    )
    found = read_sources(Project.read(project)).interfaces
    assert found == {"state", "clock", "entropy", "log", "kv", "secrets"}


def test_only_modules_that_are_imported_count(project: Path) -> None:
    (project / "unused.py").write_text("def f(c):\n    c.messaging.reminders()\n")
    assert "messaging" not in read_sources(Project.read(project)).interfaces


def test_imports_within_functions_are_found(project: Path) -> None:
    (project / "shop").mkdir()
    (project / "shop" / "__init__.py").write_text("")
    (project / "shop" / "tools.py").write_text("def f():\n    from . import more\n    import csv\n")
    (project / "shop" / "more.py").write_text("def f(d):\n    return d.strptime('', '')\n")
    (project / "app.py").write_text(APP + "\nimport shop.tools\nimport json\n")
    late = read_sources(Project.read(project)).lazily_imported
    assert {"shop.more", "csv", "_strptime"} <= set(late)
    assert "json" not in late


def test_native_code_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "fast.cpython-311-x86_64-linux-gnu.so").touch()
    (tmp_path / "faster.py").touch()
    importing = runpy.run_path(str(COMPONENT / "importing.py"))
    finder = importing["NativeModules"]()
    with pytest.raises(ImportError, match=r"a\.fast is native code \(fast\.cpython-311"):
        finder.find_spec("a.fast", [str(tmp_path)])
    assert finder.find_spec("a.faster", [str(tmp_path), str(tmp_path / "nowhere")]) is None


PRINTED = """\
Traceback (most recent call last):
  File "/somewhere/bin/componentize-py", line 8, in <module>
    sys.exit(script())
             ^^^^^^^^
AssertionError: Traceback (most recent call last):
  File "/0/kelpie_entry.py", line 4, in <module>
    import app
  File "/1/app.py", line 7, in <module>
    raise RuntimeError("stop")
RuntimeError: stop


Caused by:
    RuntimeError: stop

Stack backtrace:
   0: something
"""


def test_the_authors_traceback_is_shown_with_the_authors_paths() -> None:
    assert error_of(PRINTED, ["/build", "/home/shop"]) == (
        "Traceback (most recent call last):\n"
        '  File "/home/shop/app.py", line 7, in <module>\n'
        '    raise RuntimeError("stop")\n'
        "RuntimeError: stop"
    )


def test_what_is_no_traceback_is_shown_as_it_is() -> None:
    told = error_of("Error: no such world\n", ["/build", "/home/shop"])
    assert told == "componentize-py could not make the component:\nError: no such world"
