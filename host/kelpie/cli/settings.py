"""Settings: what an option, the environment or the settings file may say, in
that order of precedence; else the default."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from kelpie.api.log_levels import LEVELS
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.cli import arguments
from kelpie.cli.log_options import LOG_FORMATS, LOGGED_REQUESTS
from kelpie.cli.output import print_json, print_table

__all__ = ["SETTINGS", "Setting", "Settings", "SettingsInvalid", "fill", "run", "unknown"]

FILE_VARIABLE = "KELPIE_SETTINGS"
DEFAULT_FILE = Path("kelpie.toml")

_PREFIX = "KELPIE_"
_REDACTED = "[redacted]"


class SettingsInvalid(Exception):
    """What the environment or the settings file says cannot be used; the message, why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `section.name` in the file, `--name` as an option, with a
    hyphen for each underscore."""

    section: str
    name: str
    variable: str
    checked: Callable[[str], object]
    default: object
    kind: type[str] | type[int] | type[bool] = str
    """In the settings file."""
    is_secret: bool = False
    """Whether it is not to be shown."""
    destination: str = ""
    """Of its option among those that were read, if it is not `name`."""

    @property
    def full_name(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def option(self) -> str:
        """What its option is called among those that were read."""
        return self.destination or self.name


SETTINGS = (
    Setting("serve", "data", "KELPIE_DATA", Path, Path("kelpie-data")),
    Setting("serve", "host", "KELPIE_HOST", arguments.host, "127.0.0.1"),
    Setting("serve", "port", "KELPIE_PORT", arguments.port, arguments.DEFAULT_PORT, int),
    Setting("serve", "allow_host", "KELPIE_ALLOW_HOST", arguments.hosts, "localhost"),
    Setting("serve", "log_level", "KELPIE_LOG_LEVEL", arguments.one_of(LEVELS), "info"),
    Setting(
        "serve", "log_requests", "KELPIE_LOG_REQUESTS", arguments.one_of(LOGGED_REQUESTS), "auto"
    ),
    Setting("serve", "log_format", "KELPIE_LOG_FORMAT", arguments.one_of(LOG_FORMATS), "auto"),
    Setting("serve", "tls_cert", "KELPIE_TLS_CERT", Path, None),
    Setting("serve", "tls_key", "KELPIE_TLS_KEY", Path, None),
    Setting("serve", "insecure_public", "KELPIE_INSECURE_PUBLIC", arguments.yes_or_no, False, bool),
    Setting("client", "token", "KELPIE_TOKEN", arguments.token, None, is_secret=True),
    Setting("client", "ca", "KELPIE_CA", Path, None),
    Setting("client", "url", "KELPIE_URL", arguments.url, arguments.DEFAULT_URL),
    Setting(
        "client",
        "namespace",
        "KELPIE_NAMESPACE",
        arguments.text,
        DEFAULT_NAMESPACE,
        destination="asked_namespace",
    ),
)


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
