"""The whole drill: a platform with many storages is lost, rebuilt, proved, and then harmed.

`--long` plays it with 1,000 storages and 200,000 files on each platform, which takes many minutes;
each commit plays it with a few.
"""

import json
from contextlib import ExitStack

import pytest

from support.recovery.drilling import PLATFORMS, Lab
from support.sampling import is_long
from tests.e2e.recovery.test_always_found import Campaign


def held(snapshot, *but):
    """Give what a snapshot has of each storage, ids apart."""
    same = ("name", "label", "type", "default_url", "contents")
    return [{key: each[key] for key in same if key not in but} for each in snapshot["storages"]]


def play(run, lab, platform, faults, moved):
    """Play it: `run` runs a command, and gives what it printed; `moved` is a new folder's path."""

    def call(*arguments, code=0):
        return json.loads(run(*arguments, "-o", "json", code=code))

    call("apply", "-y")
    if platform.takes_records:
        call("scan", *lab.names[-2:])
    snapshot = call("snapshot", "create", "proofs", "--scan")
    new, kept = platform.lose(), f"proofs@{snapshot['id']}"
    moves = ("--relocate", lab.move(moved)) if platform.moves else ()
    told = call(
        "rebuild", "proofs", "--platform", new, "-y", "--expect", snapshot["digest"], *moves
    )
    count = len(lab.names)
    assert (told["rebuilt"], told["storages"], told["verified"]) == (count, count, False)
    again = call(
        "snapshot",
        "create",
        "proofs",
        "--platform",
        new,
        *(["--scan", "--allow-fewer"] if moves else []),
    )
    assert told["records"]["added"] == (2 * lab.files if platform.takes_records else 0)
    if moves:
        assert held(again, "contents", "default_url") == held(snapshot, "contents", "default_url")
        places = {each["name"]: each["default_url"] for each in again["storages"]}
        assert all(f"{lab.path(name)}" in places[name] for name in set(lab.names) - {*lab.buckets})
    else:
        assert held(again) == held(snapshot)
    deep = ("verify", kept, "--deep", *moves)
    assert told["verify"][-1].split()[3:] == [*deep[2:]]
    clean = call(*deep)
    assert all(one["compared"] == one["of"] == lab.files for one in clean["storages"])
    planted = lab.harm(faults)
    report = call(*deep, "--all", "--settled", "0s", code=7)
    found = {
        (one["storage"], finding["what"], finding["path"]): finding
        for one in report["storages"]
        for finding in one["findings"]
    }
    assert set(found) == {fault[:3] for fault in planted}
    for fault in planted:
        explained(call, fault, found[fault[:3]])


def explained(call, fault, finding):
    """Check that a fault is told with its cause, and with the good copy where there is one."""
    if not fault.path:
        assert "does not exist" in finding["note"] or "is not there" in finding["note"]
        return
    assert ("now" in finding) is (fault.what != "missing")
    story = call("verify", "proofs", "--explain", fault.storage, fault.path, code=7)
    assert story["good"]["sha256"] == finding["was"]["sha256"]
    copies = [(copy["storage"], copy["path"]) for copy in story["copies"]]
    assert copies == ([(fault.good, fault.path)] if fault.good else []), fault


@pytest.mark.sampled(1)
@pytest.mark.parametrize("kind", PLATFORMS)
def test_all_storages_come_back_and_each_fault_is_named(
    folder, s3, request, tmp_path_factory, kind
):
    with ExitStack() as stack:
        postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
        platform = PLATFORMS[kind](tmp_path_factory.mktemp("platform"), postgres, stack)
        environment = {**s3.environment(), **platform.environment}
        long = is_long(request.config)
        lab = Lab(folder.path, s3, 1_000 if long else 10, 200 if long else 3)
        folder.write(lab.manifest(platform.address))

        def few(*arguments, code):
            return folder(*arguments, code=code, env=environment).stdout

        run = Campaign(folder, environment) if long else few
        play(run, lab, platform, 100 if long else 4, folder.path / "moved")
