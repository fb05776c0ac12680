"""Where a host is, as its URL says it."""

from __future__ import annotations

import pytest

from kelpie.api.http_client.origin import origin_of


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("http://127.0.0.1:7070", "127.0.0.1", 7070, "127.0.0.1:7070", ""),
        ("http://localhost", "localhost", 80, "localhost", ""),
        ("https://Host.example:443/", "host.example", 443, "host.example", ""),
        ("https://host.example/kelpie", "host.example", 443, "host.example", "/kelpie"),
        ("http://[::1]:7070", "::1", 7070, "[::1]:7070", ""),
        ("http://[fe80::1%eth0]", "fe80::1%eth0", 80, "[fe80::1]", ""),
        ("http://bücher.example", "xn--bcher-kva.example", 80, "xn--bcher-kva.example", ""),
    ],
)
def test_of_a_host(url: str, host: str, port: int, authority: str, path: str) -> None:
    found = origin_of(url)
    assert found.is_encrypted == url.startswith("https")
    assert (found.host, found.port, found.authority, found.path) == (host, port, authority, path)
    assert found.credentials is None


def test_with_a_name_and_a_password() -> None:
    assert origin_of("http://me:p%40ss@host").credentials == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://host", "http://", "http://host:port", "http://host?x"]
)
def test_of_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|[Pp]ort"):
        origin_of(url)
