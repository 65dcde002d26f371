"""Signals, terminals and full disks: each has a defined end, and the next run does the rest."""

import json
import os
import pty
import signal
import sqlite3
from contextlib import closing, suppress
from subprocess import DEVNULL, PIPE

import pytest

from support.live_file import FILE, live, local, made, manifest, settled

MANY = 500


@pytest.fixture
def many(folder):
    """Give a folder whose apply takes a while."""
    made(folder)
    folder.write(manifest(*(local(f"s{n:03}") for n in range(MANY))))
    return folder


def running(folder, *options):
    """Start an apply and give it when it has begun to write."""
    process = folder.start(
        "apply", "-y", "-v", *options, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, text=True
    )
    for line in process.stderr:
        if line.endswith(": done\n"):
            break
    return process


def blocked(folder, process):
    """Take the write lock of the file, and wait until the apply hangs in a write."""
    db = sqlite3.connect(folder.path / FILE, isolation_level=None, timeout=0)
    # The apply is held still meanwhile: it gives its turn away for a moment only.
    while not db.in_transaction:
        process.send_signal(signal.SIGSTOP)
        with suppress(sqlite3.OperationalError):
            db.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGCONT)
    (done,) = db.execute("SELECT count(*) FROM storages").fetchone()
    for line in process.stderr:
        if line == f"create 's{done:03}': started\n":
            break
    assert process.poll() is None
    return closing(db)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_anything_is_applied_is_one_line(folder, number):
    os.mkfifo(folder.path / "pipe.yaml")
    process = folder.start("apply", "-y", "-f", "pipe.yaml", stdout=PIPE, stderr=PIPE, text=True)
    with (folder.path / "pipe.yaml").open("w"):  # returns when the command has begun to read
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_question_is_one_line(quickstart, number):
    shown = quickstart.on_terminal("apply", answer=number, code=130)
    assert shown.endswith("Interrupted.\n")
    assert quickstart.files() == ["storages.yaml"]


def test_what_a_parent_ignores_is_ignored_by_apply(many):
    told = many.shell("trap '' HUP; \"$0\" apply -y -v & kill -HUP $!; wait $!")
    assert told.returncode == 0
    assert f"{MANY} done" in told.stdout


def test_a_second_ctrl_c_stops_at_once_although_a_call_hangs(many):
    with running(many) as process, blocked(many, process):
        process.send_signal(signal.SIGINT)
        for line in process.stderr:
            if line.startswith("Stopping"):
                break
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "not started" in out
        assert "interrupted" in out
    many("apply", "-y", "-q")
    settled(many)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_call_that_hangs_does_not_keep_a_ci_system_waiting(many, number):
    with running(many) as process, blocked(many, process):
        process.send_signal(number)
        # The call would wait for 120 s; CI systems kill after 10.
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "for 6 s at most" in err
    assert "Stopping at once." in err
    assert "not started" in out


def test_the_journal_of_an_interrupted_run_has_an_end(many):
    with running(many) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    (run,) = json.loads(many("history", "-o", "json", "--name", "s*").stdout)["runs"][:1]
    assert (run["state"], run["exit"], run["interrupted"]) == ("ended", 130, True)
    assert run["summary"]["done"] == len(live(many))
    assert sum(run["summary"].values()) == MANY


def test_a_terminal_that_is_closed_lets_what_runs_finish(many):
    ours, theirs = pty.openpty()
    with many.start(
        "apply", "-y", "-v", stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b": done" not in shown:
            shown += os.read(ours, 65536)
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 130
    assert 0 < len(live(many)) < MANY
    many("apply", "-y", "-q")
    settled(many)


def test_a_terminal_may_change_its_size(many):
    with running(many) as process:
        for _ in range(20):
            process.send_signal(signal.SIGWINCH)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"{MANY} done" in out


def test_the_end_of_input_at_the_question_is_a_no(quickstart):
    shown = quickstart.on_terminal("apply", answer=b"\x04", code=1)
    assert "Nothing was applied." in shown
    assert quickstart.files() == ["storages.yaml"]


def test_a_full_disk_under_the_plan_leaves_the_older_one(quickstart):
    quickstart("plan", "--out", "plan.json")
    before = quickstart.read("plan.json")
    told = quickstart.shell('ulimit -f 0; "$0" plan --out plan.json')
    assert told.returncode == 1
    assert "can't write 'plan.json'" in told.stderr
    assert quickstart.read("plan.json") == before
    assert quickstart.files() == ["plan.json", "storages.yaml"]


def test_a_disk_without_any_room_applies_nothing(many):
    told = many.shell('ulimit -f 0; "$0" apply -y')
    assert told.returncode == 1
    assert told.stderr.startswith("Error: ")
    assert live(many) == {}
    assert [path.stat().st_size for path in (many.path / ".reconciler/journal").iterdir()] != [0]


def test_a_full_disk_under_the_platform_says_what_is_done(many):
    told = many.shell('ulimit -f 300; "$0" apply -y --journal ../other')
    assert told.returncode == 5
    assert "run again" in told.stdout
    done = len(live(many))
    assert f"Applied: {done} done" in told.stdout
    assert 0 < done < MANY
    many("apply", "-y", "-q")
    settled(many)
