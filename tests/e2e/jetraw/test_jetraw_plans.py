"""The installed command on an organisation that the stand-in of the vendor's SDK serves."""

import json

import pytest

from support.platforms.jetraw_runs import ACCOUNT, NAS, PLATFORM, RAW, document, live, settled
from support.platforms.live_file import local, manifest

# The ordinary way


def test_a_manifest_is_applied_to_an_organisation(folder, run, organisation):
    folder.write(manifest(NAS, RAW, platform=PLATFORM))
    plan = run("plan", "--out", "plan.json", "--detailed-exitcode", code=2)
    assert "Plan: 2 to create, 0 to update, 0 to remove." in plan.stdout
    assert organisation.records() == {}
    run("apply", "plan.json")
    assert live(organisation) == {"nas": "NAS", "raw": "Raw frames"}
    assert organisation.calls("create_aws_s3_storage", "create_storage") == [
        ("create_storage", "nas"),
        ("create_aws_s3_storage", "raw"),
    ]
    settled(run)
    saved = json.loads(folder.read("plan.json"))
    assert (saved["platform"], saved["account"]) == (PLATFORM, ACCOUNT)


def test_what_is_live_can_be_listed_and_exported(folder, run, organisation):
    organisation.add("nas", default_url="file:///data/nas", url="file:///mnt/nas", label="$NAS")
    organisation.add("tape", type="tape")
    organisation.add("raw", type="S3", default_url="https://lab.s3.eu-central-2.amazonaws.com")
    assert "3 live storages" in run("list", "--platform", PLATFORM).stdout
    told = document(run, "list", "--platform", PLATFORM)
    assert [storage["name"] for storage in told["storages"]] == ["nas", "raw", "tape"]
    exported = run("export", "--platform", PLATFORM).stdout
    folder.write(exported)
    settled(run)


def test_the_list_may_be_incomplete_and_the_plan_says_so(folder, run, organisation):
    for name in ("a", "b", "c"):
        organisation.add(name)
    folder.write(manifest(*map(local, "abc"), platform=PLATFORM))
    warning = f"the platform lists what the account '{ACCOUNT}' can see, 3 storages; nobody can"
    assert warning in " ".join(run("plan").stderr.split() + run("plan").stdout.split())
    (notice,) = (w for w in document(run, "plan")["warnings"] if w["code"] == "list_incomplete")
    assert warning in notice["message"]
    assert document(run, "plan")["account"] == ACCOUNT


def test_the_digest_is_the_same_on_every_machine(folder, run, organisation):
    organisation.add("nas", url="file:///mnt/here", label="old")
    folder.write(manifest(NAS, platform=PLATFORM))
    first = document(run, "plan")["digest"]
    organisation.sql("""UPDATE storages SET url = '"/there"', created_at = '"2020-01-01T00:00"'""")
    assert document(run, "plan")["digest"] == first


def test_another_host_is_another_platform(folder, run):
    folder.write(manifest(NAS, platform=PLATFORM))
    run("plan", "--out", "plan.json")
    done = run("apply", "plan.json", code=4, env={"JETRAW_HOST": "https://elsewhere.example"})
    assert "is another platform than that of the plan" in done.stderr


def test_any_module_with_the_surface_of_the_sdk_will_do(folder, run, organisation):
    (folder.path / "our_storages.py").write_text(
        "import os, jetraw\nfrom jetraw.storages import *\n"
        "key = os.environ['JETRAW_REFRESH_TOKEN']\n"
        "jetraw.set_default_client(jetraw.Client(organization='my-org', refresh_token=key))\n"
    )
    paths = {"PYTHONPATH": f"{organisation.environ['PYTHONPATH']}:{folder.path}"}
    folder.write(manifest(NAS, platform="jetraw+module:our_storages"))
    run("apply", "-y", env=paths)
    assert live(organisation) == {"nas": "NAS"}


def test_peculiarities_of_a_server_are_no_differences(folder, run, organisation):
    organisation.quirk("aws_url", "s3://{bucket}")
    organisation.quirk("url_here", "file:///Volumes/elsewhere")
    organisation.quirk("naive_times", True)
    odd = local(" 🧊 it's ", "ice")
    folder.write(manifest(NAS, RAW, odd, platform=PLATFORM))
    run("apply", "-y")
    assert organisation.records()["raw"]["default_url"] == "s3://lab"
    settled(run)


# Removals


def test_a_space_blocks_the_removal_of_what_it_uses(folder, run, organisation):
    id = organisation.add("nas")
    organisation.tie("Zebrafish", id)
    folder.write(manifest(RAW, removed=[{"name": "nas"}], platform=PLATFORM))
    assert "'Zebrafish'" in run("plan", code=3).stdout
    run("apply", "-y", code=3)
    assert live(organisation) == {"nas": "nas"}
    consent = {"name": "nas", "id": id, "holds_files": True}
    folder.write(manifest(RAW, removed=[consent], platform=PLATFORM))
    run("apply", "-y")
    assert live(organisation) == {"raw": "Raw frames"}


def test_files_block_a_removal(folder, run, organisation):
    organisation.plant(organisation.add("nas"), [("u1", "a", "b")])
    folder.write(manifest(RAW, removed=[{"name": "nas"}], platform=PLATFORM))
    plan = document(run, "plan", code=3)
    assert [reason["name"] for reason in plan["blocked_by"]] == ["nas"]


def test_a_space_that_comes_after_the_plan_stops_the_removal(folder, run, organisation):
    id = organisation.add("nas")
    folder.write(manifest(RAW, removed=[{"name": "nas"}], platform=PLATFORM))
    run("plan", "--out", "plan.json")
    organisation.tie("Zebrafish", id)
    done = run("apply", "plan.json", code=5)
    assert "'nas' is used by 'Zebrafish' now" in done.stdout
    assert set(live(organisation)) == {"nas", "raw"}


# Two setters


def renaming(folder, organisation):
    organisation.add("old", default_url="file:///data/nas")
    entry = {**local("new", "nas"), "label": "New", "renamed_from": ["old"]}
    folder.write(manifest(entry, platform=PLATFORM))


def test_a_rename_with_a_new_label_is_two_steps(folder, run, organisation):
    renaming(folder, organisation)
    (operation,) = document(run, "plan")["operations"]
    assert len(operation["steps"]) == 2
    run("apply", "-y")
    assert organisation.calls("set_name", "set_label") == [
        ("set_name", "old"),
        ("set_label", "new"),
    ]
    settled(run)


def test_a_failure_between_two_setters_is_half_done_and_the_next_run_mends_it(
    folder, run, organisation
):
    renaming(folder, organisation)
    # The first list after it is the one in which the new name is looked for.
    organisation.fail("list_storages", "pass", since="set_name")
    organisation.fail("list_storages", "PermissionError", since="set_name")
    done = document(run, "apply", "-y", code=5)
    (outcome,) = done["operations"]
    assert outcome["status"] == "half_done"
    assert live(organisation) == {"new": "old"}
    assert "1 to update" in run("plan").stdout
    run("apply", "-y")
    assert live(organisation) == {"new": "New"}
    settled(run)


@pytest.mark.parametrize("call", ["set_name", "set_label"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_a_setter_is_mended_by_the_next_run(folder, run, organisation, call, moment):
    renaming(folder, organisation)
    organisation.fail(call, "kill", moment=moment)
    run("apply", "-y", code=-9)
    run("apply", "-y")
    assert live(organisation) == {"new": "New"}
    settled(run)
