"""Every reason that blocks: it does so on small and large sets, and its message is the way out."""

import json
import re

import pytest
import yaml

from reconciler.diff.temporary_names import temporary
from support.platforms.live_file import (
    holds_files,
    live,
    local,
    made,
    manifest,
    plan_of,
    settled,
    sql,
)

SIZES = pytest.mark.parametrize("size", [1, 3, 1000])
NEW = local("new")


def some(folder, size):
    """Make so many storages live; give the first name, and entries for the others."""
    made(folder, *(f"n{number:04}" for number in range(size)))
    return "n0000", [local(f"n{number:04}") for number in range(1, size)]


def blocked(folder, code, name="", *options, besides=()):
    """Check that this, and nothing besides, blocks the plan; give what the message says."""
    before = live(folder)
    plan = plan_of(folder, *options, code=3)
    assert plan["status"] == "blocked"
    assert {reason["code"] for reason in plan["blocked_by"]} == {code, *besides}
    (message,) = (
        reason["message"]
        for reason in plan["blocked_by"]
        if (reason["code"], reason["name"]) == (code, name)
    )
    shown = " ".join(folder("apply", "-y", *options, code=3).stdout.split())
    assert f"! {code}: {message}" in shown
    assert "this plan can't be applied" in shown
    assert live(folder) == before
    return message


def written(message, at=0):
    """Take what a message tells to write, as YAML, from between its backticks or braces."""
    snippets = re.findall(r"\{.*?\}|`(?:id|renamed_from): .*?`", message)
    return yaml.safe_load(snippets[at].strip("`"))


def nothing_applies(folder, *options):
    """Try to apply a blocked plan in every way that there is."""
    before = live(folder)
    folder("plan", "--out", "blocked.json", *options, code=3)
    folder("show", "blocked.json")
    folder("apply", "blocked.json", code=3)
    folder("apply", "blocked.json", "-y", code=3)
    folder("apply", "--expect", "blocked.json", *options, code=3)
    plan = json.loads(folder.read("blocked.json"))
    folder("apply", "--expect", plan["digest"], *options, code=3)
    for edit, code in (
        ({"blocked_by": []}, 3),
        ({"status": "ready"}, 4),
        ({"status": "ready", "blocked_by": []}, 4),
        ({"status": "Ready", "blocked_by": []}, 4),
    ):
        folder.write(json.dumps(plan | edit), "edited.json")
        folder("apply", "edited.json", code=code)
        folder("apply", "--expect", "edited.json", *options, code=code)
    assert live(folder) == before


@SIZES
def test_undeclared(folder, size):
    name, rest = some(folder, size)
    folder.write(manifest(*rest, NEW))
    message = blocked(folder, "undeclared", name)
    for way in ("`storages:`", "`reconciler export --undeclared`", "`removed:`", "`policy.und"):
        assert way in message
    if size == 3:
        nothing_applies(folder)
    folder.write(folder("export", "--undeclared").stdout, "more.yaml")
    folder("plan", "-f", "storages.yaml", "-f", "more.yaml")
    folder.write(manifest(*rest, NEW, undeclared="ignore"))
    folder("plan")
    folder.write(manifest(*rest, NEW, removed=[{"name": name}]))
    folder("apply", "-y", "-q")
    settled(folder)
    assert name not in live(folder)


@pytest.mark.parametrize(
    ("size", "kept", "limit"), [(1, 0, {"max_removals": 0}), (3, 1, {}), (1000, 899, {})]
)
def test_max_removals(folder, size, kept, limit):
    name, rest = some(folder, size)
    policy = {"undeclared": "remove", **limit}
    folder.write(manifest(*rest[:kept], NEW, **policy))
    message = blocked(folder, "max_removals")
    assert message.startswith(f"{size - kept} undeclared storage")
    assert "name them in `removed:`, or raise `policy.max_removals`" in message
    if size == 3:
        nothing_applies(folder)
    folder.write(manifest(*rest[:kept], NEW, **policy | {"max_removals": size - kept}))
    folder("plan")
    # One that is named does not count any more.
    folder.write(manifest(*rest[:kept], NEW, removed=[{"name": name}], **policy))
    folder("apply", "-y", "-q")
    settled(folder)
    assert len(live(folder)) == kept + 1


@pytest.mark.parametrize(("size", "pattern"), [(1, "n0000"), (3, "n000[0]"), (1000, "*0000")])
def test_protected_from_removal(folder, size, pattern):
    name, rest = some(folder, size)
    policies = [{"undeclared": "remove", "max_removals": "100%"}, {"undeclared": "fail"}]
    for policy, removed in zip(policies, ([], [{"name": name, "id": f"id-{name}"}]), strict=True):
        folder.write(manifest(*rest, NEW, removed=removed, protect=[pattern], **policy))
        message = blocked(folder, "protected", name)
        assert "can't be removed: take it out of `policy.protect`" in message
    if size == 3:
        nothing_applies(folder)
    folder.write(manifest(*rest, NEW, removed=removed))
    folder("plan")


@SIZES
def test_protected_from_being_renamed(folder, size):
    name, rest = some(folder, size)
    renamed = local("renamed", name, renamed_from=[name])
    folder.write(manifest(*rest, renamed, protect=["n000*"]))
    message = blocked(folder, "protected", name)
    assert "can't be renamed to 'renamed': take it out of `policy.protect`" in message
    if size == 3:
        nothing_applies(folder)
    folder.write(manifest(*rest, renamed))
    folder("apply", "-y", "-q")
    settled(folder)


def test_protect_in_an_entry_protects_its_name(folder):
    made(folder, "a", "b")
    swapped = [local("a", "b", id="id-b", protect=True), local("b", "a", id="id-a")]
    folder.write(manifest(*swapped))
    assert "drop `protect: true`" in blocked(folder, "protected", "a")
    del swapped[0]["protect"]
    folder.write(manifest(*swapped))
    folder("plan")


def test_no_option_overrides_protection(folder):
    name, rest = some(folder, 3)
    folder.write(manifest(*rest, protect=[name]))
    shown = folder.on_terminal("apply", "-y", "--allow-remove", name, code=3)
    assert "is protected" in " ".join(shown.split())
    folder.write(manifest(protect=[name], undeclared="remove", max_removals="100%"))
    blocked(folder, "protected", name, "--allow-empty")


@SIZES
def test_holds_files(folder, size):
    name, rest = some(folder, size)
    holds_files(folder, f"id-{name}")
    policy = {"undeclared": "remove", "max_removals": "100%"}
    folder.write(manifest(*rest, NEW, removed=[{"name": name}]))
    by_name = blocked(folder, "holds_files", name)
    folder.write(manifest(*rest, NEW, removed=[{"name": name, "id": f"id-{name}"}]))
    assert blocked(folder, "holds_files", name) == by_name
    folder.write(manifest(*rest, NEW, **policy))
    assert blocked(folder, "holds_files", name) == by_name
    if size == 3:
        nothing_applies(folder)
    consent = written(by_name)
    assert consent == {"name": name, "id": f"id-{name}", "holds_files": True}
    folder.write(manifest(*rest, NEW, removed=[consent]))
    told = folder("apply", "-y").stdout
    settled(folder)
    assert "HOLDS FILES" in told.upper()
    assert sql(folder, "SELECT * FROM inventory") == []
    assert len(live(folder)) == size


def test_consent_to_lose_files_is_for_one_storage_and_never_by_option(folder):
    name, rest = some(folder, 3)
    for each in ("n0000", "n0001"):
        holds_files(folder, f"id-{each}")
    folder.write(manifest(*rest))
    shown = folder.on_terminal("plan", "--allow-remove", name, code=3)
    assert "holds_files: true" in shown
    folder.write(manifest(*rest, removed=[{"name": name, "holds_files": True}]))
    assert "id" in folder("plan", code=65).stderr
    other = {"name": name, "id": "id-n0001", "holds_files": True}
    folder.write(manifest(*rest, removed=[other]))
    folder("plan", code=65)
    both = [{"name": each, "id": f"id-{each}", "holds_files": True} for each in ("n0000", "n0001")]
    folder.write(manifest(*rest[1:], removed=[both[0], {"name": "n0001"}]))
    blocked(folder, "holds_files", "n0001")
    folder.write(manifest(*rest[1:], removed=both))
    folder("plan")


@SIZES
def test_likely_rename(folder, size):
    name, rest = some(folder, size)
    twin = local("twin", name)
    folder.write(manifest(*rest, twin, undeclared="remove", max_removals="100%"))
    message = blocked(folder, "likely_rename", "twin")
    if size == 3:
        nothing_applies(folder)
    folder.write(manifest(*rest, twin))
    assert blocked(folder, "likely_rename", "twin", besides=["undeclared"]) == message
    assert f"name '{name}' in `removed:`" in message
    for key in (written(message, 0), written(message, 1), {"id": f"id-{name}"}):
        folder.write(manifest(*rest, twin | key))
        assert [op["action"] for op in plan_of(folder)["operations"]] == ["update"]
    folder.write(manifest(*rest, twin, removed=[{"name": name}]))
    operations = plan_of(folder)["operations"]
    assert [op["action"] for op in operations] == ["remove", "create"]
    assert operations[1]["after_operations"] == [f"remove:{name}"]


def test_a_likely_rename_lists_every_candidate_and_is_a_warning_under_ignore(folder):
    made(folder, "a", "b", "c")
    sql(folder, "UPDATE storages SET default_url = 'file:///data/a' WHERE name = 'b'")
    folder.write(manifest(local("c"), local("twin", "a")))
    message = blocked(folder, "likely_rename", "twin", besides=["undeclared"])
    assert "'a', 'b'" in message
    folder.write(manifest(local("c"), local("twin", "a"), undeclared="ignore"))
    warnings = {warning["code"]: warning["message"] for warning in plan_of(folder)["warnings"]}
    assert warnings["likely_rename"] == message


@SIZES
def test_location_change(folder, size):
    name, rest = some(folder, size)
    folder.write(manifest(*rest, local(name, "elsewhere"), NEW))
    message = blocked(folder, "location_change", name)
    assert f"local file:///data/elsewhere, but it is live at local file:///data/{name}" in message
    assert "Declare a new storage under a new name, move the files there, then remove" in message
    if size == 3:
        nothing_applies(folder)
    # What it does not concern can go on.
    folder("apply", "-y", "-q", "--target", "new")
    assert "new" in live(folder)


@pytest.mark.parametrize("size", [3, 1000])
def test_name_taken(folder, size):
    name, rest = some(folder, size)
    wanted = local(name, "n0001", id="id-n0001")
    folder.write(manifest(wanted, *rest[1:], undeclared="ignore"))
    message = blocked(folder, "name_taken", name)
    if size == 3:
        nothing_applies(folder)
    consent = written(message)
    assert consent == {"name": name, "id": f"id-{name}"}
    folder.write(manifest(wanted, *rest[1:], removed=[consent], undeclared="ignore"))
    folder("plan")
    assert "declare that one under another name with its id" in message
    moved = local("moved", name, id=f"id-{name}")
    folder.write(manifest(wanted, moved, *rest[1:]))
    folder("apply", "-y", "-q")
    settled(folder)
    assert {n: live(folder)[n]["id"] for n in ("moved", name)} == {
        "moved": f"id-{name}",
        name: "id-n0001",
    }


def test_a_name_that_an_unmanaged_storage_has_is_taken(folder):
    name, _ = some(folder, 1)
    address = "https://user:hush@storage-server/bucket"
    sql(folder, "UPDATE storages SET type = 'S3', default_url = ?", address)
    folder.write(manifest(local(name)))
    assert "rename it on the platform itself" in blocked(folder, "name_taken", name)
    nothing_applies(folder)
    for output in ("text", "json", "markdown"):
        for command, code in (("plan", 3), ("drift", 2), ("list", 0)):
            told = folder(command, "-o", output, code=code)
            assert "hush" not in told.stdout + told.stderr
    sql(folder, "UPDATE storages SET name = 'aside'")
    folder("plan")


@SIZES
def test_outside_location(folder, size):
    some(folder, size)
    sql(folder, "UPDATE storages SET name = 'private', id = 'theirs' WHERE name = 'n0000'")
    folder.write(manifest(local("new", "n0000"), scope=["new*"]))
    message = blocked(folder, "outside_location", "new")
    assert "choose another location" in message
    for output in ("text", "json", "markdown"):
        told = folder("plan", "-o", output, "-v", code=3)
        assert "private" not in told.stdout + told.stderr
        assert "theirs" not in told.stdout + told.stderr
    if size == 3:
        nothing_applies(folder)
    folder.write(manifest(NEW, scope=["new*"]))
    folder("apply", "-y", "-q")
    settled(folder)
    assert len(live(folder)) == size + 1


@pytest.mark.parametrize(
    ("size", "undeclared"), [(1, "remove"), (3, "fail"), (3, "remove"), (1000, "ignore")]
)
def test_interrupted_move(folder, size, undeclared):
    name, rest = some(folder, size)
    aside = temporary(name, f"id-{name}")
    sql(folder, "UPDATE storages SET name = ? WHERE name = ?", aside, name)
    policy = {"undeclared": undeclared, "max_removals": "100%"}
    folder.write(manifest(*rest, local(name), **policy))
    message = blocked(folder, "interrupted_move", aside)
    if undeclared == "fail":
        nothing_applies(folder)
    entry = local(name) | written(message)
    assert entry["id"] == f"id-{name}"
    # To get its own name back is no rename away from a protected one.
    folder.write(manifest(*rest, entry, **policy, protect=[name]))
    folder("apply", "-y", "-q")
    settled(folder)
    assert live(folder)[name]["id"] == f"id-{name}"


@SIZES
@pytest.mark.parametrize("undeclared", ["ignore", "remove"])
def test_nothing_declared(folder, size, undeclared):
    some(folder, size)
    folder.write(manifest(undeclared=undeclared, max_removals="100%"))
    message = blocked(folder, "nothing_declared")
    assert f"live has {size} storage" in message.replace(",", "")
    if size == 3:
        nothing_applies(folder)
    assert "`--allow-empty`" in message
    folder("apply", "-y", "-q", "--allow-empty")
    assert len(live(folder)) == (0 if undeclared == "remove" else size)


@SIZES
def test_untargeted_removal(folder, size):
    name, rest = some(folder, size)
    folder.write(manifest(*rest, local("twin", name), removed=[{"name": name}]))
    message = blocked(folder, "untargeted_removal", name, "--target", "twin")
    if size == 3:
        nothing_applies(folder, "--target", "twin")
    way_out = re.search("`(--target) (.*)`", message).groups()
    folder("apply", "-y", "-q", "--target", "twin", *way_out)
    settled(folder)


def test_consent_does_not_reach_a_later_storage_of_the_same_name(folder):
    name, rest = some(folder, 3)
    holds_files(folder, f"id-{name}")
    consent = {"name": name, "id": f"id-{name}", "holds_files": True}
    policy = {"undeclared": "remove", "max_removals": "100%"}
    mine = manifest(*rest, removed=[consent], **policy)
    folder.write(mine)
    folder("plan", "--out", "plan.json")
    folder("apply", "-y", "-q")
    settled(folder)
    # Somebody else makes a new one, and files come to lie on it.
    folder.write(manifest(*rest, local(name, "new-folder")))
    folder("apply", "-y", "-q")
    later = live(folder)
    holds_files(folder, later[name]["id"])
    folder.write(mine)
    assert later[name]["id"] in blocked(folder, "holds_files", name)
    nothing_applies(folder)
    folder("apply", "--expect", "plan.json", code=4)
    # Nor does a plan that was made when the consent was given: what it meant is gone.
    folder.write(manifest(*rest, removed=[consent]))
    blocked(folder, "undeclared", name)
    folder("apply", "plan.json")
    assert live(folder) == later


def test_every_reason_is_told_at_once(folder):
    made(folder, "moved", "gone", "stays", "files", "held")
    holds_files(folder, "id-files")
    folder.write(
        manifest(
            local("moved", "elsewhere"),
            local("twin", "gone"),
            removed=[{"name": "files"}, {"name": "held"}],
            protect=["held"],
        )
    )
    codes = [reason["code"] for reason in plan_of(folder, code=3)["blocked_by"]]
    wanted = ["holds_files", "likely_rename", "location_change", "protected", *["undeclared"] * 2]
    assert codes == wanted
