"""`history` and `lock` on a state server: the audit of all writes, and the lease of the server."""

import json
from contextlib import closing

import pytest

from reconciler.lease.contract import Holder
from reconciler.model import Values
from reconciler.platforms import open_platform
from support.platforms.live_file import local, manifest
from support.server.state_server import StateServer


@pytest.fixture
def team(folder, tmp_path_factory):
    """Give a folder whose manifest is for a state server, and that server."""
    database = tmp_path_factory.mktemp("server") / "server.db"
    with StateServer(f"sqlite:///{database}") as server:
        folder.write(manifest(local("old"), local("gone"), platform=server.url))
        folder("apply", "-y", env={"GITHUB_ACTOR": "anna", "GITHUB_SHA": "c0ffee"})
        yield folder, server


def history(folder, *options):
    return json.loads(folder("history", "-o", "json", *options).stdout)["runs"]


def test_the_audit_has_the_writes_of_everybody(team):
    folder, server = team
    with closing(open_platform(server.url, base=None, environ={}).writer(wait=0)) as writer:
        writer.create(Values("other", "O", "local", "file:///other"))
    folder.write(
        manifest(
            local("new", "old", renamed_from=["old"]),
            removed=[{"name": "gone"}],
            platform=server.url,
            undeclared="ignore",
        )
    )
    folder("apply", "-y", env={"GITHUB_ACTOR": "otto"})
    second, unknown, first = history(folder)
    assert [run["actor"] for run in (second, unknown, first)] == [
        "otto as anonymous",
        "anonymous",
        "anna as anonymous",
    ]
    assert (first["commit"], first["state"], first["summary"]) == (
        "c0ffee",
        "recorded",
        {"done": 2},
    )
    assert unknown["run"].startswith("revision ")
    (detailed,) = history(folder, second["run"])
    entries = {entry["key"]: entry for entry in detailed["operations"]}
    assert entries["remove:gone"]["before"]["default_url"] == "file:///data/gone"
    assert entries["update:new"]["previous_name"] == "old"
    assert [run["run"] for run in history(folder, "--name", "old")] == [second["run"], first["run"]]


def test_a_run_has_one_id_everywhere(team):
    folder, _ = team
    (run,) = history(folder)
    (journal,) = history(folder, "--journal", ".reconciler/journal")
    assert journal["run"] == run["run"]
    assert (journal["state"], journal["exit"]) == ("ended", 0)


def test_text_of_an_audit_says_nothing_that_it_does_not_know(team):
    folder, _ = team
    listed = folder("history").stdout
    assert "2 done" in listed
    assert "exit" not in listed
    assert "killed" not in listed


def test_the_servers_lease_is_shown_and_waited_for(team):
    folder, server = team
    with closing(open_platform(server.url, base=None, environ={}).lock()) as lock:
        lease = lock.acquire(Holder("bob", "ci-9"), 60)
        assert "'bob' on 'ci-9'" in folder("lock", "show", code=6).stdout
        folder.write(manifest(local("old", label="New"), local("gone"), platform=server.url))
        told = folder("apply", "-y", "--lock-timeout", "0s", code=6)
        assert "'bob' on 'ci-9'" in told.stderr
        assert folder("lock", "release", "-y").stdout == "Released.\n"
        folder("apply", "-y", "--lock-timeout", "0s")
        lock.release(lease)
    folder("plan", "--detailed-exitcode")
