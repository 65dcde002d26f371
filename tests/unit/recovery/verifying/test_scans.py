"""Scans of one storage, night after night: what is told, and what is kept of it."""

from __future__ import annotations

import csv
import errno
import json
import os

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.recovery import paths, rows, values
from reconciler.recovery.findings import store
from reconciler.recovery.repository import layout
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import Content
from reconciler.recovery.verifying import results, scans
from reconciler.recovery.verifying.comparing.sides import SETTLED_NS
from reconciler.recovery.verifying.recorded import of_scan
from reconciler.recovery.verifying.telling import firsts
from reconciler.recovery.verifying.telling import table as telling
from reconciler.recovery.verifying.telling.means import Means
from reconciler.recovery.verifying.telling.redaction import Redaction, key_of
from reconciler.recovery.verifying.telling.table import SCHEMA, Table
from support.recovery.kept import PLACE, keep_scan, night, ns

OLD = ns(night(-100))


def file(path, **more):
    proved = ns(night(0)) // 10**9
    return replace(Content(path, rows.FILE, 7, OLD, b"g" * 32, rows.READ, proved), **more)


FIRST_SEEN = "2026-11-01T02:00:00.000Z"
GOOD, ROTTEN = file(b"a"), file(b"a", sha256=b"r" * 32)


@pytest.fixture
def repository(tmp_path):
    return open_repository(str(tmp_path / "repo"), make=True)


@pytest.fixture
def verify(repository):
    def run(was, now, number=1, *, before=0, **means):
        one = was if isinstance(was, values.Scan) else keep_scan(repository, was, before)
        other = now if isinstance(now, values.Scan) else keep_scan(repository, now, number)
        with_all = Means(repository, lambda: night(number), settled_ns=SETTLED_NS, **means)
        sides = of_scan(one), of_scan(other)
        return scans.compare(*sides, "nas", with_all, (repository, repository))

    return run


def seen(result):
    return [(f.what, f.path, f.first_seen[:10], f.last_seen[:10]) for f in result.findings]


def test_what_agrees_is_told_with_what_it_rests_on(verify):
    kept = file(b"b", sha256=b"k" * 32, proof=rows.KEPT, proved_at=ns(night(-9)) // 10**9)
    result = verify([GOOD, kept], [GOOD, kept])
    assert (result.of, result.compared, result.not_verified) == (2, 2, 0)
    assert (result.found, result.quiet, result.findings) == ({}, {}, ())
    assert result.verdict == results.AGREES
    assert result.now == results.Taken(
        "2026-11-02T02:00:00.000Z",
        "20261102020000-0000",
        results.Proofs(1, 1, 0, "2026-10-23T02:00:00Z"),
    )


def test_a_finding_is_told_with_the_first_night_until_the_bytes_are_back(verify):
    assert seen(verify([GOOD], [ROTTEN])) == [("damaged", b"a", "2026-11-02", "2026-11-02")]
    result = verify([GOOD], [ROTTEN], 2)
    assert seen(result) == [("damaged", b"a", "2026-11-02", "2026-11-03")]
    # A newer snapshot has the wrong bytes: nothing differs, and yet it is not over.
    result = verify([ROTTEN], [ROTTEN], 3)
    assert (seen(result), result.resolved_count, result.still_open) == ([], 0, 1)
    assert result.still_open_since == "2026-11-02T03:00:00.000Z"
    result = verify([ROTTEN], [replace(GOOD, mtime_ns=ns(night(3)))], 4)
    # Its good bytes are back: that the snapshot has the wrong ones makes no finding of them.
    assert (result.found, result.verdict) == ({}, results.AGREES)
    assert [(f.what, f.first_seen[:10], f.resolved[:10]) for f in result.resolved] == [
        ("damaged", "2026-11-02", "2026-11-05")
    ]
    assert verify([GOOD], [GOOD], 6).still_open == 0


def test_what_comes_back_is_another_finding(verify):
    verify([GOOD], [])
    verify([GOOD], [GOOD], 2)
    assert seen(verify([GOOD], [], 3)) == [("missing", b"a", "2026-11-04", "2026-11-04")]


def test_a_file_that_is_missing_in_both_stays_known_to_be_missing(verify):
    verify([GOOD, file(b"b")], [file(b"b")])
    result = verify([file(b"b")], [file(b"b")], 2)
    assert (result.found, result.still_open, result.resolved_count) == ({}, 1, 0)
    assert (result.lasts, result.verdict) == ({"missing": 1}, results.DIFFERS)


@pytest.mark.parametrize("hidden", ["lost", "excluded"])
def test_what_can_not_be_seen_is_not_over(verify, repository, hidden):
    was = [file(b"f/a"), file(b"b", sha256=b"b" * 32)]
    extra = file(b"f/extra", sha256=b"e" * 32)
    verify(was, [*was, extra])
    closed = [Content(b"f/", rows.UNREADABLE, detail=b"EACCES")] if hidden == "lost" else []
    now = keep_scan(
        repository, [was[1], *closed], 2, excluded=("f/",) if hidden == "excluded" else ()
    )
    result = verify(was, now, 2)
    assert [(f.what, f.files) for f in result.findings] == [("not_verified", 1)]
    assert (result.still_open, result.resolved_count) == (1, 0)
    result = verify(was, was, 3)
    assert sorted(f.what for f in result.resolved) == ["extra", "not_verified"]


def test_a_comparison_with_something_older_is_told_and_not_kept(verify, repository):
    result = verify([GOOD], [ROTTEN], 0, before=1)
    assert [(f.what, f.first_seen) for f in result.findings] == [("damaged", "")]
    assert store.read(repository, PLACE).episodes == ()


def test_that_findings_can_not_be_kept_is_a_note(verify, repository, monkeypatch):
    one, other = keep_scan(repository, [GOOD]), keep_scan(repository, [ROTTEN], 1)

    def refused(*_, **__):
        raise RepositoryError("it is mounted read-only")

    monkeypatch.setattr(repository, "write", refused, raising=False)
    result = verify(one, other)
    assert [f.what for f in result.findings] == ["damaged"]
    assert "could not be kept: it is mounted read-only" in result.notes[0]


def test_a_part_that_is_not_what_was_written_is_no_finding(verify, repository):
    one, other = keep_scan(repository, [GOOD]), keep_scan(repository, [ROTTEN], 1)
    with repository.local(layout.part(other.contents)) as path:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(data)
    with pytest.raises(SnapshotError, match="corrupt"):
        verify(one, other)


def test_the_part_of_another_scan_is_no_finding(verify, repository):
    one, other = keep_scan(repository, [GOOD]), keep_scan(repository, [ROTTEN], 1)
    with repository.local(layout.part(one.contents)) as good:
        repository.add(layout.part(other.contents), good, anew=True)
    with pytest.raises(SnapshotError, match="SHA-256 differs"):
        verify(one, other)


def test_a_sum_that_only_the_storage_knows_ends_no_finding(verify):
    verify([GOOD], [ROTTEN])
    stored = replace(GOOD, proof=rows.STORED)
    result = verify([GOOD], [stored], 2)
    assert (result.resolved_count, result.still_open) == (0, 1)
    assert verify([GOOD], [GOOD], 3).resolved_count == 2  # that, and that it was not verified


def test_what_is_found_of_records_is_not_ended_by_reading_files(verify, repository):
    record = values.FileFinding(
        values.CHANGED,
        "nas",
        PLACE,
        b"a",
        about=values.INVENTORY,
        first_seen=FIRST_SEEN,
        last_seen=FIRST_SEEN,
    )
    store.keep(repository, PLACE, [record], store.Known(), night(0))
    result = verify([GOOD], [GOOD])
    assert (result.resolved_count, result.still_open) == (0, 0)
    assert store.read(repository, PLACE).episodes == (record,)


def test_of_many_findings_the_first_are_told_and_all_are_counted(verify, monkeypatch, tmp_path):
    monkeypatch.setattr(firsts, "MOST_TOLD", 3)
    was = [file(b"f%03d" % n, sha256=b"%032d" % n) for n in range(10)]
    with Table(str(tmp_path / "rows.csv")) as table:
        result = verify(was, [file(b"z", sha256=b"z" * 32)], table=table)
        table.finish()
    assert result.found == {"missing": 10, "extra": 1}
    assert [f.path for f in result.findings] == [b"f000", b"f001", b"f002", b"z"]
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 12


@pytest.mark.parametrize("first", "=+-@")
def test_no_name_in_a_table_is_a_formula(verify, tmp_path, first):
    name = f"{first}cmd|' /C calc'!A1".encode()
    with Table(str(tmp_path / "rows.csv")) as table:
        verify([file(name)], [], table=table)
        table.finish()
    (row,) = csv.DictReader((tmp_path / "rows.csv").read_text().splitlines())
    assert row["path"][0] == "\\"
    assert paths.read(row["path"]) == name


def test_if_earlier_findings_can_not_be_read_nobody_knows_whether_all_is_well(verify, repository):
    verify([GOOD], [ROTTEN])
    (name,) = repository.names(layout.findings(PLACE))
    repository.write(name, b"{", replace=True)
    result = verify([ROTTEN], [ROTTEN], 2)
    assert (result.compared, result.found, result.verdict) == (1, {}, results.UNKNOWN)


SECRET = [b"patient-mueller", b"cohort/secret.tif", b"\xfflink-target"]


def secret_night(repository):
    """Give two scans in which every place that can hold a name does."""
    was = [
        file(SECRET[0] + b"/a"),
        file(SECRET[0] + b"/b", sha256=b"b" * 32),
        Content(SECRET[0] + b"/link", rows.LINK, 1, OLD, detail=SECRET[2]),
        file(SECRET[1], sha256=b"c" * 32),
    ]
    now = [
        Content(SECRET[0] + b"/", rows.UNREADABLE, detail=b"EACCES"),
        file(b"elsewhere/" + SECRET[1], sha256=b"c" * 32),
        Content(SECRET[2], rows.LINK, 1, OLD, detail=SECRET[0]),
    ]
    return keep_scan(repository, was), keep_scan(repository, now, 1)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_redacted_report_and_table_have_no_name_in_them(verify, repository, tmp_path, suffix):
    path = tmp_path / f"rows{suffix}"
    one, other = secret_night(repository)
    with Table(str(path)) as table:
        result = verify(
            one, other, table=table, everything=True, redaction=Redaction(key_of(repository))
        )
        table.finish()
    assert [f.what for f in result.findings] == ["not_verified", "moved", "extra"]
    told = repr(result).encode() + json.dumps(_read(path), default=str).encode()
    for secret in SECRET:
        for word in (secret, repr(secret)[2:-1].encode(), secret.partition(b"/")[0]):
            assert word not in told
    assert path.stat().st_mode & 0o777 == 0o600
    # The same name is the same in every report of a repository, and another in other ones.
    redacted = Redaction(key_of(repository)).path(SECRET[1])
    assert redacted in {f.path for f in result.findings}
    assert Redaction(b"k" * 32).path(SECRET[1]) != redacted


def _read(path):
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_has_every_finding_with_what_was_and_is(verify, tmp_path, suffix):
    path = tmp_path / f"rows{suffix}"
    name = b'a,"\n\xff'
    with Table(str(path)) as table:
        was = file(name, mtime_ns=-1, proved_at=1_790_000_000)
        now = replace(was, sha256=b"r" * 32, proved_at=None)
        verify([was], [now], table=table)
        assert not path.exists()
        table.finish()
    (row,) = _read(path)
    assert list(row) == SCHEMA.names
    told = {k: str(v) for k, v in row.items() if v not in (None, "")}
    assert (
        told.items()
        >= {
            "what": "damaged",
            "storage": "nas",
            "about": "file",
            "path": 'a,"\\n\\xff',
            "was_size": "7",
            "was_modified_at": "1969-12-31T23:59:59.999999999Z",
            "was_proved_at": "2026-09-21T14:13:20Z",
            "was_sha256": (b"g" * 32).hex(),
            "now_sha256": (b"r" * 32).hex(),
            "first_seen": "2026-11-02T03:00:00.000Z",
        }.items()
    )
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".tmp"] == []


def test_a_table_that_was_not_finished_leaves_what_was_there(verify, tmp_path):
    path = tmp_path / "rows.csv"
    before = "what,storage,about\n"
    path.write_text(before)

    def broken():
        with Table(str(path)) as table:
            verify([GOOD], [ROTTEN], table=table)
            raise RepositoryError("gone")

    with pytest.raises(RepositoryError, match="gone"):
        broken()
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".tmp")] == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("early", [True, False])
def test_a_table_that_has_no_room_keeps_no_finding_from_being_told(
    verify, tmp_path, monkeypatch, early, suffix
):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / f"rows{suffix}"
    with Table(str(path)) as table:
        if early:
            monkeypatch.setattr(table._sheet, "write", full)
            monkeypatch.setattr(telling, "_BATCH", 1)
        told = verify([GOOD], [ROTTEN], table=table)
        if not early:
            monkeypatch.setattr(os, "fsync", full)
        table.finish()
        monkeypatch.undo()
    assert [finding.what for finding in told.findings] == ["damaged"]
    assert table.problem == (
        f"can't write '{path}': No space left on device. Nothing was written to it"
    )
    assert list(tmp_path.glob("*rows*")) == []


def test_of_a_folder_in_which_something_was_left_out_nobody_says_that_nothing_is_left(
    verify, repository
):
    below, around = (
        [file(b"run/%03d" % n) for n in range(9)],
        [file(b"a%02d" % n) for n in range(9)],
    )
    now = keep_scan(repository, around, 1)
    left_out = (values.LeftOut("*.tmp", files=1),)
    result = verify([*around, *below], replace(now, counts=replace(now.counts, left_out=left_out)))
    assert (result.found, result.emptied) == ({"missing": 9}, ())


def test_a_folder_of_which_nothing_is_left_is_told_as_a_whole(verify, monkeypatch):
    monkeypatch.setattr("reconciler.recovery.parts.write.GROUP_ROWS", 4)
    below = [file(b"run 7/%03d" % n) for n in range(9)]
    around = [file(b"a%02d" % n) for n in range(9)] + [file(b"run 70/%d" % n) for n in range(3)]
    all_of_it = results.Emptied(b"run 7/", values.MISSING, 9)
    assert verify([*around, *below], around).emptied == (all_of_it,)
    assert verify([*around, *below], [*around, below[4]], 2).emptied == ()
    deleted = [replace(each, kind=rows.DELETED, sha256=None, proof="") for each in below]
    result = verify([*around, *below], [*around, *deleted], 3)
    assert result.emptied == (replace(all_of_it, what=values.DELETED),)
