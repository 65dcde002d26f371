"""What a listing leaves out, put between what it has: in order, and no more of it than bounded."""

from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from reconciler.errors import UnreachableError
from reconciler.recovery.parts.convert import scanned
from reconciler.recovery.rows import DELETED, FOLDER, Rows, extend
from reconciler.recovery.scanning import unlisted
from reconciler.recovery.scanning.outcome import Wish
from reconciler.recovery.scanning.reading.pace import Pace
from support.recovery.memory import LONG_AGO, File, rows_with


class Asked:
    """A source that has what it is asked for, but for some, and notes the questions."""

    def __init__(self, gone=()):
        self.gone, self.asked = gone, []

    def unlisted(self, known):
        self.asked += known.path
        return Rows() if known.path[0] in self.gone else known


def among(source, known, *listed, excluded=(), pace=None):
    """Return what is scanned, and the notes."""
    means = SimpleNamespace(wish=Wish(excluded=excluded), pace=pace or Pace())
    with ExitStack() as opened:
        one = unlisted.Unlisted(source, means, [iter([scanned(files(known))])], opened)
        found = Rows()
        for rows in one.among(map(files, listed)):
            extend(found, rows)
        return [path.decode() for path in found.path], one.notes


def files(names):
    kinds = {"/": FOLDER, "-": DELETED}
    made = {
        n.encode(): File(b"x", **({"kind": kinds[n[-1]]} if n[-1] in kinds else {})) for n in names
    }
    return rows_with(made)


def test_nothing_is_asked_where_all_is_listed():
    source = Asked()
    found = among(source, ["a", "b"], ["a", "aa"], ["b", "c"])
    assert (found, source.asked) == ((["a", "aa", "b", "c"], []), [])


def test_what_is_there_stands_in_its_place():
    source = Asked(gone=(b"c",))
    found, notes = among(source, ["a", "b", "c", "d", "e", "f"], ["b"], ["d"])
    assert found == ["a", "b", "d", "e", "f"]
    assert source.asked == [b"a", b"c", b"e", b"f"]
    assert len(notes) == 1
    assert "leaves out 3 files that earlier scans know" in notes[0]


def test_what_is_left_out_on_purpose_and_folders_are_not_asked_for():
    source = Asked()
    found, notes = among(source, ["a/", "b.tmp", "c-"], [], excluded=("*.tmp",))
    assert (found, source.asked, notes) == (["c-"], [b"c-"], [])


def test_no_more_is_asked_than_is_bounded_and_it_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unlisted, "MOST", 2)
    source = Asked(gone=(b"a", b"b"))
    found, notes = among(source, ["a", "b", "c", "d"], [])
    assert (found, sorted(source.asked)) == ([], [b"a", b"b"])
    assert notes == [
        (
            "2 files that the listing of the bucket does not have were asked for, each by itself; "
            "that 2 more are gone, the listing alone says"
        )
    ]


def test_a_listing_that_is_wrong_in_more_than_was_asked_for_is_not_believed(monkeypatch):
    monkeypatch.setattr(unlisted, "MOST", 2)
    with pytest.raises(UnreachableError, match=r"leaves out more than 2 files .* and 1 of those"):
        among(Asked(gone=(b"a",)), ["a", "b", "c", "d"], [])


def test_all_that_a_list_lacks_or_has_as_deleted_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unlisted, "MOST", 2)
    source = Asked(gone=(b"b", b"d-"))
    known = {b"c-": File(b"x"), b"d-": File(b"x"), b"f-": File(b"x", kind=DELETED)}
    known |= {name.encode(): File(b"x") for name in ("a", "b")}
    known[b"e"] = File(b"x", mtime_ns=LONG_AGO + 10**9)
    listed = iter([files(["c-", "d-", "f-", "g-"])])
    means = SimpleNamespace(wish=Wish(), pace=Pace())
    by = SimpleNamespace(listed_at="2026-11-20T08:00:00Z", at=LONG_AGO // 10**9 + 1, unsure=2)
    with ExitStack() as opened:
        one = unlisted.Unlisted(source, means, [iter([scanned(rows_with(known))])], opened, by)
        found = Rows()
        for rows in one.among(listed):
            extend(found, rows)
    told = dict(zip(found.path, found.kind, strict=True))
    assert list(told) == [b"a", b"c-", b"d-", b"e", b"f-", b"g-"]
    assert [path for path, kind in told.items() if kind == "file"] == [b"a", b"c-", b"e"]
    assert sorted(source.asked) == [b"a", b"b", b"c-", b"d-", b"e"]
    assert one.notes[0].startswith("Listed by an S3 Inventory of 2026-11-20T08:00:00Z")
    assert one.notes[1].startswith("The list does not say of 2 keys which version is the current")
    assert one.notes[2].startswith("1 more that earlier scans know were asked for")
    assert one.notes[3].startswith("The list leaves out 2 more that earlier scans know")
    assert one.lacks == 4  # so that the scan is incomplete


def test_nothing_is_asked_once_reading_is_to_end():
    source, pace = Asked(), Pace()
    pace.stop()
    assert among(source, ["a", "b"], ["b"], pace=pace) == (["b"], [])
    assert source.asked == []
