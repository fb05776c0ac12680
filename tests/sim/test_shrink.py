from __future__ import annotations

from kelpie.sim.shrink import Candidate, shrink
from kelpie.sim.tape import Recording

NOISE: Recording = {
    "timer": list(range(1, 300)),
    "order": [1, 0] * 100,
    "fault/a": [0, 0, 5, 0, 7, 0, 9],
    "fault/b": [1] * 50,
    "swarm/a": [2],
    "workload/x": [3] * 40,
}


def test_only_what_is_needed_stays() -> None:
    def fails(candidate: Candidate) -> bool:
        recording = candidate.recording
        return 7 in recording.get("fault/a", []) and recording.get("swarm/a") == [2]

    found = shrink(Candidate(200, NOISE), fails)
    assert found.smallest == Candidate(1, {"fault/a": [7], "swarm/a": [2]})
    assert found.smallest.choices == 2


def test_requests_that_are_needed_stay() -> None:
    found = shrink(Candidate(200, NOISE), lambda candidate: candidate.requests >= 37)
    assert found.smallest == Candidate(37, {})


def test_order_within_a_label_is_kept() -> None:
    def fails(candidate: Candidate) -> bool:
        values = candidate.recording.get("timer", [])
        return 50 in values and 200 in values and values.index(200) - values.index(50) == 150

    found = shrink(Candidate(1, NOISE), fails)
    assert found.smallest.recording["timer"] == [50, *[0] * 149, 200]


def test_the_work_is_bounded() -> None:
    runs = []

    def fails(candidate: Candidate) -> bool:
        runs.append(candidate)
        return len(runs) % 3 == 0

    told: list[tuple[int, Candidate]] = []
    found = shrink(
        Candidate(200, NOISE), fails, runs_max=50, on_run=lambda *each: told.append(each)
    )
    assert len(runs) == found.runs == 50
    assert [number for number, _ in told] == list(range(1, 51))
    assert told[-1][1] == found.smallest
    requests = [best.requests for _, best in told]
    assert requests == sorted(requests, reverse=True)


def test_what_does_not_fail_again_is_left_as_it_was() -> None:
    failing = Candidate(200, NOISE)
    assert shrink(failing, lambda _: False).smallest == failing
