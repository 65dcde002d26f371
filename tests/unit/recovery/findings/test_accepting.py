"""What a person accepts: which findings that can be, and what became of them meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from reconciler.errors import UsageError
from reconciler.recovery import values
from reconciler.recovery.findings import episodes, store
from reconciler.recovery.findings.accepting import accept, to_accept, to_withdraw, withdraw
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.rows import FILE, READ, Content
from reconciler.recovery.values import Accepted, FileFinding

PLACE = "local:/nas"
MOMENT = datetime(2026, 11, 29, 2, tzinfo=UTC)
SAID = Accepted("", "anna@scope", "thrown away")


def finding(path, what=values.DAMAGED, **more):
    was = Content(path, FILE, 1, 2, b"g" * 32, READ, 3)
    now = None if what == values.MISSING else replace(was, sha256=b"r" * 32)
    seen = {"first_seen": "2026-11-01T02:00:00Z", "last_seen": "2026-11-02T02:00:00Z"}
    return FileFinding(what, "nas", PLACE, path, was, now, **(seen | more))


KNOWN = [
    finding(b"a/1.tif"),
    finding(b"a/2.tif", values.MISSING),
    finding(b"[b]", values.DELETED),
    finding(b"b", values.CHANGED),
    finding(b"c\xff"),
    finding(b"over", resolved="2026-11-03T02:00:00Z"),
    finding(b"record", values.MISSING, about=values.INVENTORY),
]


@pytest.fixture
def repository(tmp_path):
    made = open_repository(str(tmp_path / "repo"), make=True)
    store.keep(made, PLACE, KNOWN, store.Known(), MOMENT)
    return made


def chosen(repository, *wanted):
    return [f.path for f in to_accept(repository, PLACE, "nas", wanted).findings]


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ((), [b"[b]", b"a/1.tif", b"a/2.tif", b"c\xff", b"record"]),
        (("record",), [b"record"]),
        (("a/1.tif",), [b"a/1.tif"]),
        (("a/*.tif", "a/1.tif"), [b"a/1.tif", b"a/2.tif"]),
        (("a/",), [b"a/1.tif", b"a/2.tif"]),
        (("[b]",), [b"[b]"]),
        (("c\\xff",), [b"c\xff"]),
        (("2.tif",), [b"a/2.tif"]),
    ],
)
def test_paths_and_globs_choose_what_needs_proof_and_lasts(repository, wanted, paths):
    assert sorted(chosen(repository, *wanted)) == sorted(paths)


@pytest.mark.parametrize("wanted", ["b", "over", "nothing", "a/1"])
def test_what_fits_nothing_is_refused(repository, wanted):
    shows = r"`reconciler verify \S+` shows them"
    with pytest.raises(UsageError, match=f"'{wanted}' fits no file of 'nas'.*: {shows}"):
        chosen(repository, "a/1.tif", wanted)


def test_a_path_from_above_the_root_is_told_for_what_it_is_meant(repository):
    with pytest.raises(UsageError, match=r"below the root: did you mean 'a/1.tif'\?\): `reconc"):
        chosen(repository, "/data/nas/a/1.tif")


def test_it_is_kept_and_is_not_asked_again(repository):
    shown = to_accept(repository, PLACE, "nas", ["a/"])
    assert shown.before == 0
    done = accept(repository, PLACE, shown, SAID, MOMENT)
    assert (len(done.findings), done.changed) == (2, 0)
    known = {e.path: e for e in store.read(repository, PLACE).episodes}
    said = known[b"a/1.tif"].accepted
    assert (said.at, said.by, said.why) == ("2026-11-29T02:00:00.000Z", "anna@scope", SAID.why)
    assert episodes.is_settled(known[b"a/2.tif"])
    assert known[b"c\xff"].accepted is None
    assert chosen(repository, "a/1.tif") == []
    assert to_accept(repository, PLACE, "nas", ["a/*.tif", "a/1.tif"]).before == 2
    assert to_accept(repository, PLACE, "nas", ()).before == 2
    assert chosen(repository) == [b"[b]", b"c\xff", b"record"]


def test_a_reason_is_added_where_none_was_given(repository):
    accept(repository, PLACE, to_accept(repository, PLACE, "nas", ["a/1.tif"]), SAID, MOMENT)
    bare = replace(SAID, why="")
    accept(repository, PLACE, to_accept(repository, PLACE, "nas", ["a/2.tif"]), bare, MOMENT)
    assert to_accept(repository, PLACE, "nas", ["a/"]).findings == ()
    shown = to_accept(repository, PLACE, "nas", ["a/"], "lost")
    assert ([f.path for f in shown.findings], shown.before) == ([b"a/2.tif"], 1)
    accept(repository, PLACE, shown, replace(SAID, why="lost"), MOMENT)
    known = {e.path: e.accepted for e in store.read(repository, PLACE).episodes}
    assert (known[b"a/1.tif"].why, known[b"a/2.tif"].why) == (SAID.why, "lost")


def test_what_became_something_else_while_it_was_asked_is_left_alone(repository):
    shown = to_accept(repository, PLACE, "nas", ["a/"])
    worse = finding(b"a/1.tif", last_seen="2026-11-03T02:00:00Z")
    worse = replace(worse, now=replace(worse.now, sha256=b"s" * 32))
    store.keep(repository, PLACE, [worse, *KNOWN[1:]], store.read(repository, PLACE), MOMENT)
    done = accept(repository, PLACE, shown, SAID, MOMENT)
    assert ([f.path for f in done.findings], done.changed) == ([b"a/2.tif"], 1)
    known = {e.path: e for e in store.read(repository, PLACE).episodes}
    assert known[b"a/1.tif"].accepted is None


def test_what_was_accepted_is_withdrawn_and_who_said_so_stays(repository):
    accept(repository, PLACE, to_accept(repository, PLACE, "nas", ["a/"]), SAID, MOMENT)
    for wanted in ("c\\xff", "c*"):
        with pytest.raises(UsageError, match="is not accepted, or is no more: there is nothing to"):
            to_withdraw(repository, PLACE, "nas", ["a/1.tif", wanted])
    with pytest.raises(UsageError, match="'b' fits no file of 'nas'"):
        to_withdraw(repository, PLACE, "nas", ["b"])
    assert len(to_withdraw(repository, PLACE, "nas", ()).findings) == 2
    shown = to_withdraw(repository, PLACE, "nas", ["a/1.tif"])
    done = withdraw(repository, PLACE, shown, "bert@scope", MOMENT + timedelta(days=1))
    assert ([f.path for f in done.findings], done.changed) == ([b"a/1.tif"], 0)
    known = {e.path: e for e in store.read(repository, PLACE).episodes}
    said = known[b"a/1.tif"].accepted
    assert (said.by, said.why, said.at[:10]) == ("anna@scope", SAID.why, "2026-11-29")
    assert (said.withdrawn_by, said.withdrawn[:10]) == ("bert@scope", "2026-11-30")
    assert not episodes.is_settled(known[b"a/1.tif"])
    assert episodes.is_settled(known[b"a/2.tif"])
    # It was told to who has read it before, and may be accepted again.
    assert withdraw(repository, PLACE, shown, "carl@scope", MOMENT).changed == 1
    with pytest.raises(UsageError, match="is not accepted"):
        to_withdraw(repository, PLACE, "nas", ["a/1.tif"])
    assert chosen(repository, "a/1.tif") == [b"a/1.tif"]


def test_a_run_that_has_not_seen_it_withdrawn_does_not_bring_it_back(repository):
    accept(repository, PLACE, to_accept(repository, PLACE, "nas", ["a/"]), SAID, MOMENT)
    before = store.read(repository, PLACE)
    shown = to_withdraw(repository, PLACE, "nas", ())
    withdraw(repository, PLACE, shown, "bert@scope", MOMENT + timedelta(minutes=1))
    later = [replace(e, last_seen="2026-11-30T02:00:00Z") for e in before.episodes]
    store.keep(repository, PLACE, later, before, MOMENT + timedelta(minutes=2))
    assert to_withdraw(repository, PLACE, "nas", ()).findings == ()
