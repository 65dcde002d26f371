"""What the page of a watch shows, as a value: nothing is well that nobody has seen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.printable import commandless, shown
from reconciler.report.html.watching.lists import DIFFERING, UNPROVED
from reconciler.report.html.watching.overview import LISTED, ROWS, Wish, overview
from reconciler.report.html.watching.page import html, policy
from reconciler.report.html.watching.plots import HEIGHT, WIDTH, drift, lines
from reconciler.watching.conditions import KINDS, Condition, Lasting
from reconciler.watching.course import Point
from reconciler.watching.status import Destination
from support.outputs import pages
from support.values.watched import ago, calm, eventful, large, proof, storage

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
HOSTILE = (
    "</style></script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "::error::z",
    "\x1b[31mred",
    "\u202egnp.exe\u2066\u200b",
)


def seen(status, now=NOW, **wish):
    return overview(status, now, Wish(**wish))


def section(view, key):
    return next(one for one in (*view.sections, *view.history) if one.key == key)


def lasting(kind, name="nas", code="", message="it is so"):
    return Lasting(Condition(kind, name, code, message), ago(60, NOW))


def test_what_is_as_declared_is_said_to_be():
    view = seen(calm(NOW))
    assert (view.status, view.level) == ("as declared", "fine")
    assert view.title == "2 storages declared, all live as declared."
    assert "(fresh: it looks every 5 minutes)" in view.looked
    assert section(view, "differs").meaning == "Live is as declared."


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whatever_lasts_is_not_well(kind):
    view = seen(replace(calm(NOW), lasting=(lasting(kind, code="changed"),)))
    assert view.level in ("doubt", "alarm")
    assert view.status not in ("as declared", "")
    assert sum(len(one.items) for one in view.sections) == 1


def test_what_matters_most_stands_first():
    view = seen(eventful(NOW))
    assert (view.status, view.level) == ("blocked", "alarm")
    assert view.title == (
        "The plan is blocked by 1 reason; 1 finding of wrong files; 3 storages not as declared; "
        "1 storage with overdue proofs; the checkout can't be pulled."
    )


def test_who_can_not_be_notified_is_told():
    good = Destination("ops", "Slack", 0, 3, ago(600, NOW), 0, "", "")
    bad = Destination("mail", "E-Mail", 2, 0, "", 4, ago(900, NOW), "connection refused")
    assert seen(replace(calm(NOW), destinations=(good,))).status == "as declared"
    view = seen(replace(calm(NOW), destinations=(good, bad)))
    assert (view.status, view.level) == ("not notified", "doubt")
    assert view.title == "1 destination can't be notified."
    (item,) = section(view, "fails").items
    assert (item.name, item.facts) == ("mail", ("connection refused", "2 conditions not told yet"))
    assert ("notified", "ops (Slack): last told 2026-11-30 11:50:00 UTC") in view.facts


def test_a_look_that_is_too_long_ago_leaves_all_unknown():
    for seconds, stale in ((40, False), (335, False), (337, True), (-4, False), (-60, True)):
        view = seen(replace(calm(NOW), looked_at=ago(seconds, NOW)))
        assert (view.is_stale, view.status) == (stale, "unknown" if stale else "as declared")
    view = seen(replace(calm(NOW), looked_at=ago(3600, NOW), lasting=(lasting("drift"),)))
    assert view.title == (
        "The last look is too long ago. What was known before: 1 storage not as declared."
    )
    assert (view.level, "(stale:" in view.looked) == ("doubt", True)


def test_a_look_that_failed_leaves_all_unknown():
    view = seen(replace(calm(NOW), lasting=(lasting("unread", ""),)))
    assert (view.status, view.level, view.title) == ("unknown", "doubt", "The last look failed.")
    assert section(view, "fails").items[0].kind == "unread"
    for key in ("blocks", "differs"):  # nobody has seen that there is nothing
        assert (section(view, key).total, section(view, key).meaning[:10]) == (None, "Not known:")
    assert view.storages.said == "As the last look that worked saw them: 2 storages."
    assert {(row.standing, row.level) for row in view.storages.rows} == {
        ("before: as declared", "plain")
    }
    known = seen(replace(calm(NOW), lasting=(lasting("unread", ""), lasting("drift"))))
    assert section(known, "differs").meaning.startswith("This was known before, and may be over.")


def test_before_the_first_look_nothing_is_known():
    status = replace(
        calm(NOW), looked_at="", platform="", storages=None, runs=None, rounds=0, course=()
    )
    view = seen(status)
    assert (view.status, view.level) == ("unknown", "doubt")
    assert view.title == "Since this watch was started no look has worked."
    assert view.storages.total is None
    for key in ("blocks", "differs", "files", "runs", "removals"):
        assert section(view, key).total is None
        assert section(view, key).meaning.startswith("Not known: ")
    assert [plot.lines for plot in view.plots] == [(), ()]
    assert view.platform == "an unknown platform"


def test_what_an_earlier_watch_has_seen_is_not_how_things_stand():
    status = replace(calm(NOW), platform="", storages=None, runs=None, declared=0, live=0)
    assert seen(status).status == "unknown"
    title = seen(replace(status, lasting=(lasting("drift"),))).title
    assert title.endswith("no look has worked. What was known before: 1 storage not as declared.")


def test_of_a_run_that_removed_very_many_some_are_told():
    status = eventful(NOW)
    runs = (replace(status.runs[0], removed=5_000), *status.runs[1:])
    removals = section(seen(replace(status, runs=runs)), "removals")
    assert (removals.total, removals.left_out) == (5_000, "4,999 more are not known here.")


def test_files_of_which_no_scan_has_told_are_unknown():
    (row, _) = seen(calm(NOW)).storages.rows
    assert (row.files, row.method) == ("unknown", "unknown")
    assert row.proof == "unknown: this watch reads no files"
    never = proof("nas", files=None, verdict="not_proved", reasons=("never scanned",))
    status = replace(calm(NOW), scans=True, storages=(storage("a", proof=never), storage("b")))
    rows = seen(status).storages.rows
    assert [row.proof for row in rows] == [
        "never scanned",
        "unknown: no scan has told of it",
    ]


@pytest.mark.parametrize(
    ("proved", "attested", "method"),
    [
        (9, 0, "read here"),
        (9, 9, "by reports of the cloud, not read here"),
        (9, 4, "read here; 4 of 9 by reports of the cloud"),
    ],
)
def test_each_proof_has_its_method(proved, attested, method):
    known = proof("nas", NOW, files=12, proved=proved, attested=attested, verdict="not_proved")
    (row,) = seen(replace(calm(NOW), storages=(storage("nas", proof=known),))).storages.rows
    assert (row.method, row.level) == (method, "doubt")
    assert row.proof == "9 of 12 files within 30 days; oldest proof 2026-11-18 12:00:00 UTC"


def test_a_difference_has_both_sides_and_since_when():
    changed, missing, removed = sorted(
        section(seen(eventful(NOW)), "differs").items, key=lambda item: item.kind
    )
    (label,) = changed.values
    assert (label.before, label.after) == ("NAS, building 3", "NAS, building 7")
    assert changed.note == "not as declared, since 2026-11-30 10:30:00 UTC"
    assert (missing.lead, removed.lead) == ("Not live. Declared:", "Not declared. Live:")


def test_what_only_an_earlier_watch_knows_is_told_in_its_words():
    status = replace(
        calm(NOW), lasting=(lasting("drift", code="changed", message="label differs"),)
    )
    (item,) = section(seen(status), "differs").items
    assert (item.values, item.facts) == ((), ("label differs",))


def test_of_very_many_a_page_shows_some_and_says_so():
    view = seen(large(2_345, NOW))
    assert len(view.storages.rows) == ROWS
    assert view.storages.said == "2,345 storages; 1 to 100 stand on this page."
    assert view.storages.pages == 24
    differs = section(view, "differs")
    assert (len(differs.items), differs.total) == (LISTED, 234)
    assert differs.left_out == "Only 50 of 234 are listed here: search for a name."
    last = seen(large(2_345, NOW), page=999).storages
    assert (last.page, len(last.rows), last.rows[-1].name) == (24, 45, "raw-02344")


def test_a_search_finds_all_words_anywhere_and_says_what_it_hides():
    view = seen(large(2_345, NOW), words="RAW-0001 label")
    assert (view.storages.found, view.storages.pages) == (10, 1)
    assert view.found == "Found 10 of 2,345 storages, and 0 of what is listed above them."
    differs = section(seen(large(2_345, NOW), words="raw-00017"), "differs")
    assert [item.name for item in differs.items] == ["raw-00017"]
    assert differs.left_out == "233 more are hidden by the search."
    nothing = seen(large(2_345, NOW), words="nothing").storages
    assert nothing.said == "None of 2,345 storages has what is searched for."


def test_a_reader_may_see_only_what_differs_or_is_not_proved():
    assert seen(large(100, NOW), show=DIFFERING).storages.found == 10
    shown = seen(eventful(NOW), show=UNPROVED).storages.rows
    assert [row.name for row in shown] == ["models", "nas", "results", "scratch-2023"]


def test_runs_and_removals_say_who_which_commit_and_which_job():
    view = seen(eventful(NOW))
    for key in ("runs", "removals"):
        values = {value.field: value.after for value in section(view, key).items[0].values}
        assert values["by"] == "ada on ci-3"
        assert values["commit"] == "3f2a91c07be5d6a1"
        assert values["job"] == "https://ci.example.org/jobs/4711"


def test_a_finding_has_the_command_that_explains_it():
    (found,) = [item for item in section(seen(eventful(NOW)), "files").items if item.within]
    assert found.values[0].after.startswith("reconciler verify ./proofs --explain results ")
    status = eventful(NOW)
    unexplained = tuple(replace(one, explain="") for one in status.findings)
    items = section(seen(replace(status, findings=unexplained)), "files").items
    assert "reconciler snapshot create" in items[-1].facts[0]


@given(st.lists(st.tuples(st.integers(1, 9_999), st.none() | st.integers(0, 5)), max_size=30))
def test_lines_stay_within_the_picture_and_go_to_the_right(steps):
    moment, course = NOW, []
    for seconds, drifted in steps:
        moment += timedelta(seconds=seconds)
        course.append(Point(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), drifted))
    plot = drift(course)
    assert bool(plot.lines) == any(point.drifted is not None for point in course)
    for line in plot.lines:
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert all(0 <= x <= WIDTH + 1 and 0 <= y <= HEIGHT for x, y in points)


def test_where_nobody_knows_a_line_has_a_gap():
    samples = [(ago(90, NOW), 1.0), (ago(60, NOW), None), (ago(30, NOW), 0.0)]
    assert lines(samples, 1.0) == ("0,0 300,0", "600,100 601,100")
    course = (Point(ago(90, NOW), 3), Point(ago(60, NOW)))
    assert drift(course).said == (
        "Storages that are not as declared: now unknown, at most 3. Not known at 1 time: the line "
        "has gaps there."
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_strangers_say_is_text_wherever_it_stands(text):
    status = eventful(NOW)
    status = replace(
        status,
        platform=text,
        commit=text,
        lasting=tuple(lasting(kind, text, text, text) for kind in KINDS),
        storages=(replace(storage(text, text), label=text, location=text, type=text, id=text),),
        differences=tuple(
            replace(one, kind=text, name=text, was=text) for one in status.differences
        ),
        findings=tuple(
            replace(one, storage=text, path=text, explain=text) for one in status.findings
        ),
        runs=tuple(
            replace(one, run=text, actor=text, commit=text, job=text, done=text, damage=text)
            for one in status.runs
        ),
    )
    page = html(seen(status, words=text), "")
    read, plain = pages.Seen(page), pages.Seen(html(seen(eventful(NOW), words="x"), ""))
    assert not read.open
    assert not read.comments
    assert {*read.tags} <= {*plain.tags, "mark"}
    assert {name for name, _ in read.attributes} <= {name for name, _ in plain.attributes}
    assert shown(text) in "".join(read.text.split("\n"))
    assert page == commandless(page)


def test_the_policy_lets_the_page_ask_its_own_server_alone():
    allowed = dict(part.strip().split(" ", 1) for part in policy().split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["connect-src"] == allowed["form-action"] == "'self'"
    assert allowed["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy()
