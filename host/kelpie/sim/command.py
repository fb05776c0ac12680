"""`kelpie sim`: many seeds, on all cores, and a verdict."""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kelpie.errors import ComponentError, KelpieError
from kelpie.limits import DEFAULT_LIMITS
from kelpie.sim.cast import SIMULATED, Cast, KindsInvalid, read_uploads
from kelpie.sim.engine import Foundry
from kelpie.sim.kept import KeptRun, TapeInvalid, fingerprint
from kelpie.sim.oracles import GAVE_UP
from kelpie.sim.report import Report, describe_failure
from kelpie.sim.run import Plan, Run, run_seed
from kelpie.sim.shrink import RUNS_MAX, Candidate, Shrunk, shrink
from kelpie.sim.trace import first_difference
from kelpie.sim.workload import Workload, WorkloadInvalid
from kelpie.sim.workload_file import read_workload

__all__ = ["Options", "simulate"]

DEFAULT_SEEDS: Final = 100
SEEDS_MAX: Final = 10_000_000
_SEEDS_AT_ONCE: Final = 4
_SHRINKING_RUNS_TOLD: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to simulate. All of it is printed before anything runs."""

    paths: Sequence[Path]
    seeds: int = DEFAULT_SEEDS
    first_seed: int = 0
    workload: Path | None = None
    processes: int = 1
    tape: Path | None = None
    save_tape: Path | None = None
    keep_going: bool = False
    cache_directory: Path


def simulate(
    *paths: Path,
    seeds: int | None = None,
    seed: int | None = None,
    workload: Path | None = None,
    processes: int | None = None,
    tape: Path | None = None,
    save_tape: Path | None = None,
    keep_going: bool = False,
    cache_directory: Path | None = None,
    as_json: bool = False,
) -> int:
    """Runs components under simulated faults and prints what came of it. Several are
    deployed as kinds that are named like their files; one is `simulated`.

    Args:
        seeds: how many runs, from seed 0 on.
        seed: begin with this one; without `seeds` it is the only one.
        workload: a file that says what clients ask; see `docs/simulation.md`.
        processes: how many runs at a time; one for each core by default.
        tape: a file written by `save_tape`: repeat that run, and no seed.
        save_tape: where to write the tape of a failure, as small as it was made.
        keep_going: go on after the first failure.
        cache_directory: where compiled components are kept for the next time.
        as_json: print one JSON object in the end, and all else to stderr.

    Returns:
        0 if every run kept every promise, 1 if one did not, 2 if a component,
        the workload or the tape cannot be used; then the reason is on stderr.
    """
    out = sys.stdout
    told_to = sys.stderr if as_json else out
    with TemporaryDirectory(prefix="kelpie-sim-") as temporary, redirect_stdout(told_to):
        options = Options(
            paths=paths,
            seeds=min(seeds or (DEFAULT_SEEDS if seed is None else 1), SEEDS_MAX),
            first_seed=seed or 0,
            workload=workload,
            processes=processes or os.cpu_count() or 1,
            tape=tape,
            save_tape=save_tape,
            keep_going=keep_going,
            cache_directory=cache_directory or Path(temporary),
        )
        report = Report(sys.stdout, sys.stderr, options.seeds)
        shown = {each.name: getattr(options, each.name) for each in fields(options)}
        report.options(shown | {"paths": " ".join(map(str, paths))})
        try:
            with _prepared(options) as plan:
                report.options(_described(plan.workload))
                status = _simulate(options, plan, report)
        except (KindsInvalid, ComponentError, TapeInvalid, WorkloadInvalid, OSError) as error:
            told = error.message if isinstance(error, KelpieError) else _of_system(error)
            print(f"kelpie: {told}", file=sys.stderr)
            return 2
    if as_json:
        print(json.dumps(report.view(passed=status == 0), indent=2))
    return status


def _of_system(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _simulate(options: Options, plan: Plan, report: Report) -> int:
    if options.tape is not None:
        return _repeat_tape(options, plan, options.tape, report)
    if not _is_deterministic(plan, options.first_seed):
        report.failed.append(options.first_seed)
        return 1
    for run in _runs(options, plan):
        report.add(run)
        if run.failures:
            _tell(options, plan, run)
            if not options.keep_going:
                break
    report.totals()
    print("FAILED: seeds " + ", ".join(map(str, report.failed)) if report.failed else "passed")
    return 1 if report.failed else 0


def _repeat_tape(options: Options, plan: Plan, tape: Path, report: Report) -> int:
    kept = KeptRun.read(tape, fingerprint(plan.uploads, plan.workload))
    run = _again(plan, kept.seed, kept.candidate)
    report.add(run)
    if not run.failures:
        print(f"passed: {run.turns} turns, {run.faults.total()} faults")
        return 0
    print(describe_failure(run, f"{_command(options)} --tape {tape}"))
    return 1


def _command(options: Options) -> str:
    workload = "" if options.workload is None else f" --workload {options.workload}"
    return f"kelpie sim {' '.join(map(str, options.paths))}{workload}"


def _is_deterministic(plan: Plan, seed: int) -> bool:
    """Runs the first seed twice: both runs must be the same in everything."""
    one, other = (run_seed(plan, seed, keep_events=True) for _ in range(2))
    if one.trace_hash == other.trace_hash:
        return True
    difference = first_difference(one.events, other.events)
    print(f"FAILED: seed {seed} is not the same twice: {difference}")
    return False


def _tell(options: Options, plan: Plan, run: Run) -> None:
    """Describes a failure, looks for a smaller one like it, and keeps its tape."""
    print(describe_failure(run, f"DST_SEED={run.seed} {_command(options)}"), flush=True)
    promise = run.failures[0].oracle
    if promise == GAVE_UP:
        # Nothing is known to be broken, and each further try takes as long.
        return

    def fails(candidate: Candidate) -> bool:
        again = _again(plan, run.seed, candidate)
        return any(each.oracle == promise for each in again.failures)

    failing = Candidate(run.requests, run.recording)
    of = fingerprint(plan.uploads, plan.workload)
    if options.save_tape is not None:
        # First as it is: to make it smaller takes its time, and may be interrupted.
        KeptRun(of, run.seed, failing.requests, failing.recording).write(options.save_tape)
    print(f"shrinking, in at most {RUNS_MAX} runs ...", file=sys.stderr, flush=True)
    # A run of just as many requests is another one, if turns or faults were too few.
    found = shrink(failing, fails, on_run=_tell_run) if fails(failing) else Shrunk(failing, 1)
    smallest = found.smallest
    repeat = f"DST_SEED={run.seed} {_command(options)}"
    if options.save_tape is not None:
        KeptRun(of, run.seed, smallest.requests, smallest.recording).write(options.save_tape)
        repeat = f"{_command(options)} --tape {options.save_tape}"
    print(
        f"\nshrunk in {found.runs} runs from {failing.requests} requests and {failing.choices} "
        f"choices to {smallest.requests} and {smallest.choices}:\n"
        + describe_failure(_again(plan, run.seed, smallest), repeat),
        flush=True,
    )


def _tell_run(runs: int, best: Candidate) -> None:
    """Somebody waits for the shrinking, perhaps for minutes."""
    if runs % _SHRINKING_RUNS_TOLD == 0:
        told = f"  {runs} runs: {best.requests} requests and {best.choices} choices are left"
        print(told, file=sys.stderr, flush=True)


def _again(plan: Plan, seed: int, candidate: Candidate) -> Run:
    return run_seed(plan, seed, recorded=candidate.recording, requests=candidate.requests)


def _runs(options: Options, plan: Plan) -> Iterator[Run]:
    """The runs of all seeds, in the order of the seeds."""
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    processes = min(options.processes, len(seeds))
    if processes <= 1:
        for seed in seeds:
            yield _one(plan, seed)
        return
    # Spawned: a forked child would share the engine's memory and threads.
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _begin_child, (options,)) as pool:
        yield from pool.imap(_in_child, seeds, chunksize=_SEEDS_AT_ONCE)


def _one(plan: Plan, seed: int) -> Run:
    run = run_seed(plan, seed)
    if not run.failures:
        # Only a failure's tape is ever asked for again.
        run.recording = {}
    gc.collect()
    return run


class _Child:
    """What a child process of the pool has made ready."""

    stack = ExitStack()
    plan: Plan


def _begin_child(options: Options) -> None:
    # Whoever interrupts us tells the parent, which ends the pool.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Child.plan = _Child.stack.enter_context(_prepared(options))


def _in_child(seed: int) -> Run:
    return _one(_Child.plan, seed)


@contextmanager
def _prepared(options: Options) -> Iterator[Plan]:
    """The components, compiled, and their workload.

    Raises:
        KindsInvalid, ComponentError, WorkloadInvalid, OSError
    """
    # What guests and the host log under faults is no news here.
    logging.disable(logging.CRITICAL)
    uploads = read_uploads(options.paths)
    foundry = Foundry(DEFAULT_LIMITS, options.cache_directory)
    try:
        cast = Cast(foundry, uploads)
        manifests = {kind: cast.component(kind).manifest for kind in cast}
        workload = Workload.of_kinds(manifests)
        if SIMULATED in manifests:
            component = cast.component(SIMULATED)
            workload = Workload.of(component.manifest, batches=component.batches)
        if options.workload is not None:
            workload = read_workload(options.workload, manifests, workload)
        gc.collect()
        gc.freeze()
        yield Plan(uploads, workload, DEFAULT_LIMITS, foundry)
    finally:
        foundry.close()


def _described(workload: Workload) -> dict[str, object]:
    described = {each.name: getattr(workload, each.name) for each in fields(workload)}
    described["choices"] = ", ".join(
        f"{'' if each.kind == SIMULATED else f'{each.kind} '}{each.operation} x{each.weight}"
        for each in workload.choices
    )
    described["rates"] = dict(workload.rates) or "default"
    described["setup"] = ", ".join(map(str, workload.setup))
    described["invariants"] = ", ".join(each.name for each in workload.invariants)
    return described
