"""`kelpie doctor`: whether this machine and its data are fit for a host."""

from __future__ import annotations

import argparse
import platform
import resource
import shutil
import stat
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from kelpie import __version__
from kelpie.api.client import Client
from kelpie.api.tls import is_open_to_others
from kelpie.api.unreachable import HostUnreachable
from kelpie.cli.output import print_json, print_table, size
from kelpie.cli.with_host import with_host
from kelpie.errors import KelpieError
from kelpie.limits import DEFAULT_LIMITS, MIB
from kelpie.store.sqlite.copies import check_store
from kelpie.store.sqlite.directory import changeable_by_others
from kelpie.store.sqlite.schema import FILE_NAME, SQLITE_VERSION

__all__ = ["run"]

_FREE_BYTES_MIN = 512 * MIB
# A connection each, and files of the store and the cache.
_DESCRIPTORS_MIN = 1024
_MAPPINGS_AN_INSTANCE = 4
_ANSWER_MS_MAX = 5_000
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Finding(NamedTuple):
    check: str
    verdict: Literal["ok", "warning", "failed"]
    told: str


def run(options: argparse.Namespace) -> int:
    """Exit status 1 if a check failed; a warning is none."""
    data: Path = options.data.absolute()
    findings = [
        _versions(),
        _descriptors(),
        _mappings(),
        _free_space(data),
        _privacy(data),
        *_key(options.tls_key),
        _store(data),
        _host(options),
    ]
    if options.output == "json":
        print_json([finding._asdict() for finding in findings])
    else:
        print_table(("CHECK", "VERDICT", ""), findings)
    return int(any(finding.verdict == "failed" for finding in findings))


def _versions() -> Finding:
    told = (
        f"kelpie {__version__}, Python {platform.python_version()}, wasmtime "
        f"{version('wasmtime')}, SQLite {SQLITE_VERSION}"
    )
    return Finding("versions", "ok", told)


def _descriptors() -> Finding:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _DESCRIPTORS_MIN:
        return Finding(
            "open files", "warning", f"at most {most}: few connections; raise `ulimit -n`"
        )
    return Finding("open files", "ok", f"at most {most}")


def _mappings() -> Finding:
    file = Path("/proc/sys/vm/max_map_count")
    if not file.exists():
        return Finding("memory mappings", "ok", "this system has no limit of its own")
    most, wanted = int(file.read_text()), DEFAULT_LIMITS.instances_max * _MAPPINGS_AN_INSTANCE
    if most < wanted:
        return Finding(
            "memory mappings",
            "warning",
            f"at most {most}; {DEFAULT_LIMITS.instances_max} instances want {wanted}: raise "
            "vm.max_map_count",
        )
    return Finding("memory mappings", "ok", f"at most {most}")


def _free_space(data: Path) -> Finding:
    there = next(each for each in (data, *data.parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < _FREE_BYTES_MIN:
        return Finding("disk", "warning", f"only {size(free)} free at {there}: make room")
    return Finding("disk", "ok", f"{size(free)} free at {there}")


def _privacy(data: Path) -> Finding:
    """The store has secrets in it, in the clear."""
    if not data.is_dir():
        return Finding("privacy", "ok", "nothing is kept yet")
    changeable = changeable_by_others(data)
    if changeable:
        told = f"others can change {', '.join(map(str, changeable))}: chmod go-w {data} {data}/*"
        return Finding("privacy", "warning", told)
    if not data.stat().st_mode & _OTHERS:
        return Finding("privacy", "ok", "nobody else can look into the data directory")
    open_to_others = [
        each.name for each in data.iterdir() if each.is_file() and each.stat().st_mode & _OTHERS
    ]
    if open_to_others:
        told = f"others may read {', '.join(sorted(open_to_others))}: chmod go= what is in {data}"
        return Finding("privacy", "warning", told)
    return Finding("privacy", "ok", "nobody else can read what is kept")


def _key(key: Path | None) -> list[Finding]:
    if key is None:
        return []
    try:
        is_open = is_open_to_others(key)
    except OSError as error:
        return [Finding("TLS key", "failed", f"{key}: {error.strerror}")]
    if is_open:
        told = f"others can read or change {key}: chmod go-w,o= {key}"
        return [Finding("TLS key", "warning", told)]
    return [Finding("TLS key", "ok", f"nobody else can read {key}")]


def _store(data: Path) -> Finding:
    if not (data / FILE_NAME).exists():
        return Finding("store", "ok", f"none yet in {data}")
    try:
        contents = check_store(data)
    except KelpieError as error:
        return Finding("store", "failed", f"{error.message} ({error.code})")
    return Finding(
        "store", "ok", f"{contents.pairs} values, {size(contents.bytes)}, every one checked"
    )


def _host(options: argparse.Namespace) -> Finding:
    url = options.url
    try:
        count = len(with_host(options, Client.kinds, limit_ms=_ANSWER_MS_MAX))
    except TimeoutError:
        told = f"{url}: it is there, and has not answered within {_ANSWER_MS_MAX // 1000} s"
        return Finding("host", "failed", told)
    except HostUnreachable:
        return Finding("host", "warning", f"none answers at {url}")
    except KelpieError as error:
        return Finding("host", "failed", f"{url}: {error.message} ({error.code})")
    return Finding("host", "ok", f"answers at {url}, {count} kinds")
