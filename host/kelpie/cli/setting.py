"""What can be set, and how each of it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kelpie.api.log_levels import LEVELS
from kelpie.api.paths import DEFAULT_NAMESPACE
from kelpie.cli import arguments
from kelpie.cli.log_options import LOG_FORMATS, LOGGED_REQUESTS

__all__ = ["SETTINGS", "Setting", "SettingsInvalid"]


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
