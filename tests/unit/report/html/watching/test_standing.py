"""The headline of the page of a watch: green is only what no fact of the status speaks against."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.report.html.page import DOUBT, FINE
from reconciler.report.html.watching.overview import Wish, overview
from reconciler.report.html.watching.standing import is_unproved, standing
from reconciler.watching.conditions import KINDS, Condition, Lasting
from reconciler.watching.status import Destination, Status
from reconciler.watching.survey import Difference, Finding
from support.sampling import examples
from support.values.watched import DAY, ago, calm, proof, storage

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
#: What says nothing of how things stand: what is told of them, when, and what is history.
SAYS_NOTHING = {
    *("format_version", "tool_version", "at", "started_at", "interval", "commit", "seconds"),
    *("tried_at", "rounds", "failures", "declared", "live", "applied_at", "applied_code"),
    *("scanned_at", "scanning", "scanning_since", "oldest_proof", "course"),
}
#: What may speak against all being well.
SPEAKS = {
    *("platform", "looked_at", "digest", "paused_until", "scanned_code", "lasting", "scans"),
    *("knows_files", "storages", "differences", "findings", "runs", "destinations"),
}


def scanning():
    """Return a status of a watch that scans, in which all is well."""
    storages = (storage("nas", proof=proof("nas", NOW)), storage("raw", proof=proof("raw", NOW)))
    at = ago(7_200, NOW)
    known = replace(calm(NOW), scans=True, knows_files=True, scanned_code=0, scanned_at=at)
    return replace(known, storages=storages)


def of_files(**changes):
    def fault(status):
        first, *others = status.storages
        changed = replace(first, proof=proof("nas", NOW, **changes))
        return replace(status, storages=(changed, *others))

    return fault


def with_(**changes):
    return lambda status: replace(status, **changes)


def to_mail(**changes):
    well = Destination("mail", "E-Mail", 0, 1, ago(9, NOW), 0, "", "")
    return with_(destinations=(replace(well, name="chat"), replace(well, **changes)))


def lasts(kind):
    return with_(lasting=(Lasting(Condition(kind, "nas", "x", "it is so"), ago(60, NOW)),))


FAULTS = [
    *map(lasts, (*KINDS, "of a version to come")),
    *(with_(looked_at=moment) for moment in ("", ago(3_600, NOW), ago(-3_600, NOW))),
    with_(platform=""),
    with_(digest="sha256:5e"),
    with_(paused_until=ago(-60, NOW)),
    *(with_(scanned_code=code) for code in (1, 7, 8)),
    with_(knows_files=False),
    with_(runs=None),
    with_(differences=(Difference("changed", "nas"),)),
    with_(findings=(Finding("nas", "a", "damaged", ago(60, NOW), ""),)),
    *(
        with_(storages=(storage("nas", how), storage("raw", proof=proof("raw", NOW))))
        for how in ("declared", "missing", "changed", "undeclared", "anything else")
    ),
    of_files(verdict="wrong"),
    of_files(verdict="not_proved", proved=1_199),
    of_files(files=None, proved=None, verdict=""),
    of_files(files=None, proved=None, verdict="", every=0),
    of_files(oldest=ago(30 * DAY + 1, NOW)),
    to_mail(failures=1),
    to_mail(failing_since=ago(60, NOW)),
    to_mail(problem="no answer yet"),
]


def test_all_is_well_only_if_every_fact_says_so():
    for status in (calm(NOW), scanning()):
        assert standing(status, NOW).level == FINE
    # Without an objective no proof is wanted; a scan that runs is none that fails.
    free = of_files(every=0, oldest="", proved=0, verdict="not_proved")(scanning())
    assert standing(replace(free, scanning=True), NOW).level == FINE


@given(st.data())
@settings(max_examples=examples(100, 2_000))
def test_whatever_is_wrong_unknown_stale_late_or_failing_is_not_green(data):
    status = scanning()
    for fault in data.draw(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4)):
        status = fault(status)
        before = standing(status, NOW)
        assert before.level != FINE, before
        assert before.word != "as declared"
        assert "all live as declared" not in before.title
    view = overview(status, NOW, Wish())
    assert (view.status, view.level, view.title) == (before.word, before.level, before.title)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_is_not_green(fault):
    assert standing(fault(scanning()), NOW).level != FINE


def test_each_field_of_the_status_is_judged_or_says_nothing():
    assert {*Status.__struct_fields__} == SAYS_NOTHING | SPEAKS
    assert not SAYS_NOTHING & SPEAKS


def test_what_the_repository_knew_at_the_start_is_in_the_headline():
    told = of_files(verdict="wrong")(scanning())
    stands = standing(told, NOW)
    assert (stands.word, stands.title) == ("files are wrong", "1 storage with wrong files.")


def test_a_proof_grows_too_old_by_the_clock():
    old = of_files(oldest=ago(30 * DAY + 1, NOW))(scanning())
    stands = standing(old, NOW)
    assert (stands.word, stands.level) == ("not proved", DOUBT)
    assert [is_unproved(one, NOW) for one in old.storages] == [True, False]
    row, _ = overview(old, NOW, Wish()).storages.rows
    assert (row.level, row.proof.startswith("when it was scanned 1,200 of")) == (DOUBT, True)


def test_before_a_scan_has_told_files_are_unknown():
    fresh = replace(scanning(), knows_files=False, storages=(storage("nas"),))
    stands = standing(fresh, NOW)
    assert (stands.word, stands.title) == ("files unknown", "No scan has told of files yet.")
