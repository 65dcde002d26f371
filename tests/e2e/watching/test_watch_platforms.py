"""Another platform in the place of ours, or none: nothing is applied, and nothing told as over."""

import json
import os
import signal
import sqlite3
from contextlib import closing
from subprocess import DEVNULL, PIPE

import pytest

from support.server.state_server import StateServer

OURS = """\
version: 1
platform: sqlite:///mnt/platform.db
policy: {undeclared: remove, max_removals: 100%}
storages:
  - {name: nas, label: NAS, type: local, default_url: /data/nas}
"""
THEIRS = """\
version: 1
platform: sqlite:///theirs.db
storages:
  - {name: other, label: Other, type: local, default_url: /other}
"""
APPLY = ("watch", "--once", "--apply")


def told(done):
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


def names(path):
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM storages ORDER BY name")]


@pytest.fixture
def watched(folder):
    """Give a folder whose platform a watch has made, in a folder that may be a mount."""
    (folder.path / "mnt").mkdir()
    folder.write(OURS)
    assert told(folder(*APPLY))[-1].startswith("no drift any more: 'nas'")
    return folder


def swap(folder):
    """Have another organisation's platform lie where ours was; return how to undo it."""
    theirs, here = folder.path / "theirs.db", folder.path / "mnt/platform.db"
    if not theirs.exists():
        folder.write(THEIRS, "theirs.yaml")
        folder("apply", "-y", "-q", "-f", "theirs.yaml")
    here.rename(folder.path / "ours.db")
    theirs.rename(here)

    def undo():
        here.rename(theirs)
        (folder.path / "ours.db").rename(here)

    return undo


def test_nothing_is_applied_to_a_platform_that_lies_where_ours_was(watched):
    undo = swap(watched)
    (line,) = told(watched(*APPLY, code=1))
    assert line.startswith("can't look: 'sqlite:///")
    assert "another platform than before" in line
    assert told(watched(*APPLY, code=1)) == []
    # Who only looks does not take it for ours, either.
    assert told(watched("watch", "--once", code=1)) == []
    assert told(watched(*APPLY, code=1)) == []
    assert names(watched.path / "mnt/platform.db") == ["other"]
    undo()
    (line,) = told(watched(*APPLY))
    assert line.startswith("can look again, after: ")
    swap(watched)
    assert len(told(watched(*APPLY, code=1))) == 1
    (watched.path / ".reconciler/watch").rename(watched.path / "away")  # a person says that it is
    lines = told(watched(*APPLY))
    assert [line for line in lines if line.startswith("no drift any more: ")]
    assert names(watched.path / "mnt/platform.db") == ["nas"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("lies_there", ["another", "none"])
def test_what_an_apply_made_is_known_also_if_it_does_not_come_to_its_end(folder, how, lies_there):
    """It may be known after its end as well; before this, nobody could tell it from another."""
    (folder.path / "mnt").mkdir()
    many = "".join(
        f"  - {{name: s{n}, label: S, type: local, default_url: /s/{n}}}\n" for n in range(2000)
    )
    folder.write(OURS + many)
    os.mkfifo(folder.path / "events")
    with (
        folder.start(
            *APPLY, "--events", "events", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        ) as process,
        (folder.path / "events").open() as events,
    ):
        next(line for line in events if '"event":"operation' in line)
        process.send_signal(how)
        events.read()
    assert process.returncode in (130, -signal.SIGKILL)
    if lies_there == "another":
        swap(folder)
    else:
        (folder.path / "mnt/platform.db").unlink()
    line = next(line for line in told(folder(*APPLY, code=1)) if line.startswith("can't look"))
    if lies_there == "another":
        assert "another platform than before" in line
        assert names(folder.path / "mnt/platform.db") == ["other"]
    else:
        assert "does not exist any more" in line
        assert not (folder.path / "mnt/platform.db").exists()


@pytest.mark.parametrize("leaves", ["an empty folder", "no folder"])
def test_no_new_platform_is_made_where_there_was_one(watched, leaves):
    (watched.path / "mnt").rename(watched.path / "away")
    if leaves == "an empty folder":
        (watched.path / "mnt").mkdir()
    for command in (APPLY, APPLY, ("watch", "--once"), APPLY):
        lines = told(watched(*command, code=1))
        assert [line[:12] for line in lines] == ["can't look: "] * len(lines)
        assert not (watched.path / "mnt/platform.db").exists()
    if leaves == "an empty folder":
        (watched.path / "mnt").rmdir()
    (watched.path / "away").rename(watched.path / "mnt")
    assert [line[:16] for line in told(watched(*APPLY))] == ["can look again, "]
    assert names(watched.path / "mnt/platform.db") == ["nas"]


def test_a_watch_that_stays_ends_no_drift_by_another_platform(watched):
    with watched.start(
        *("watch", "--apply", "--interval", "1h"),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr.readline().startswith("Watching sqlite:///")
            watched.write(OURS.replace("/data/nas", "/elsewhere"))
            process.send_signal(signal.SIGHUP)
            assert " drift: 'nas'" in (first := process.stdout.readline()) or "blocked" in first
            process.stdout.readline()
            undo = swap(watched)
            process.send_signal(signal.SIGHUP)
            assert " can't look: " in process.stdout.readline()
            undo()
            process.send_signal(signal.SIGHUP)
            assert " can look again, after: " in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=60)[0] == ""
        finally:
            process.kill()
    assert names(watched.path / "theirs.db") == ["other"]


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_who_notifies_knows_the_platform_also_where_the_memory_of_the_watch_is_lost(watched, how):
    watched.write("hook = json://127.0.0.1:9/\n", "notify").chmod(0o600)
    told(watched(*APPLY, "--notify-urls", "notify"))
    swap(watched)
    memory = watched.path / ".reconciler/watch/watch.json"
    if how == "lost":
        memory.unlink()
    else:
        memory.write_text("x")
    (line,) = told(watched(*APPLY, "--notify-urls", "notify", code=1))
    assert "another platform than before" in line
    assert names(watched.path / "mnt/platform.db") == ["other"]
    memory.unlink()
    watched.write(OURS, "other.yaml")
    done = watched(*APPLY, "--notify-urls", "notify", "-f", "other.yaml", code=64)
    assert "is of another watch" in done.stderr


def test_nothing_is_applied_where_what_was_known_of_the_platform_is_damaged(watched):
    swap(watched)
    (watched.path / ".reconciler/watch/watch.json").write_text("x")
    for _ in range(2):
        done = watched(*APPLY, code=1)
        assert "without --apply" in done.stderr
        assert told(done) == []
    assert names(watched.path / "mnt/platform.db") == ["other"]
    told(watched("watch", "--once", code=2))  # a person looks, and finds it well
    told(watched(*APPLY))
    assert names(watched.path / "mnt/platform.db") == ["nas"]


def test_another_address_is_what_a_person_wants_but_no_platform_is_made_there(watched):
    watched.write(OURS.replace("mnt/platform", "second"))
    (line,) = told(watched(*APPLY, code=1))
    assert "does not exist: `reconciler apply` makes it" in line
    assert told(watched("watch", "--once", code=1)) == []
    assert told(watched(*APPLY, code=1)) == []
    assert not (watched.path / "second.db").exists()
    watched("apply", "-y", "-q")
    watched.write(OURS.replace("mnt/platform", "second").replace("label: NAS", "label: Other"))
    lines = told(watched(*APPLY))
    assert lines[0].startswith("can look again, after: ")
    assert [line for line in lines if line.startswith("no drift any more")]
    assert names(watched.path / "mnt/platform.db") == names(watched.path / "second.db") == ["nas"]


def test_a_platform_is_known_also_after_a_manifest_that_named_another_one(watched):
    watched.write(OURS.replace("mnt/platform", "second"), "second.yaml")
    watched("apply", "-y", "-q", "-f", "second.yaml")
    watched.write("hook = json://127.0.0.1:9/\n", "notify").chmod(0o600)
    notifying = (*APPLY, "--notify-urls", "notify")
    watched.write(watched.read("second.yaml"))
    assert told(watched(*notifying)) == []
    watched.write(OURS)
    swap(watched)
    (line,) = told(watched(*notifying, code=1))
    assert "another platform than before" in line
    (watched.path / ".reconciler/watch/watch.json").unlink()
    assert told(watched(*notifying, code=1)) == []
    assert names(watched.path / "mnt/platform.db") == ["other"]


def test_a_server_that_answers_for_another_database_is_another_platform(folder):
    first, second = (f"sqlite:///{folder.path}/{name}.db" for name in ("first", "second"))
    with StateServer(first, token="admin") as server:
        folder.write(OURS.replace("sqlite:///mnt/platform.db", server.url))
        (folder.path / "token").write_text(server.token)
        env = {"RECONCILER_TOKEN_FILE": str(folder.path / "token")}
        folder(*APPLY, env=env)
        server.stop()
        other = StateServer(second, token="admin", listen=server.url.partition("://")[2])
        (folder.path / "token").write_text(other.token)
        with other:
            (line,) = told(folder(*APPLY, env=env, code=1))
            assert "another platform than before" in line
            assert told(folder(*APPLY, env=env, code=1)) == []
    assert names(folder.path / "second.db") == []


def test_the_audit_of_a_server_has_the_run_that_was_told_and_its_commit(folder):
    with StateServer(f"sqlite:///{folder.path}/first.db", token="admin") as server:
        folder.write(OURS.replace("sqlite:///mnt/platform.db", server.url))
        (folder.path / "token").write_text(server.token)
        env = {"RECONCILER_TOKEN_FILE": str(folder.path / "token"), "CI_COMMIT_SHA": "c0ffee"}
        runs = []
        for label in ("NAS", "Other"):
            folder.write(folder.read("storages.yaml").replace("label: NAS", f"label: {label}"))
            lines = told(folder(*APPLY, env=env))
            runs += [line.split()[2].rstrip(":") for line in lines if line.startswith("applied, ")]
        env["RECONCILER_TOKEN"], _ = server.token, env.pop("RECONCILER_TOKEN_FILE")
        changes = json.loads(folder("history", "-o", "json", env=env).stdout)
    assert len(set(runs)) == 2
    theirs = [one for one in changes["runs"] if one["run"] in runs]
    assert [one["commit"] for one in theirs] == ["c0ffee", "c0ffee"]


def test_nothing_is_applied_look_after_look_to_what_cannot_say_which_one_it_is(folder):
    folder.write(
        "import json, pathlib\n"
        "STORE = pathlib.Path('store')\n"
        "def list_storages(*, client=None): return []\n"
        "def create_storage(*given, **more): STORE.write_text('made')\n"
        "get_storage = create_aws_s3_storage = create_storage\n",
        "ours.py",
    )
    folder.write(OURS.replace("sqlite:///mnt/platform.db", "jetraw+module:ours"))
    env = {"PYTHONPATH": str(folder.path)}
    done = folder(*APPLY, env=env, code=64)
    assert "give --platform jetraw+module:ours" in done.stderr
    assert not (folder.path / "store").exists()
    assert len(told(folder("watch", "--once", env=env, code=2))) == 1
    said = told(folder(*APPLY, "--platform", "jetraw+module:ours", "--state", "x", env=env, code=1))
    assert [line for line in said if line.startswith("not applied")]  # it made nothing
    assert (folder.path / "store").exists()
