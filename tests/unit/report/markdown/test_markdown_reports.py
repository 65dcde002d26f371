import re

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.model import Problem, State
from reconciler.printable import quoted, shown
from reconciler.report import markdown
from reconciler.report.markdown.comments import LIMIT, size
from reconciler.report.markdown.escape import code, prose
from reconciler.report.sentences.drift import drift_of

GITHUB = 65_536
HOSTILE = "a|b`c<script>@admin\n# x\u202e"


def three(make):
    before = make.values("nas", "NAS | old")
    return make.plan(
        make.remove("scratch", holds_files=True),
        make.update(before, msgspec.structs.replace(before, name="nas-3", label="NAS `3`")),
        make.create(HOSTILE, label="<img src=x> @team"),
        account="ana@lab.example",
        undeclared=("theirs",),
        consents=(
            make.consent("allow_empty", "", ""),
            make.consent("holds_files", "scratch", "id-of-scratch"),
        ),
        warnings=(
            make.notice(
                "near_duplicate", "a", "hard to tell apart: 'a|b', 'a_b' @all at s3://x/_y_, *b*"
            ),
        ),
    )


def test_plan_of_three_operations(make, golden):
    golden("plan-three.md", markdown.plan(three(make)))


def test_plan_of_20000_operations(make, golden):
    creates = (make.create(f"storage-{number:05}") for number in range(19_997))
    plan = make.plan(
        make.remove("scratch", holds_files=True),
        make.remove("zone"),
        *make.swap(),
        *creates,
        undeclared=tuple(f"theirs-{number}" for number in range(5_000)),
        warnings=(make.notice("removed_gone", "x", "'x' is no longer live"),),
    )
    told = markdown.plan(plan)
    assert size(told) <= LIMIT
    creates_listed = len(re.findall(r"- `storage-\d+`", told))
    names_listed = len(re.findall(r"- `theirs-\d+`", told))
    assert f"… and {19_997 - creates_listed:,} more creates: see the full plan." in told
    assert f"… and {5_000 - names_listed:,} more names: see the full plan." in told
    golden("plan-20000.md", told)


def listed_removals(told):
    return re.findall(r"^- `(gone-\d+)`", told, re.M)


@pytest.mark.parametrize("number", [1, 300, 2_000])
def test_removals_are_never_cut(make, number):
    removals = [make.remove(f"gone-{n:04}", holds_files=n % 2 == 0) for n in range(number)]
    creates = [make.create(f"new-{n:04}") for n in range(2_000)]
    told = markdown.plan(make.plan(*removals, *creates))
    assert size(told) <= GITHUB
    assert listed_removals(told) == [operation.name for operation in removals]
    assert "listed nowhere" not in told


def test_removals_that_do_not_fit_are_first_shortened_to_their_names(make):
    removals = [make.remove(f"gone-{n:04}", holds_files=n == 1_500) for n in range(2_000)]
    told = markdown.plan(make.plan(*removals))
    assert "#### To remove (2,000), in short: see the full plan\n" in told
    assert "\n- `gone-0007`\n" in told
    assert "\n- `gone-1500` **files!**\n" in told


def test_removals_that_do_not_fit_at_all_are_counted_right_under_the_title(make):
    removals = [make.remove(f"gone-{n:05}") for n in range(9_000)]
    told = markdown.plan(make.plan(*removals))
    missing = 9_000 - len(listed_removals(told))
    assert size(told) <= GITHUB
    assert told.splitlines()[2] == (
        f"**Too long for a comment: {missing:,} of 9,000 removals are listed nowhere below. "
        "Read the full plan before you act on it.**"
    )


def blocked(make, number):
    reason = "is live but not declared: declare it in `storages:`, or name it in `removed:`"
    reasons = [make.notice("undeclared", f"u-{n}", f"'u-{n}' {reason}") for n in range(number)]
    removals = [make.remove(f"gone-{n:04}") for n in range(100)]
    return make.plan(*removals, make.create("new"), blocked_by=tuple(reasons))


def test_blocking_reasons_are_never_cut(make):
    told = markdown.plan(blocked(make, 1_000))
    assert size(told) <= GITHUB
    assert all(f"- `u-{n}`\n" in told for n in range(1_000))
    assert len(listed_removals(told)) == 100
    assert "BLOCKED by 1,000 reasons: this plan can't be applied." in told


def test_blocking_reasons_keep_the_way_out_while_there_is_room(make):
    told = markdown.plan(blocked(make, 100))
    assert (
        "- `undeclared`: 100 storages are live but not declared: declare them in `storages:`"
        in told
    )
    assert told.count("`policy.undeclared`") == 1
    assert "- `u-99`\n" in told


def test_too_many_reasons_leave_room_for_the_removals(make):
    told = markdown.plan(blocked(make, 20_000))
    assert size(told) <= GITHUB
    assert re.search(r"\*\*Too long for a comment: [\d,]+ of 20,000 names are", told)
    assert len(listed_removals(told)) == 100


def test_one_reason_that_is_too_long_is_shortened(make):
    long = make.notice("likely_rename", "nas", "'x' " * 30_000)
    told = markdown.plan(make.plan(blocked_by=(long,)))
    assert size(told) <= GITHUB
    assert "- `likely_rename`: `nas`\n" in told


def test_one_warning_that_is_too_long_is_cut_visibly(make):
    told = markdown.plan(make.plan(warnings=(make.notice("ids_ignored", "", "'x' " * 30_000),)))
    assert "… and 1 more warning: see the full plan." in told


def test_characters_outside_the_basic_plane_count_twice(make):
    told = markdown.plan(make.plan(*(make.create("🧪" * 30 + f"{n}") for n in range(3_000))))
    assert len(told.encode("utf-16-le")) // 2 <= GITHUB


def test_applied_tells_failures_first(make, golden):
    before = make.values("nas", "NAS")
    update = make.update(before, msgspec.structs.replace(before, label="NAS, building 3"))
    raw, late = make.create("raw"), make.create("late")
    found = make.storage("nas", label="<b>")
    applied = make.applied(
        (raw, make.outcome(raw, "done")),
        (late, make.outcome(late, "not_started", error="waits for 'nas'")),
        (update, make.outcome(update, "failed", error="it changed", stale=True, found=found)),
        remaining=("update 'nas'", "create 'late'"),
    )
    golden("applied-partly.md", markdown.applied(applied))


def test_live_that_was_not_read_again_is_not_said_to_differ(make):
    raw = make.create("raw")
    told = markdown.applied(make.applied((raw, make.outcome(raw, "done")), unread="it *said* 503"))
    assert (
        "**Live was NOT read again, and may not be as planned:**\n\nit &#42;said&#42; 503" in told
    )
    assert "Not as planned" not in told


def test_applied_fits(make):
    operations = [make.create(f"n-{n:05}") for n in range(20_000)]
    pairs = [(operation, make.outcome(operation, "failed", error="no")) for operation in operations]
    told = markdown.applied(make.applied(*pairs, remaining=["x"]))
    assert size(told) <= GITHUB
    assert "of 20,000 failed operations are listed nowhere below" in told


def test_drift(make, golden):
    before = make.values("nas", url="/data/1")
    plan = make.plan(
        make.update(before, msgspec.structs.replace(before, label="<b>")),
        make.create("minio"),
        blocked_by=(make.notice("location_change", "raw", "'raw' is at s3://a/b, live at /b"),),
        undeclared=("stray",),
    )
    golden("drift.md", markdown.drift(drift_of(plan)))


def test_no_drift(make):
    assert markdown.drift(drift_of(make.plan())).startswith(
        "### No drift. Live matches the manifest.\n"
    )


def test_storages(make, golden):
    storages = (make.storage("nas"), make.storage(HOSTILE, url="https://ana:pw@host/a|b"))
    golden("storages.md", markdown.storages(State(storages, "p"), {"id-of-nas": "declared"}))


def test_many_storages_fit(make):
    state = State(tuple(make.storage(f"n-{n:05}") for n in range(5_000)), "p")
    told = markdown.storages(state, {})
    assert size(told) <= GITHUB
    assert re.search(r"\n\n… and [\d,]+ more storages: see the full list\.\n\Z", told)


def test_problems():
    found = [
        Problem("a.yaml", "unknown key '<b>'", ("storages", 0, "la|ble"), 3, 5, "is it `label`?"),
        Problem("b.yaml", "is empty"),
    ]
    path = "<code>storages&#91;0&#93;.la&#124;ble</code>"
    assert markdown.problems(found).splitlines()[-2:] == [
        f"- `a.yaml:3:5`: {path}: unknown key `<b>` (is it `label`?)",
        "- `b.yaml`: is empty",
    ]


def test_valid():
    assert markdown.valid(1, 2, ()) == "### Valid: 2 storages declared in 1 file.\n"


# What a reader of the result sees as text: entities resolved, marks of code removed.
def read_back(marked):
    inner = re.fullmatch(r"`([^`]+)`|<code>(.*)</code>", marked, re.S)
    text = inner[1] if inner[1] is not None else inner[2]
    if inner[1] is None:
        text = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text)
    return text


@settings(deadline=None)
@given(st.text())
@example("`")
@example("a|`b\\|")
@example("@x")
@example(" ")
@example("")
def test_code_is_one_harmless_piece_that_reads_as_the_name(name):
    marked = code(name)
    assert read_back(marked) == shown(name)
    assert not re.search(r"[|\n]", marked)
    if marked.startswith("<code>"):
        assert not re.search(r"[`*\[\]<>@]", marked[6:-7])


@settings(deadline=None)
@given(st.text(alphabet="ab @#<>|`*_[]\\&'\n:/", max_size=40))
def test_prose_holds_no_markup_but_code(message):
    outside = re.sub(r"<code>[^<>]*</code>|`[^`]+`", "", prose(message))
    outside = re.sub(r"&#\d+;", "", re.sub(r"[@#]&#8203;", "", outside))
    assert not re.search(r"[<>|`*\[\]\n\\@#&]", outside)


@pytest.mark.parametrize("name", ["Bob's nas", "rock'n'roll", "it's Bob's"])
def test_an_apostrophe_does_not_end_a_name_in_prose(name):
    assert prose(f"remove {quoted(name)}, then 'nas'") == f"remove `{name}`, then `nas`"
