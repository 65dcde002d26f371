"""Merging and comparing sorted streams gives what a dictionary gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.errors import SnapshotError
from reconciler.recovery.parts import convert, merge, read, write
from reconciler.recovery.parts.merge import differences, inventory_differences, joined
from reconciler.recovery.parts.schema import CONTENTS, SCANNED
from reconciler.recovery.rows import Content, Rows
from support.sampling import examples
from support.values.parts import any_rows, batch_of, cut, file, paths, write_part

SIZES = st.lists(st.integers(0, 5), min_size=1, max_size=3)
WINDOWS = st.sampled_from([1, 2, 3, merge.WINDOW])


def stream(rows: Rows, sizes: list[int]) -> Iterator[pa.RecordBatch]:
    return iter(cut(convert.scanned(rows), sizes))


def by_path(rows: Rows) -> dict[bytes, Content]:
    return {found.path: found for found in convert.contents(convert.scanned(rows))}


def as_compared(content: Content | None) -> list[object]:
    return [content and getattr(content, name) for name in merge.COMPARED]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Give rows, and what became of them: a few gone, others instead, others changed."""
    was = draw(any_rows())
    kept = {
        name: value for name, value in by_path(was).items() if draw(st.sampled_from([1, 1, 1, 0]))
    }
    for name in draw(st.lists(paths, max_size=3)):
        kept[name] = file(name)
    for name in draw(st.lists(st.sampled_from(sorted(kept)), max_size=3)) if kept else ():
        kept[name] = replace(kept[name], **draw(st.sampled_from(CHANGES)))
    now = convert.rows_of(batch_of(kept[name] for name in sorted(kept)))
    return was, now


CHANGES = [
    {"kind": "link"},
    {"size": None},
    {"size": 3},
    {"mtime_ns": 99},
    {"sha256": None},
    {"sha256": b"t" * 32},
    {"version": "é"},
    {"detail": b""},
    {"proof": "kept"},
    {"proved_at": 5},
]


@given(st.one_of(pairs(), st.tuples(any_rows(), any_rows())), SIZES, SIZES, WINDOWS)
def test_differences_are_those_of_two_dictionaries(
    both: tuple[Rows, Rows], sizes: list[int], others: list[int], window: int
) -> None:
    was, now = map(by_path, both)
    expected = [
        (path, was.get(path), now.get(path))
        for path in sorted(was.keys() | now.keys())
        if as_compared(was.get(path)) != as_compared(now.get(path))
        or (path in was) != (path in now)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "WINDOW", window)
        found = differences(stream(both[0], sizes), stream(both[1], others))
        assert list(found) == expected
    assert (found.compared, found.only_was, found.only_now) == (
        len(was.keys() & now.keys()),
        len(was.keys() - now.keys()),
        len(now.keys() - was.keys()),
    )
    assert found.changed == len(expected) - found.only_was - found.only_now


@settings(max_examples=examples(20, 300))
@given(any_rows(max_size=20), SIZES, SIZES)
def test_equal_streams_differ_in_nothing(rows: Rows, sizes: list[int], others: list[int]) -> None:
    found = differences(stream(rows, sizes), stream(rows, others))
    assert list(found) == []
    assert (found.compared, found.changed) == (len(rows), 0)


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_differs_in_what_it_is_not_in_how_it_was_proved(change: dict[str, object]) -> None:
    was = file(b"b")
    now = replace(was, **change)
    found = list(differences(iter([batch_of([was])]), iter([batch_of([now])])))
    same = change.keys() <= {"proof", "proved_at"}
    assert found == ([] if same else [(b"b", was, now)])


def test_many_differences_come_in_order_and_in_full() -> None:
    was = [file(b"%05d" % at, size=at) for at in range(0, 30_000, 2)]
    now = [file(b"%05d" % at, size=at + at // 10_000) for at in range(0, 30_000, 3)]
    found = differences(iter([batch_of(was)]), iter(cut(batch_of(now), [999])))
    told = list(found)
    assert [path for path, _, _ in told] == sorted(path for path, _, _ in told)
    assert (found.compared, found.only_was, found.only_now) == (5_000, 10_000, 5_000)
    assert len(told) == 15_000 + sum(1 for at in range(0, 30_000, 6) if at >= 10_000)


BAD = [[b"b", b"a"], [b"a", b"a"], [b"a", b"c", b"b"], [b"a/", b"a"]]


@pytest.mark.parametrize("names", BAD)
@pytest.mark.parametrize("sizes", [[1], [9], [0, 2]])
@pytest.mark.parametrize("side", [0, 1])
def test_what_is_not_sorted_is_refused(names: list[bytes], sizes: list[int], side: int) -> None:
    bad, good = cut(batch_of(map(file, names)), sizes), [batch_of([file(b"a"), file(b"z")])]
    streams = [iter(bad), iter(good)]
    with pytest.raises(SnapshotError, match="not sorted by path, or has one twice"):
        list(differences(*streams[:: -1 if side else 1]))
    with pytest.raises(SnapshotError, match=f"piece {side + 1} is not sorted"):
        list(joined([iter(bad), iter(good)][:: -1 if side else 1]))


@given(st.lists(st.tuples(any_rows(), SIZES), max_size=4), WINDOWS)
def test_joined_pieces_are_one_dictionary_in_which_the_last_wins(
    pieces: list[tuple[Rows, list[int]]], window: int
) -> None:
    expected: dict[bytes, list[object]] = {}
    for rows, _ in pieces:
        for row in convert.scanned(rows).to_pylist():
            expected[row["path"]] = row
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "WINDOW", window)
        told = list(joined([stream(*piece) for piece in pieces]))
    assert all(batch.schema.equals(SCANNED) for batch in told)
    assert [row for batch in told for row in batch.to_pylist()] == [
        expected[path] for path in sorted(expected)
    ]


@pytest.mark.parametrize("every", [2, 3, 7, 100, 1_000])
def test_runs_of_any_length_are_told_apart(every: int) -> None:
    names = [b"%06d" % at for at in range(20_000)]
    was = [name for at, name in enumerate(names) if at % every]
    now = [name for at, name in enumerate(names) if at % every != 1]
    found = differences(iter([batch_of(map(file, was))]), iter([batch_of(map(file, now))]))
    assert [(path, old is None) for path, old, _ in found] == [
        (name, at % every == 0) for at, name in enumerate(names) if at % every in {0, 1}
    ]


texts = st.text(st.characters(), max_size=4)  # lone surrogates among them


@given(
    st.dictionaries(texts, st.tuples(texts, texts)),
    st.dictionaries(texts, st.tuples(texts, texts)),
    SIZES,
)
def test_inventories_are_compared_by_upload_id(
    was: dict[str, tuple[str, str]], now: dict[str, tuple[str, str]], sizes: list[int]
) -> None:
    found = inventory_differences(inventory(was, sizes), inventory(now, [3]))
    assert {key.decode("utf-8", "surrogatepass"): pair for key, *pair in found} == {
        name: [row(was, name), row(now, name)]
        for name in was.keys() | now.keys()
        if was.get(name) != now.get(name)
    }
    assert found.compared == len(was.keys() & now.keys())


def row(of: dict[str, tuple[str, str]], name: str) -> tuple[str, str, str] | None:
    return (name, *of[name]) if name in of else None


def inventory(rows: dict[str, tuple[str, str]], sizes: list[int]) -> Iterator[pa.RecordBatch]:
    names = sorted(rows, key=lambda name: name.encode("utf-8", "surrogatepass"))
    return iter(cut(convert.inventory([(name, *rows[name]) for name in names]), sizes))


def test_rows_that_are_marked_are_told_though_they_are_the_same() -> None:
    one, other = file(b"a"), replace(file(b"b"), kind="unreadable", sha256=None)
    found = differences(
        iter([batch_of([one, other])]),
        iter([batch_of([one, other])]),
        anyway=lambda now: now["sha256"].is_null(),
    )
    assert list(found) == [(b"b", other, other)]
    assert (found.compared, found.changed) == (2, 1)


@pytest.mark.parametrize("changed", [0, 100, 2])
def test_memory_does_not_grow_with_the_number_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: int
) -> None:
    """Of what Arrow holds; each group has some 25 kB, and a few of both sides are at hand."""
    monkeypatch.setattr(write, "GROUP_ROWS", 250)
    monkeypatch.setattr(merge, "WINDOW", 100)
    held = {}
    for groups in (8, 32):
        was = written(tmp_path, groups, None)
        now = written(tmp_path, groups, changed)
        before = pa.total_allocated_bytes()
        most = [0]
        found = differences(watched(was, before, most), watched(now, before, most))
        assert sum(1 for _ in found) == (groups * 250 // changed if changed else 0)
        for _ in joined([watched(was, before, most), watched(now, before, most)]):
            pass
        held[groups] = most[0]
    assert 0 < held[32] < held[8] * 2.5  # reading ahead, it holds now more, now less


def written(folder: Path, groups: int, changed: int | None) -> Path:
    def batches() -> Iterator[pa.RecordBatch]:
        for group in range(groups):
            numbers = range(group * 250, group * 250 + 250)
            yield batch_of(
                file(b"%07d" % at, size=2 if changed and at % changed == 0 else 1) for at in numbers
            )

    return write_part(folder, batches(), CONTENTS).path


def watched(path: Path, before: int, most: list[int]) -> Iterator[pa.RecordBatch]:
    for batch in read.batches(path, CONTENTS):
        most[0] = max(most[0], pa.total_allocated_bytes() - before)
        yield batch
