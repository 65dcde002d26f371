"""What a report attests, held against what scans know: case by case."""

from __future__ import annotations

import pyarrow as pa
import pytest

from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.rows import ARCHIVED, ATTESTED, KEPT, READ, STORED, Rows
from reconciler.recovery.scanning.known.comparing import kept_hashes
from reconciler.recovery.scanning.known.earlier import Earlier
from reconciler.recovery.values import Root
from support.recovery.memory import LONG_AGO, File, rows_with

SECOND = 1_000_000_000
CLOCK = LONG_AGO + 100 * SECOND
BUCKET = kept_hashes.agreeing(Root("bucket", "s3://b"))
GOOD, OTHER = b"g" * 32, b"o" * 32
NO_WORD = None, "", None


def file(**more) -> File:
    return File(**{"data": b"abc", "inode": None, "ctime_ns": None, "tag": b"t", **more})


def one(**more) -> Rows:
    """Give a row of one object; `more` is what the file is, or what is known of it."""
    columns = {name: more.pop(name) for name in ("sha256", "proof", "proved_at") if name in more}
    return rows_with({b"a": file(**more)}, size=3, **columns)


def told(sha256: bytes, at: int, **more) -> Rows:
    """Give a listing of one object of which a report of that time attests a hash."""
    return one(sha256=sha256, proof=ATTESTED, proved_at=at, **more)


def known(sha256: bytes, at: int, proof: str = READ, *, agreeing=BUCKET, own=False, **more):
    rows = one(sha256=sha256, proof=proof, proved_at=at, **more)
    return Earlier(iter([scanned(rows)]), clock=CLOCK, agreeing=agreeing, own=own)


def row(compared: kept_hashes.Compared) -> tuple[object, ...] | None:
    """Return hash, proof and date of what is settled; None if it is to be read."""
    assert compared.settled.num_rows + len(compared.wanted) == 1
    if len(compared.wanted):
        return None
    columns = (compared.settled[name].to_pylist() for name in ("sha256", "proof", "proved_at"))
    return tuple(column[0] for column in columns)


def word(compared: kept_hashes.Compared) -> tuple[object, ...]:
    """Return hash, proof and date that count for what is to be read, if reading is refused."""
    rows = compared.wanted
    assert len(rows) == 1
    return rows.sha256[0], rows.proof[0], rows.proved_at[0]


def test_what_is_read_takes_along_what_is_attested_of_it() -> None:
    other = told(OTHER, 50)
    assert word(kept_hashes.compare(other, [known(GOOD, 40)])) == (OTHER, ATTESTED, 50)
    wrong = kept_hashes.compare(told(GOOD, 50), [], None, pa.array([b"a"]))
    assert word(wrong) == (GOOD, ATTESTED, 50)
    # An older report says nothing; what was attested by an earlier one does, without any.
    assert word(kept_hashes.compare(told(OTHER, 30), [known(GOOD, 40, agreeing=())])) == NO_WORD
    was = known(GOOD, 40, ATTESTED, kind=ARCHIVED)
    assert word(kept_hashes.compare(one(), [was])) == (GOOD, ATTESTED, 40)
    was = known(GOOD, 40, ATTESTED, kind=ARCHIVED, tag=b"u")
    assert word(kept_hashes.compare(one(), [was])) == NO_WORD
    both = known(OTHER, 50, agreeing=()), known(GOOD, 40, ATTESTED, agreeing=())
    assert word(kept_hashes.compare(one(), both)) == NO_WORD
    assert word(kept_hashes.compare(one(), both[::-1])) == NO_WORD


def test_what_nobody_knows_is_taken() -> None:
    assert row(kept_hashes.compare(told(GOOD, 50), [])) == (GOOD, ATTESTED, 50)


@pytest.mark.parametrize(
    ("at", "after"),
    [(50, (GOOD, ATTESTED, 50)), (40, (GOOD, KEPT, 40)), (39, (GOOD, KEPT, 40))],
)
def test_of_a_reading_and_a_report_the_later_one_stands(at, after) -> None:
    compared = kept_hashes.compare(told(GOOD, at), [known(GOOD, 40)])
    assert row(compared) == after
    assert (compared.kept, len(compared.doubted)) == (1, 0)


def test_the_same_report_again_changes_nothing() -> None:
    compared = kept_hashes.compare(told(GOOD, 50), [known(GOOD, 50, ATTESTED)])
    assert row(compared) == (GOOD, ATTESTED, 50)
    assert compared.alike


def test_what_is_kept_stays_attested() -> None:
    now = one()
    assert row(kept_hashes.compare(now, [known(GOOD, 50, ATTESTED)])) == (GOOD, ATTESTED, 50)


@pytest.mark.parametrize("agreeing", [BUCKET, ()], ids=["kept", "not kept"])
def test_other_bytes_in_a_later_report_are_read(agreeing) -> None:
    compared = kept_hashes.compare(told(OTHER, 50), [known(GOOD, 40, agreeing=agreeing)])
    assert row(compared) is None
    assert (compared.known, len(compared.doubted), compared.kept) == ([GOOD], 1, 0)


def test_other_bytes_than_are_remembered_are_read() -> None:
    unknown = known(OTHER, 40, agreeing=())
    compared = kept_hashes.compare(told(OTHER, 50), [unknown], known(GOOD, 30))
    assert row(compared) is None
    assert compared.known == [GOOD]


@pytest.mark.parametrize("agreeing", [BUCKET, ()], ids=["kept", "not kept"])
def test_rot_that_was_read_is_read_again_whatever_a_later_report_says(agreeing) -> None:
    was = known(OTHER, 40, agreeing=agreeing)
    compared = kept_hashes.compare(told(GOOD, 50), [was], known(GOOD, 30))
    assert row(compared) is None
    assert (compared.known, list(compared.doubted)) == ([GOOD], [b"a"])


def test_archived_objects_are_held_against_what_is_remembered_of_them() -> None:
    was = known(None, None, "", kind=ARCHIVED)
    compared = kept_hashes.compare(told(OTHER, 50, kind=ARCHIVED), [was], known(GOOD, 30))
    assert row(compared) == (OTHER, ATTESTED, 50)
    ((good, now),) = compared.rotten
    assert (good.sha256, now.sha256) == (GOOD, OTHER)


def test_a_report_of_what_was_written_since_the_last_scan_is_taken() -> None:
    compared = kept_hashes.compare(told(OTHER, 50, mtime_ns=LONG_AGO + 1), [known(GOOD, 60)])
    assert row(compared) == (OTHER, ATTESTED, 50)
    compared = kept_hashes.compare(told(OTHER, 50, version="v2"), [known(GOOD, 60, version="v1")])
    assert row(compared) == (OTHER, ATTESTED, 50)


@pytest.mark.parametrize("proof", [ATTESTED, STORED, READ])
def test_archived_objects_have_the_report_s_word(proof) -> None:
    earlier = known(GOOD, 40, proof, kind=ARCHIVED if proof != READ else "file")
    compared = kept_hashes.compare(told(OTHER, 50, kind=ARCHIVED), [earlier])
    assert row(compared) == (OTHER, ATTESTED, 50)
    ((good, now),) = compared.rotten
    assert (good.sha256, now.sha256, now.proof) == (GOOD, OTHER, ATTESTED)
    compared = kept_hashes.compare(
        told(GOOD, 50, kind=ARCHIVED), [known(GOOD, 40, proof, kind=ARCHIVED)]
    )
    assert (row(compared), compared.rotten) == ((GOOD, ATTESTED, 50), [])


@pytest.mark.parametrize(
    ("change", "stays"),
    [({}, True), ({"tag": b"u"}, False), ({"version": "v2"}, False), ({"mtime_ns": 5}, False)],
    ids=repr,
)
def test_what_was_attested_of_an_archived_object_stays_while_it_is_the_same(change, stays) -> None:
    now = one(kind=ARCHIVED, **{"version": "v1", **change})
    earlier = known(GOOD, 40, ATTESTED, kind=ARCHIVED, version="v1")
    found = row(kept_hashes.compare(now, [earlier]))
    assert found == ((GOOD, ATTESTED, 40) if stays else (None, "", None))


@pytest.mark.parametrize("agreeing", [BUCKET, ()], ids=["kept", "not kept"])
def test_what_was_found_wrong_is_read_whatever_a_report_says(agreeing) -> None:
    wrong = pa.array([b"Z", b"a"])
    last = known(GOOD, 40, agreeing=agreeing)
    compared = kept_hashes.compare(told(GOOD, 50), [last], None, wrong)
    assert row(compared) is None
    assert (compared.known, len(compared.doubted), compared.kept) == ([GOOD], 0, 0)
    assert row(kept_hashes.compare(told(GOOD, 50), [], None, wrong)) is None  # it was gone
    # The same report proves nothing more; and of an archived object there is no other word.
    compared = kept_hashes.compare(told(GOOD, 50), [known(GOOD, 50, ATTESTED)], None, wrong)
    assert row(compared) == (GOOD, ATTESTED, 50)
    compared = kept_hashes.compare(told(GOOD, 50, kind=ARCHIVED), [], None, wrong)
    assert row(compared) == (GOOD, ATTESTED, 50)


@pytest.mark.parametrize("agreeing", [BUCKET, ()], ids=["kept", "not kept"])
def test_what_an_earlier_report_has_otherwise_is_read_and_should_be_so(agreeing) -> None:
    was = known(OTHER, 40, agreeing=agreeing)
    compared = kept_hashes.compare(told(GOOD, 30), [was])
    assert row(compared) is None
    assert (compared.known, list(compared.doubted)) == ([GOOD], [b"a"])
    # What is remembered is more so; and where that says the same, all is told already.
    compared = kept_hashes.compare(told(GOOD, 30), [known(OTHER, 40)], known(b"r" * 32, 20))
    assert compared.known == [b"r" * 32]
    compared = kept_hashes.compare(told(GOOD, 30), [known(OTHER, 40)], known(GOOD, 20))
    assert (row(compared), compared.doubted) == ((OTHER, KEPT, 40), ())


def test_what_this_scan_has_read_is_not_read_again_for_an_earlier_report() -> None:
    compared = kept_hashes.compare(told(GOOD, 30), [known(OTHER, 40, own=True)])
    assert (row(compared), compared.doubted) == ((OTHER, READ, 40), ())
    ((good, now),) = compared.rotten
    assert (good.sha256, now.sha256, now.proved_at) == (GOOD, OTHER, 40)


@pytest.mark.parametrize("kind", [ARCHIVED, "file"])
def test_an_archived_object_is_held_against_an_earlier_report(kind) -> None:
    was = known(OTHER, 40, ATTESTED if kind == ARCHIVED else READ, kind=kind)
    compared = kept_hashes.compare(told(GOOD, 30, kind=ARCHIVED), [was])
    ((good, now),) = compared.rotten
    assert (good.sha256, now.sha256) == (GOOD, OTHER)
    written = told(GOOD, 30, kind=ARCHIVED, mtime_ns=LONG_AGO + 1)
    assert kept_hashes.compare(written, [was]).rotten == []


def test_of_what_was_claimed_and_what_was_read_the_first_is_right() -> None:
    for moment, right in ((30, GOOD), (45, OTHER)):
        claimed = known(GOOD, moment, ATTESTED)
        doubted = pa.array([b"a"])
        now = kept_hashes.compare(told(OTHER, 50), [known(OTHER, 40)], None, None, doubted, claimed)
        assert (row(now), now.known) == (None, [right])
