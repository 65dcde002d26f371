"""A saved plan does what it shows, or is refused: whoever can edit it can also seal it anew."""

import json
from pathlib import Path

import msgspec
import pytest

from reconciler.errors import ReconcilerError, StaleError
from reconciler.plan.document import Plan, content_digest, sealed, to_json
from reconciler.plan.file import from_json
from reconciler.report import text
from reconciler.report.style import Style
from support.values.building import desired, entry, plan_for, removed, storage
from support.values.memory_platform import MemoryPlatform

FIRST = Path(__file__).parent / "saved" / "format_1.json"
LIVE = [
    storage("a"),
    storage("b"),
    storage("old", place="same"),
    storage("was", label="L"),
]
WANTED = desired(
    entry("b", place="a", label="B", id="id-a"),
    entry("a", place="b", id="id-b"),
    entry("new", place="same"),
    entry("free", place="was", renamed_from=("was",), label="L"),
    entry(
        "aws",
        type="S3",
        url="https://s3.eu-central-2.amazonaws.com/bucket",
        region="eu-central-2",
        bucket="bucket",
    ),
    removed=[removed("old")],
)


@pytest.fixture(params=[2, 1])
def plan(request):
    """Give a plan of each format."""
    platform = MemoryPlatform(LIVE, address="https://state.example")
    made = plan_for(platform, WANTED, lock="file:///lock")
    assert made.ready, made.blocked_by
    return made if request.param == 2 else from_json(FIRST.read_bytes())


def paths(value, at=()):
    """Give the paths of all single values in a document."""
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from paths(inner, (*at, key))
    else:
        yield at, value


def flipped(value):
    """Give other values of the same kind, and of another."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, str):
        return [value + "x", "", None]
    return ["x", [], ["x"], True, None]


def changed_at(document, path, value):
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def meaning(plan):
    """What is done with a plan, and what is printed of what is done."""
    shown = text.plan(plan, Style())
    operations = shown[: shown.index("Digest of the plan:")]
    return plan.platform, plan.lock, plan.ready, plan.operations, plan.consents, operations


#: What is told beside the operations, and decides nothing: no digest covers it.
BESIDE = {"tool_version", "created_at", "account", "undeclared", "warnings", "reason"}


def is_beside(path):
    return path[0] in BESIDE or path[-1] == "reason" or path[:2] == ("summary", "live")


def edits(document):
    for path, value in paths(document):
        for other in flipped(value):
            if other != value:
                yield path, changed_at(document, path, other)


def test_any_edit_is_refused_or_changes_nothing(plan):
    for path, edited in edits(json.loads(to_json(plan))):
        try:
            read = from_json(json.dumps(edited).encode())
        except ReconcilerError:
            continue
        is_file = plan.platform.startswith("sqlite:") and path == ("platform",)
        old = plan.format_version == 1 and path in {("platform",), ("lock",)}
        beside = is_beside(path) or path[:2] == ("summary", "unchanged")
        assert is_file or old or beside or meaning(read) == meaning(plan), path
        assert read.operations == plan.operations or path[-1] == "reason", path


def resealed(document):
    try:
        made = msgspec.json.decode(json.dumps(document).encode(), type=Plan)
    except msgspec.ValidationError:
        return None
    return to_json(sealed(made))


def test_no_edit_of_steps_passes_with_a_digest_that_fits(plan):
    document = json.loads(to_json(plan))
    for path, edited in edits(document):
        derived = {"steps", "after_operations", "changes", "key", "name", "previous_name"}
        if path[0] != "operations" or path[2] not in derived | {"destructive", "action"}:
            continue
        data = resealed(edited)
        if data is not None:
            with pytest.raises(ReconcilerError):
                from_json(data)


def without_waiting(plan):
    new = next(op for op in plan["operations"] if op["name"] == "new")
    new["steps"][0]["after_steps"], new["after_operations"] = [], []


FORGED = {
    "a rename that the label hides": lambda plan: plan["operations"][-1]["steps"][0].update(
        name="other"
    ),
    "another bucket": lambda plan: next(op for op in plan["operations"] if op["name"] == "aws")[
        "after"
    ].update(bucket="other"),
    "bucket alone": lambda plan: next(op for op in plan["operations"] if op["name"] == "aws")[
        "after"
    ].pop("region"),
    "an update that moves": lambda plan: next(
        op for op in plan["operations"] if op["action"] == "update"
    )["after"].update(default_url="file:///elsewhere"),
    "not waiting": without_waiting,
    "twice": lambda plan: plan["operations"].append(plan["operations"][0]),
    "a consent to lose files, with the id of one and the name of another": lambda plan: plan[
        "consents"
    ].append({"kind": "holds_files", "name": "b", "id": "id-old"}),
    "a consent to lose files without one to remove": lambda plan: plan.update(
        consents=[{"kind": "holds_files", "name": "old", "id": "id-old"}]
    ),
    "files that nobody consented to lose": lambda plan: next(
        op for op in plan["operations"] if op["action"] == "remove"
    ).update(holds_files=True),
    "a consent of a kind that there is not": lambda plan: plan["consents"].append(
        {"kind": "anything", "name": "old", "id": "id-old"}
    ),
    "a step too many": lambda plan: plan["operations"][0]["steps"].append(
        {**plan["operations"][0]["steps"][0], "key": "remove:old#2"}
    ),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_does_something_else_than_it_shows_is_refused(forge):
    made = plan_for(MemoryPlatform(LIVE, address="https://state.example"), WANTED)
    document = json.loads(to_json(made))
    forge(document)
    with pytest.raises(StaleError, match="something else than it shows"):
        from_json(resealed(document))


def test_a_plan_of_format_1_is_read():
    first = from_json(FIRST.read_bytes())
    assert first.format_version == 1
    assert {op.key for op in first.operations} >= {"update:a", "update:b", "remove:old"}
    # Its digest promises neither address nor lock.
    elsewhere = msgspec.structs.replace(first, platform="https://elsewhere", lock="file:///x")
    assert content_digest(elsewhere) == first.digest


NOTICE = {"code": "max_removals", "name": "a", "message": "forged"}
#: Each key beside the digest, with another valid value: told, and decides nothing.
TOLD = {
    "tool_version": "9",
    "created_at": "2020-01-01T00:00:00Z",
    "account": "somebody",
    "undeclared": [],
    "warnings": [NOTICE],
}
#: What the digest covers or is worked out again, and what it is the digest of.
HELD = {"format_version", "platform", "platform_id", "lock", "digest", "status", "summary"}
HELD |= {"operations", "consents"}
#: It can only block: whether a plan is ready is in the digest, as its status.
BLOCKING = {"blocked_by"}


def test_each_key_of_a_plan_is_held_or_decides_nothing(plan):
    document = json.loads(to_json(plan))
    assert set(document) | {"lock"} == HELD | BLOCKING | set(TOLD)
    for key, value in TOLD.items():
        read = from_json(json.dumps({**document, key: value}).encode())
        assert meaning(read)[:-1] == meaning(plan)[:-1], key


def test_an_edited_reason_lifts_no_block(plan):
    document = json.loads(to_json(plan))
    assert not from_json(json.dumps({**document, "blocked_by": [NOTICE]}).encode()).ready
    made = plan_for(MemoryPlatform(LIVE), desired())
    assert made.blocked_by
    document = json.loads(to_json(made))
    assert not from_json(json.dumps({**document, "blocked_by": []}).encode()).ready
    with pytest.raises(StaleError):
        from_json(json.dumps({**document, "blocked_by": [], "status": "ready"}).encode())


@pytest.mark.parametrize("consents", [[], [{"kind": "holds_files", "name": "a", "id": "id-a"}]])
def test_consents_are_in_the_digest(plan, consents):
    document = json.loads(to_json(plan))
    assert document["consents"] not in ([], consents)
    with pytest.raises(StaleError, match="digest does not fit"):
        from_json(json.dumps({**document, "consents": consents}).encode())
