"""The table of recent writes, against a list of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kelpie.store.conflicts import ClearedRanges, Conflicts

keys = st.binary(max_size=2)
ranges = st.tuples(keys, keys).filter(lambda each: each[0] < each[1])
commits = st.lists(st.tuples(st.lists(keys, max_size=3), st.lists(ranges, max_size=2)), max_size=12)


@given(st.lists(ranges, max_size=12), ranges, st.integers(0, 12))
def test_cleared_ranges_know_the_newest_version(
    cleared: list[tuple[bytes, bytes]], asked: tuple[bytes, bytes], oldest: int
) -> None:
    table = ClearedRanges()
    for version, (begin, end) in enumerate(cleared, 1):
        table.cover(begin, end, version)
    begin, end = asked
    versions = [version for version, (b, e) in enumerate(cleared, 1) if max(b, begin) < min(e, end)]
    # Something that overlaps was perhaps cleared over in just that part.
    newest = table.newest(begin, end)
    assert newest == max(versions, default=0)
    at_begin = [version for version, (b, e) in enumerate(cleared, 1) if b <= begin < e]
    assert table.newest_at(begin) == max(at_begin, default=0)
    assert table._begins == sorted(set(table._begins))
    assert all(e <= b for e, b in zip(table._ends, table._begins[1:], strict=False))
    table._sweep_at = 0
    table.sweep(oldest)
    assert table.newest_at(begin) == max([v for v in at_begin if v > oldest], default=0) or (
        table.newest_at(begin) == 0
    )


@given(commits, st.lists(keys, max_size=2), st.lists(ranges, max_size=2), st.data())
def test_a_transaction_meets_exactly_the_later_writes(
    done: list[tuple[list[bytes], list[tuple[bytes, bytes]]]],
    read_keys: list[bytes],
    read_ranges: list[tuple[bytes, bytes]],
    data: st.DataObject,
) -> None:
    table = Conflicts(bytes_max=1 << 30)
    for version, (written, cleared) in enumerate(done, 1):
        table.record(version, written, cleared)
    forgotten = data.draw(st.integers(0, len(done)))
    table.forget(forgotten)
    version = data.draw(st.integers(table.oldest, len(done)))
    later = done[version:]
    expected = any(
        key in written or any(b <= key < e for b, e in cleared)
        for key in read_keys
        for written, cleared in later
    ) or any(
        any(begin <= key < end for key in written)
        or any(max(b, begin) < min(e, end) for b, e in cleared)
        for begin, end in read_ranges
        for written, cleared in later
    )
    assert table.met_by(version, read_keys, read_ranges) == expected


def test_memory_is_bounded_by_forgetting_earlier() -> None:
    table = Conflicts(bytes_max=10_000)
    for version in range(1, 1001):
        table.record(version, [b"%d" % version], [])
        table.forget(0)
    assert 900 < table.oldest < 1000
    assert len(table._written) < 100
    assert not table.changed(b"1", 0)
    assert table.changed(b"1000", 999)
