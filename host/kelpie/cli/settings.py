"""Settings: what an option says, else the environment, else the settings file; else the
default."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from kelpie.cli.output import print_json, print_table
from kelpie.cli.setting import SETTINGS, Setting, SettingsInvalid

__all__ = ["Settings", "fill", "run", "unknown"]

FILE_VARIABLE = "KELPIE_SETTINGS"
DEFAULT_FILE = Path("kelpie.toml")

_PREFIX = "KELPIE_"
_REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class Value:
    value: object
    source: str


class Settings:
    """The settings of this process, but for what its options say."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises:
        SettingsInvalid: names the variable, or the file and the key.
        OSError: the file that the environment names cannot be read.
        """
        self._environment = environment
        named = environment.get(FILE_VARIABLE)
        self._file = Path(named) if named else DEFAULT_FILE
        self._in_file = _in_file(self._file) if named or self._file.exists() else {}

    def value(self, setting: Setting) -> Value:
        """What it is, and who says so.

        Raises:
            SettingsInvalid
        """
        given = self._environment.get(setting.variable)
        if given:
            return Value(_checked(setting, given, f"${setting.variable}"), f"${setting.variable}")
        if setting.full_name in self._in_file:
            found = self._in_file[setting.full_name]
            return Value(self._of_file(setting, found), str(self._file))
        return Value(setting.default, "default")

    def _of_file(self, setting: Setting, found: object) -> object:
        where = f"{self._file}: {setting.full_name}"
        if type(found) is not setting.kind:
            shown = "" if setting.is_secret else f", not {found!r}"
            raise SettingsInvalid(f"{where} must be {_NOUNS[setting.kind]}{shown}")
        value = found if isinstance(found, bool) else _checked(setting, str(found), where)
        # A path in a file is meant from where the file is.
        return self._file.parent / value if isinstance(value, Path) else value


def fill(options: argparse.Namespace) -> None:
    """Gives the options that were not given their values.

    Raises:
        SettingsInvalid, OSError
    """
    missing = [each for each in SETTINGS if getattr(options, each.option, "") is None]
    # Who needs none is not kept by a file that is wrong.
    if missing:
        settings = Settings(os.environ)
        for setting in missing:
            setattr(options, setting.option, settings.value(setting).value)


def unknown(environment: Mapping[str, str]) -> list[str]:
    """What is told of variables that look like ours, and are none."""
    known = [*(each.variable for each in SETTINGS), FILE_VARIABLE]
    told = []
    for name in environment:
        if name.startswith(_PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else "; see `kelpie settings`"
            told.append(f"there is no variable {name}{hint}")
    return told


_NOUNS = {str: "a string", int: "a whole number", bool: "true or false"}


def _checked(setting: Setting, given: str, where: str) -> object:
    try:
        return setting.checked(given)
    except argparse.ArgumentTypeError as error:
        raise SettingsInvalid(f"{where}: {error}") from None


def _in_file(path: Path) -> dict[str, object]:
    # Most have no such file, and need not wait for what reads TOML.
    found: dict[str, object] = import_module("kelpie.cli.settings_file").read(path)
    return found


def run(options: argparse.Namespace) -> int:
    """`kelpie settings`: each value, and where it came from."""
    settings = Settings(os.environ)
    values = {setting.full_name: _shown(setting, settings) for setting in SETTINGS}
    if options.output == "json":
        shown = {name: {"value": _plain(v.value), "source": v.source} for name, v in values.items()}
        print_json(shown)
    else:
        rows = [
            (name, "" if v.value is None else str(v.value), v.source) for name, v in values.items()
        ]
        print_table(("SETTING", "VALUE", "FROM"), rows)
    return 0


def _shown(setting: Setting, settings: Settings) -> Value:
    found = settings.value(setting)
    if setting.is_secret and found.value is not None:
        return Value(_REDACTED, found.source)
    return found


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
