"""The audit of a platform, told as runs."""

from reconciler.journal.audit import runs_of
from reconciler.journal.read import RECORDED, about
from reconciler.model import Values
from reconciler.platform import Change

WHOLE = {"name": "gone", "label": "L", "type": "local", "default_url": "file:///gone"}


def change(revision, action, name, run="r1", before=None, **more):
    told = {"account": "ci", "actor": "anna", "commit": "c0ffee", "job_url": "https://ci.lab/1"}
    return Change(
        revision=revision,
        at=f"2026-01-01T00:00:{revision:02}Z",
        run=run,
        action=action,
        storage_id=f"id-{name}",
        name=name,
        before=before,
        after=None,
        **{**told, **more},
    )


def test_the_writes_of_a_run_are_put_together_newest_run_first():
    runs = runs_of(
        [
            change(1, "create", "a"),
            change(2, "create", "x", run="r2"),
            change(3, "remove", "gone", before=WHOLE),
        ],
        "https://state.lab",
    )
    assert [(run.run, len(run.operations)) for run in runs] == [("r2", 1), ("r1", 2)]
    first = runs[1]
    assert (first.state, first.exit, first.ended_at) == (RECORDED, None, "")
    assert (first.started_at, first.platform) == ("2026-01-01T00:00:01Z", "https://state.lab")
    assert (first.commit, first.job_url) == ("c0ffee", "https://ci.lab/1")
    assert first.summary == {"done": 2}
    assert first.operations[1].before == Values(**WHOLE)
    assert first.operations[1].id == "id-gone"


def test_what_is_proved_and_what_is_claimed_are_both_told():
    def actor(**more):
        return runs_of([change(1, "create", "a", **more)], "")[0].actor

    assert actor() == "anna as ci"
    assert actor(actor="") == "ci"
    assert actor(actor="ci") == "ci"


def test_a_write_of_no_run_stands_for_itself():
    runs = runs_of([change(n, "create", f"s{n}", run="") for n in (1, 2)], "")
    assert [run.run for run in runs] == ["revision 2", "revision 1"]


def test_a_rename_is_found_by_both_names():
    (run,) = runs_of([change(1, "update", "new", before={"name": "old"})], "")
    assert run.operations[0].previous_name == "old"
    assert about(run, ("old",)).operations == about(run, ("new",)).operations == run.operations
    (relabelled,) = runs_of([change(1, "update", "a", before={"label": "old"})], "")
    assert relabelled.operations[0].previous_name is None


def test_what_another_version_kept_is_no_error():
    (run,) = runs_of([change(1, "remove", "x", before={"files": 3}), change(2, "dream", "x")], "")
    assert run.operations[0].before is None
    assert run.operations[1].action == "dream"
