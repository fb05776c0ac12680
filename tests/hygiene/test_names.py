"""What may not stand in any file that is shipped."""

from __future__ import annotations

import subprocess

import pytest

from tests.hygiene.source import ROOT

# Installers are configured by whoever runs them: no registry is named here.
# Written in halves, so that this file does not find itself.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "crates" + ".io",
    "proxy.golang" + ".org",
    "registry.npmjs" + ".org",
]


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_no_registry_is_named(host: str) -> None:
    found = _tracked_files_with(host)
    # Cargo writes the index of its registry into lock files by itself.
    found = [name for name in found if not name.endswith("Cargo.lock")]
    assert not found, f"{host} is named in {found}"


def _tracked_files_with(words: str) -> list[str]:
    command = ["git", "grep", "--untracked", "-lIF", "-e", words, "--", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    return result.stdout.splitlines()


def test_the_search_finds_what_is_there() -> None:
    assert "tests/hygiene/test_names.py" in _tracked_files_with("REGISTRY_" + "HOSTS")
