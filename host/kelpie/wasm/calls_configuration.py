"""Host calls on what is set for the kind: `config` and `secrets`."""

from __future__ import annotations

from kelpie.wasm.collector import Collector
from kelpie.wasm.marshalling import Marshalling, read_text

__all__ = ["ConfigurationCalls"]


class ConfigurationCalls:
    """Answers both from memory. Each method gets the turn's collector, where the
    name is, and where the result belongs."""

    def __init__(self, marshalling: Marshalling) -> None:
        self._write_optional_text = marshalling.write_optional_text

    def config(self, collector: Collector, arguments: int, results: int) -> None:
        name = _read_name(collector, arguments)
        value = collector.turn.configuration.config.get(name)
        text = None if value is None else value.encode()
        collector.record("config.get", (name,), value, len(name) + len(text or b""))
        self._write_optional_text(results, text)

    def secret(self, collector: Collector, arguments: int, results: int) -> None:
        name = _read_name(collector, arguments)
        secret = collector.turn.configuration.secrets.get(name)
        text = None if secret is None else secret.value.encode()
        # The journal gets the secret, which does not show, and not its value.
        collector.record("secrets.get", (name,), secret, len(name) + len(text or b""))
        self._write_optional_text(results, text)


def _read_name(collector: Collector, arguments: int) -> str:
    maximum = collector.limits.configuration_name_bytes_max
    return read_text(arguments, maximum, "configuration_name_bytes_max").decode()
