import msgspec
import pytest

from reconciler.model import Problem, State
from reconciler.report import text
from reconciler.report.sentences.drift import drift_of
from reconciler.report.style import Style

NARROW = Style(width=60)
VERBOSE = Style(verbosity=1)
QUIET = Style(verbosity=-1)


def partly(make, **fields):
    """One of each end, with a stale update and a stale create."""
    before = make.values("nas", "NAS")
    update = make.update(before, msgspec.structs.replace(before, label="NAS, building 3"))
    made = make.create("minio", type="S3", url="https://storage-server:9000/my-bucket")
    raw, late, half, lost = (make.create(name) for name in ("raw", "late", "half", "lost"))
    return make.applied(
        (
            update,
            make.outcome(
                update,
                "failed",
                error="'nas' has changed since the plan was made",
                stale=True,
                found=make.storage("nas", label="NAS in the attic", url="/data/nas"),
            ),
        ),
        (
            made,
            make.outcome(
                made,
                "failed",
                error="the name 'minio' was taken meanwhile by another storage",
                stale=True,
                found=make.storage("minio", url="/data/x"),
            ),
        ),
        (raw, make.outcome(raw, "done")),
        (half, make.outcome(half, "half_done", error="the disk is full", writes=1)),
        (lost, make.outcome(lost, "unknown", error="interrupted while the request was under way")),
        (late, make.outcome(late, "not_started", error="waits for create:half, which is not done")),
        remaining=("update 'nas'", "create 'late'"),
        **fields,
    )


def all_done(make, writes=1):
    raw, nas = make.create("raw"), make.remove("nas")
    return make.applied(
        (nas, make.outcome(nas, "done", writes=writes)),
        (raw, make.outcome(raw, "done", writes=writes)),
    )


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("partly", Style()),
        ("partly-60", NARROW),
        ("partly-verbose", VERBOSE),
        ("partly-quiet", QUIET),
    ],
)
def test_applied_in_part(make, golden, name, style):
    golden(f"applied-{name}.txt", text.applied(partly(make), style))


def test_interrupted_run_says_what_was_not_started_and_to_run_again(make):
    told = text.applied(partly(make, interrupted=True))
    assert "+ late: not started\n" in told
    assert told.endswith("run apply again to do the rest.\n")


def test_stale_without_a_storage_to_compare_is_not_called_gone(make):
    operation = make.remove("nas")
    outcome = make.outcome(operation, "failed", error="refused", stale=True)
    told = text.applied(make.applied((operation, outcome), remaining=["remove 'nas'"]))
    assert "since the plan was made" not in told.split("\n\n")[0]


def test_all_done(make, golden):
    golden("applied-done.txt", text.applied(all_done(make)))


def test_all_done_verbose_names_every_operation(make):
    told = text.applied(all_done(make), VERBOSE)
    assert "- nas: done\n+ raw: done\n" in told


def test_a_second_apply_of_a_plan_says_that_nothing_was_written(make):
    again = all_done(make, writes=0)
    assert "Nothing was written: 2 operations had been done already.\n" in text.applied(again)
    assert "+ raw: done (it was so already)\n" in text.applied(again, VERBOSE)
    assert "Nothing was written" not in text.applied(all_done(make))


def unread(make, **fields):
    raw = make.create("raw")
    return make.applied((raw, make.outcome(raw, "done")), unread="it *answered* 503", **fields)


def test_live_that_was_not_read_again_is_not_said_to_differ(make):
    told = " ".join(text.applied(unread(make)).split())
    assert "Live was NOT read again, and may not be as planned: it *answered* 503 Every" in told
    assert told.endswith("operation is done: `reconciler plan` says whether live is as planned.")
    assert "Live is NOT" not in told
    told = text.applied(unread(make, interrupted=True))
    assert "Interrupted. Every operation is done" in told


def test_what_was_not_done_comes_before_what_was_not_read(make):
    late = make.create("late")
    pairs = [(late, make.outcome(late, "not_started"))]
    told = text.applied(make.applied(*pairs, unread="interrupted", interrupted=True))
    assert "Live was NOT read again" in told
    assert told.endswith("run apply again to do the rest.\n")


def drifted(make):
    before = make.values("nas", "NAS")
    return make.plan(
        make.remove("scratch"),
        make.remove("stray"),
        make.update(before, msgspec.structs.replace(before, name="nas-3", label="NAS 3")),
        make.create("minio"),
        blocked_by=(
            make.notice("location_change", "raw", "'raw' is declared at local /a, live at /b"),
            make.notice("max_removals", "", "too many"),
            make.notice("likely_rename", "minio", "'minio' would be created where 'stray' lies"),
        ),
        undeclared=("other", "stray"),
    )


@pytest.mark.parametrize("style", [Style(), NARROW], ids=["80", "60"])
def test_drift(make, golden, style):
    golden(f"drift-{style.width}.txt", text.drift(drift_of(drifted(make)), style))


def test_quiet_drift_is_one_line(make):
    told = text.drift(drift_of(drifted(make)), QUIET)
    assert told == "Drift: 6 differences between live and the manifest.\n"


def test_no_drift(make):
    assert text.drift(drift_of(make.plan()), QUIET) == "No drift. Live matches the manifest.\n"


def state(make):
    storages = (
        make.storage("raw frames", type="S3", url="https://storage-server:9000/my-bucket"),
        make.storage("nas", label="NAS, building 3"),
        make.storage("アーカイブ", label="倉庫", url="/data/archive"),
        make.storage("old", type="tape", url="https://ana:secret@tapes/1"),
        make.storage("theirs"),
    )
    declared = {
        "id-of-raw frames": "declared",
        "id-of-nas": "declared",
        "id-of-アーカイブ": "undeclared",
        "id-of-old": "unmanaged",
        "id-of-theirs": "outside scope",
    }
    return State(storages, "p"), declared


@pytest.mark.parametrize(
    ("name", "style"), [("80", Style()), ("60", NARROW), ("verbose", Style(width=120, verbosity=1))]
)
def test_storages(make, golden, name, style):
    golden(f"storages-{name}.txt", text.storages(*state(make), style))


def test_without_a_manifest_there_is_no_status(make):
    told = text.storages(State((make.storage("nas"),), "p"), {})
    assert told.splitlines() == [
        "NAME  TYPE   LOCATION          LABEL",
        "nas   local  file:///data/nas  A label",
        "",
        "1 live storage.",
    ]


def test_no_storages():
    assert text.storages(State((), "p"), {}) == "0 live storages.\n"


def test_quiet_list_is_the_count(make):
    told = text.storages(*state(make), QUIET)
    assert told == "5 live storages: 2 declared, 1 undeclared, 1 unmanaged, 1 outside scope.\n"


def test_problems_have_a_line_each_and_a_count():
    found = [
        Problem("a.yaml", "unknown key", ("storages", 0, "lable"), 3, 5, "did you mean `label`?"),
        Problem("a.yaml", "is not \x1b[31mYAML"),
        Problem("b\n.yaml", "is empty"),
    ]
    assert text.problems(found).splitlines() == [
        "a.yaml:3:5: storages[0].lable: unknown key (did you mean `label`?)",
        "a.yaml: is not \\x1b[31mYAML",
        "b\\n.yaml: is empty",
        "3 problems in 2 files.",
    ]


def test_valid():
    assert text.valid(1, 1, ()) == "Valid: 1 storage declared in 1 file.\n"
    assert text.valid(12, 1234, ()) == "Valid: 1,234 storages declared in 12 files.\n"
