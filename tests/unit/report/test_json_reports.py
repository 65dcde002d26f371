import json as standard

import msgspec

from reconciler.model import Problem, State, Storage
from reconciler.plan import document
from reconciler.plan import file as saved
from reconciler.report import json, markdown, text
from reconciler.report.sentences.drift import drift_of


def test_plan_is_the_plan_document(make):
    plan = document.sealed(make.plan(make.create("名前")))
    assert json.plan(plan).encode() == document.to_json(plan)
    assert saved.from_json(json.plan(plan).encode()) == plan


def test_applied(make):
    raw, nas = make.create("raw"), make.remove("nas")
    found = Storage("id-of-nas", "nas", "Theirs", nas.before.type, nas.before.default_url)
    applied = make.applied(
        (nas, make.outcome(nas, "failed", error="it changed", stale=True, found=found)),
        (raw, make.outcome(raw, "done", id="7")),
        interrupted=True,
        remaining=("remove 'nas'",),
    )
    assert standard.loads(json.applied(applied)) == {
        "format_version": 1,
        "digest": applied.plan.digest,
        "status": "partial",
        "interrupted": True,
        "holds": False,
        "remaining": ["remove 'nas'"],
        "unread": "",
        "summary": {"done": 1, "failed": 1, "half_done": 0, "unknown": 0, "not_started": 0},
        "operations": [
            {
                "key": "remove:nas",
                "action": "remove",
                "name": "nas",
                "id": "id-of-nas",
                "status": "failed",
                "error": "it changed",
                "stale": True,
                "changed_since": [f"label was '{nas.before.label}', is now 'Theirs'"],
            },
            {
                "key": "create:raw",
                "action": "create",
                "name": "raw",
                "id": "7",
                "status": "done",
                "error": "",
                "stale": False,
                "changed_since": [],
            },
        ],
    }


def status(make, *ends):
    operations = [make.create(f"n-{n}") for n in range(len(ends))]
    pairs = [
        (operation, make.outcome(operation, end, writes=writes))
        for operation, (end, writes) in zip(operations, ends, strict=True)
    ]
    return standard.loads(json.applied(make.applied(*pairs)))["status"]


def test_status_of_a_run(make):
    assert status(make) == "done"
    assert status(make, ("done", 1), ("done", 0)) == "done"
    assert status(make, ("done", 1), ("failed", 0)) == "partial"
    assert status(make, ("unknown", 0)) == "partial"
    assert status(make, ("half_done", 1)) == "partial"
    assert status(make, ("done", 0), ("failed", 0), ("not_started", 0)) == "failed"


def test_live_that_was_not_read_again_is_null(make):
    raw = make.create("raw")
    told = standard.loads(
        json.applied(make.applied((raw, make.outcome(raw, "done")), unread="503"))
    )
    assert (told["status"], told["holds"], told["remaining"]) == ("done", None, [])
    assert told["unread"] == "503"


def test_drift(make):
    before = make.values("nas", "NAS")
    update = make.update(before, msgspec.structs.replace(before, name="nas-3"))
    plan = make.plan(
        make.remove("stray"),
        update,
        make.create("minio"),
        blocked_by=(make.notice("location_change", "raw", "it moved"),),
        undeclared=("other", "stray"),
        account="ana",
    )
    told = standard.loads(json.drift(drift_of(plan)))
    assert [(found["kind"], found["name"]) for found in told.pop("differences")] == [
        ("undeclared", "stray"),
        ("changed", "nas-3"),
        ("missing", "minio"),
        ("undeclared", "other"),
        ("location_change", "raw"),
    ]
    assert told == {
        "format_version": 1,
        "platform": plan.platform,
        "platform_id": plan.platform_id,
        "account": "ana",
        "plan_digest": plan.digest,
        "drift": True,
        "undeclared": [],
    }


def test_undeclared_storages_that_policy_ignores_are_no_drift(make):
    plan = make.plan(undeclared=("other", "stray"))
    told = standard.loads(json.drift(drift_of(plan, ignored=True)))
    assert (told["drift"], told["differences"]) == (False, [])
    assert told["undeclared"] == ["other", "stray"]


def test_each_difference_has_all_its_fields(make):
    before = make.values("nas", "NAS")
    update = make.update(before, msgspec.structs.replace(before, name="nas-3"))
    assert standard.loads(json.drift(drift_of(make.plan(update))))["differences"] == [
        {
            "kind": "changed",
            "name": "nas-3",
            "previous_name": "nas",
            "id": "id-of-nas",
            "changes": [{"field": "name", "before": "nas", "after": "nas-3"}],
            "message": "",
        }
    ]


def test_no_drift(make):
    told = standard.loads(json.drift(drift_of(make.plan())))
    assert (told["drift"], told["differences"]) == (False, [])


def test_storages_are_sorted_and_without_passwords(make):
    live = (
        make.storage("nas", url="https://ana:pw@host/x"),
        make.storage("minio", created_at="2026-01-01T00:00:00Z", label="M"),
    )
    told = standard.loads(json.storages(State(live, "p", "ana", None), {"id-of-nas": "undeclared"}))
    assert told["summary"] == {"undeclared": 1}
    assert (told["platform_id"], told["account"], told["complete"]) == ("p", "ana", None)
    assert told["storages"] == [
        {
            "id": "id-of-minio",
            "name": "minio",
            "label": "M",
            "type": "local",
            "default_url": "file:///data/minio",
            "url": None,
            "created_at": "2026-01-01T00:00:00Z",
            "status": None,
        },
        {
            "id": "id-of-nas",
            "name": "nas",
            "label": "A label",
            "type": "local",
            "default_url": "https://***@host/x",
            "url": None,
            "created_at": "",
            "status": "undeclared",
        },
    ]


def test_the_url_in_use_is_shown_without_password(make):
    live = (make.storage("nas", label="x"),)
    live = (msgspec.structs.replace(live[0], url="smb://me:pw@here/x"),)
    assert standard.loads(json.storages(State(live, "p"), {}))["storages"][0]["url"] == (
        "smb://***@here/x"
    )


def test_lone_surrogates_of_a_live_storage_are_escaped(make):
    told = json.storages(State((make.storage("a\ud800", id="1"),), "p"), {})
    assert "a\\ud800" in told
    assert told.isascii()


def test_problems():
    found = [
        Problem("a.yaml", "unknown key", ("storages", 0, "lable"), 3, 5, "did you mean label?"),
        Problem("b.yaml", "is empty"),
    ]
    assert standard.loads(json.problems(found)) == {
        "format_version": 1,
        "valid": False,
        "problems": [
            {
                "file": "a.yaml",
                "line": 3,
                "column": 5,
                "path": "storages[0].lable",
                "message": "unknown key",
                "hint": "did you mean label?",
            },
            {
                "file": "b.yaml",
                "line": None,
                "column": None,
                "path": "",
                "message": "is empty",
                "hint": "",
            },
        ],
    }


def test_valid(make):
    assert standard.loads(json.valid(2, 3, [make.notice("spent", "a", "odd")])) == {
        "format_version": 1,
        "valid": True,
        "files": 2,
        "entries": 3,
        "warnings": [{"code": "spent", "name": "a", "message": "odd"}],
    }


def test_every_report_ends_with_one_newline(make):
    plan = make.plan(make.create("a"))
    state = State((make.storage("a"),), "p")
    for report in (json, markdown, text):
        for told in (
            report.plan(plan),
            report.applied(make.applied()),
            report.drift(drift_of(plan)),
            report.storages(state, {}),
            report.problems([Problem("a", "b")]),
            report.valid(1, 1, ()),
        ):
            assert told.endswith("\n")
            assert not told.endswith("\n\n")
