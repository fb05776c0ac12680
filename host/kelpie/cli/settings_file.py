"""The settings file."""

from __future__ import annotations

import os
import stat
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kelpie.cli.reading import read_up_to
from kelpie.cli.setting import SETTINGS, SettingsInvalid

__all__ = ["read"]


def read(path: Path) -> dict[str, object]:
    """What a settings file says, by the full names.

    Raises:
        SettingsInvalid, OSError
    """
    try:
        tables = tomllib.loads(_content(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsInvalid(f"{path} is not TOML: {error}") from error
    found = dict(_flat(tables))
    known = [setting.full_name for setting in SETTINGS]
    for name in found:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise SettingsInvalid(f"{path}: there is no setting {name!a}: {hint}")
    return found


def _content(path: Path) -> bytes:
    """What never ends, or waits for somebody to write, is no file of settings.

    Raises:
        SettingsInvalid, OSError
    """
    if not stat.S_ISREG(path.stat().st_mode) and str(path) != os.devnull:
        raise SettingsInvalid(f"{path} is no regular file")
    with path.open("rb") as file:
        return read_up_to("settings_file_bytes_max", file, str(path), _no_settings)


def _no_settings(reason: str) -> SettingsInvalid:
    return SettingsInvalid(f"{reason}: it is no settings file")


def _flat(tables: dict[str, Any]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for section, table in tables.items():
        if isinstance(table, dict):
            found += [(f"{section}.{name}", value) for name, value in table.items()]
        else:
            found.append((section, table))
    return found
