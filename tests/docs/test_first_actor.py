"""The session of `first-actor.md`, in each language whose toolchain is here; and code
that documents show is that of files which are tested."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from kelpie.projects.errors import ToolchainMissing
from kelpie.projects.project import BY_NAME
from tests.docs.sessions import commands_of, differences, run
from tests.projects.toolchains import kept

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "first-actor.md"
EXCERPT = re.compile(r"^<!-- from (\S+) -->\n```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [PAGE, ROOT / "docs" / "three-languages.md", ROOT / "README.md"]
CODE = ("rust", "go", "python")


@pytest.mark.slow
@pytest.mark.parametrize("language", BY_NAME)
def test_the_first_actor(language: str, tmp_path: Path) -> None:
    try:
        toolchain = BY_NAME[language].toolchain(tmp_path)
    except ToolchainMissing as missing:
        pytest.skip(f"{language}: {missing.message}")
    if toolchain.notice is not None:
        # What a newcomer would not see, and takes minutes.
        pytest.skip(f"{language}: {toolchain.notice}")
    title = BY_NAME[language].title
    commands = [
        each._replace(
            words=each.words.replace("--lang go", f"--lang {language}"),
            expected=each.expected.replace("an actor in Go", f"an actor in {title}"),
        )
        for each in commands_of(PAGE)
    ]
    further = {**kept(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    wrong = differences(commands, run(commands, tmp_path, further))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_is_that_of_a_file(page: Path) -> None:
    text = page.read_text()
    found = EXCERPT.findall(text)
    assert len(found) == len(re.findall(rf"^```({'|'.join(CODE)})$", text, re.MULTILINE))
    assert {language for _, language, _ in found} == set(CODE), "all three are shown"
    for name, _, code in found:
        assert code.rstrip("\n") in (ROOT / name).read_text(), f"{page.name} shows another {name}"
