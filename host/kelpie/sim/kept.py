"""A failing run on file: `--save-tape` writes it, `--tape` runs it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from kelpie.sim.shrink import Candidate
from kelpie.sim.tape import Recording
from kelpie.sim.workload import Workload

__all__ = ["KeptRun", "TapeInvalid", "fingerprint"]


class TapeInvalid(ValueError):
    """The file is no tape, or one of something else; the message says what to do."""


def fingerprint(uploads: Mapping[str, bytes], workload: Workload) -> str:
    """What a tape belongs to: the same choices mean another run of anything else."""
    whole = sha256(repr(workload).encode())
    for kind, upload in uploads.items():
        whole.update(f"{kind} {sha256(upload).hexdigest()} ".encode())
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class KeptRun:
    """Everything that a run was decided by, but the components and the workload."""

    of: str
    """The `fingerprint` of those two."""
    seed: int
    requests: int
    choices: Recording

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.requests, self.choices)

    def write(self, path: Path) -> None:
        """Raises:
        OSError
        """
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path, of: str) -> KeptRun:
        """The tape in a file, for the components and workload with this fingerprint.

        Raises:
            TapeInvalid, OSError
        """
        try:
            members = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise TapeInvalid(f"{path} is no tape: it is not JSON ({error})") from error
        if not _is_tape(members):
            raise TapeInvalid(f"{path} is no tape: give a file that --save-tape has written")
        if members["of"] != of:
            raise TapeInvalid(
                f"{path} is the tape of another component or workload: give those that "
                "it was saved with"
            )
        return cls(of, members["seed"], members["requests"], members["choices"])


def _is_tape(members: Any) -> bool:
    if not isinstance(members, dict) or members.keys() != KeptRun.__dataclass_fields__.keys():
        return False
    choices = members["choices"]
    return (
        all(_is_count(members[name]) for name in ("seed", "requests"))
        and isinstance(choices, dict)
        and all(isinstance(values, list) for values in choices.values())
        and all(_is_count(value) for values in choices.values() for value in values)
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
