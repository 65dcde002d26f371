"""What a list has otherwise than the last scan has found it: that alone is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.rows import ARCHIVED, CHANGING, DELETED, FILE, FOLDER, UNREADABLE
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.scanning.outdated import Outdated
from support.recovery.memory import LONG_AGO, File, rows_with

SECOND = 1_000_000_000
SCAN = SimpleNamespace(excluded=())


def file(**more: Any) -> File:
    return File(b"x", **{"version": "v1", **more})


@pytest.mark.parametrize(
    ("listed", "was", "good", "version"),
    [
        ({}, {}, None, None),
        ({}, None, None, None),  # it is new
        ({}, None, {"version": "v0"}, "v0"),
        ({"kind": ARCHIVED}, None, {}, "v1"),
        ({"kind": DELETED}, None, {}, None),
        ({"kind": FOLDER}, None, {}, None),
        ({}, {"kind": DELETED, "version": "v0"}, None, "v0"),
        ({}, {"mtime_ns": LONG_AGO + SECOND, "version": "v2"}, None, "v1"),
        ({}, {"kind": UNREADABLE, "mtime_ns": LONG_AGO + SECOND, "version": "v2"}, None, "v1"),
        ({}, {"kind": CHANGING, "mtime_ns": LONG_AGO + SECOND}, None, "v1"),
        ({}, {"kind": UNREADABLE, "mtime_ns": LONG_AGO}, None, None),
        ({}, {"mtime_ns": LONG_AGO - SECOND, "version": "v0"}, {}, None),
        ({"mtime_ns": 5 * SECOND}, {"mtime_ns": 5 * SECOND + 1}, None, None),
        ({}, {"tag": b"t"}, None, None),  # the list does not know the tag
        ({"tag": b"t"}, {"tag": b"u"}, None, "v1"),
        ({"mtime_ns": 5 * SECOND + 2}, {"mtime_ns": 5 * SECOND + 1, "version": "v0"}, None, "v1"),
    ],
    ids=repr,
)
def test_what_was_found_gone_deleted_or_newer_is_asked_for(listed, was, good, version) -> None:
    def rows(made: dict[str, Any] | None) -> Earlier:
        known = {} if made is None else {b"a": file(**made)}
        return Earlier(iter([scanned(rows_with(known))]), clock=0, agreeing=())

    last: Any = SimpleNamespace(
        scan=SCAN,
        rows_again=lambda: iter([scanned(rows_with({} if was is None else {b"a": file(**was)}))]),
        should_be=lambda: None if good is None else rows(good),
    )
    asked = Outdated(last).among(rows_with({b"a": file(**listed)}))
    assert list(zip(asked.path, asked.version, strict=True)) == (
        [(b"a", version)] if version else []
    )


def test_what_was_newer_before_it_was_left_out_is_asked_for() -> None:
    newer = rows_with({b"a": file(mtime_ns=LONG_AGO + SECOND, version="v2"), b"b": file()})
    last: Any = SimpleNamespace(
        scan=SimpleNamespace(excluded=("/a", "/b")),
        rows_again=lambda: iter([scanned(rows_with({}))]),
        should_be=lambda: Earlier(iter([scanned(newer)]), clock=0, agreeing=()),
    )
    asked = Outdated(last).among(rows_with({b"a": file(), b"b": file()}))
    assert asked.path == [b"a"]


@pytest.mark.parametrize("was", [{}, {b"a": file(), b"b": file()}], ids=["first", "later"])
def test_what_an_ended_run_has_read_newer_is_asked_for(was) -> None:
    newer = file(mtime_ns=LONG_AGO + SECOND, version="v2")
    last: Any = SimpleNamespace(
        scan=SCAN, rows_again=lambda: iter([scanned(rows_with(was))]), should_be=lambda: None
    )
    # Of several runs, whichever has seen the newest.
    own = [{b"a": newer}, {b"a": file(), b"b": file()}, {b"b": file()}]
    runs = [iter([scanned(rows_with(each))]) for each in own]
    listed = rows_with({b"a": file(), b"b": file(), b"c": file()})
    asked = Outdated(last if was else None, None, runs).among(listed)
    assert asked.path == [b"a"]


@pytest.mark.parametrize("kind", [FILE, ARCHIVED])
def test_what_a_verification_found_gone_is_asked_for(kind) -> None:
    rows = rows_with({name: file(kind=kind) for name in (b"a", b"b", b"c")})
    last: Any = SimpleNamespace(
        scan=SCAN, rows_again=lambda: iter([scanned(rows)]), should_be=lambda: None
    )
    asked = Outdated(last, pa.array([b"b", b"x"])).among(rows)
    assert (asked.path, asked.version) == ([b"b"], ["v1"])


def test_some_of_what_is_the_same_is_kept_from_all_parts_of_a_list() -> None:
    names = [f"{i:03}".encode() for i in range(200)]
    known = rows_with({name: file() for name in names})
    last: Any = SimpleNamespace(
        scan=SCAN, rows_again=lambda: iter([scanned(known)]), should_be=lambda: None
    )
    outdated = Outdated(last)
    for start in range(0, 200, 50):
        some = names[start : start + 50]
        outdated.among(
            rows_with({name: file(mtime_ns=LONG_AGO + (name == b"000")) for name in some})
        )
    same = outdated.same.path
    assert len(same) <= 17
    assert {path[:1] for path in same} == {b"0", b"1"}
    assert b"000" not in same


def test_what_the_last_scan_left_out_was_not_found_gone() -> None:
    rows = rows_with({name: file() for name in (b"a", b"b")})
    last: Any = SimpleNamespace(
        scan=SimpleNamespace(excluded=("/a",)),
        rows_again=lambda: iter([scanned(rows_with({}))]),
        should_be=lambda: Earlier(iter([scanned(rows)]), clock=0, agreeing=()),
    )
    assert Outdated(last).among(rows).path == [b"b"]
