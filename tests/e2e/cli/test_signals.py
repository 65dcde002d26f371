"""Signals, terminals and full disks: each has a defined end, and the next run does the rest."""

import json
import os
import pty
import select
import signal
import sqlite3
from contextlib import closing, contextmanager
from subprocess import DEVNULL, PIPE

import pytest

from support.commands.starting import until_it_waits
from support.platforms.live_file import FILE, PAD, live, local, made, manifest, settled

MANY = 500


@pytest.fixture
def many(folder):
    """Give a folder whose apply takes a while."""
    made(folder)
    folder.write(manifest(*(local(f"s{n:03}") for n in range(MANY))))
    return folder


@pytest.fixture
def wordy(folder):
    """Give a folder whose apply has more to tell than a pipe holds."""
    made(folder)
    folder.write(manifest(*(local(f"s{n:03}{PAD}") for n in range(MANY))))
    return folder


def running(folder, stdout=PIPE):
    """Start an apply and give it when it has begun to write."""
    process = folder.start(
        "apply", "-y", "-v", stdin=DEVNULL, stdout=stdout, stderr=PIPE, text=True
    )
    for line in process.stderr:
        if line.endswith(": done\n"):
            break
    return process


@contextmanager
def blocked(folder):
    """Start an apply, take the write lock of the file, and give it when it hangs in a write.

    It has more to tell than a pipe holds: until somebody reads on, it can't come to its end. What
    it says at last is in `out.txt`.
    """
    with (
        (folder.path / "out.txt").open("w") as out,
        running(folder, out) as process,
        closing(sqlite3.connect(folder.path / FILE, isolation_level=None, timeout=60)) as db,
    ):
        try:
            db.execute("BEGIN IMMEDIATE")
            (done,) = db.execute("SELECT count(*) FROM storages").fetchone()
            for line in process.stderr:
                if line == f"create 's{done:03}{PAD}': started\n":
                    break
            assert process.poll() is None
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_anything_is_applied_is_one_line(folder, number):
    os.mkfifo(folder.path / "pipe.yaml")
    process = folder.start("apply", "-y", "-f", "pipe.yaml", stdout=PIPE, stderr=PIPE, text=True)
    with (folder.path / "pipe.yaml").open("w"):  # returns when the command has begun to read
        until_it_waits(process.pid)
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


def test_a_second_ctrl_c_stops_at_once_although_a_call_hangs(wordy):
    with blocked(wordy) as process:
        process.send_signal(signal.SIGINT)
        for line in process.stderr:
            if line.startswith("Stopping"):
                break
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    out = wordy.read("out.txt")
    assert "not started" in out
    assert "interrupted" in out
    wordy("apply", "-y", "-q")
    settled(wordy)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_call_that_hangs_does_not_keep_a_ci_system_waiting(wordy, number):
    with blocked(wordy) as process:
        process.send_signal(number)
        # The call would wait for 120 s; CI systems kill after 10.
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "for 6 s at most" in err
    assert "Stopping at once." in err
    assert "not started" in wordy.read("out.txt")


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


# Those who read along


@contextmanager
def unread():
    """Give the end to write to of a pipe that nobody reads."""
    ours, theirs = os.pipe()
    try:
        yield theirs
    finally:
        os.close(ours)
        os.close(theirs)


def stuck(process, pipe):
    """Wait until a pipe is full, and so whoever writes to it waits for its reader."""
    while select.select([], [pipe], [], 0)[1]:
        assert process.poll() is None


def ended_at(folder, process):
    """Give the code with which it ends, and the last line of its journal."""
    try:
        code = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    lines = (folder.path / ".reconciler/journal").glob("*.jsonl")
    return code, json.loads(max(lines).read_text().splitlines()[-1])


@pytest.mark.parametrize("numbers", [[signal.SIGINT, signal.SIGTERM], [signal.SIGTERM]])
@pytest.mark.parametrize("option", ["--events=-", "-v"])
def test_a_reader_who_stalls_does_not_keep_an_apply_from_its_end(wordy, numbers, option):
    with unread() as pipe:
        events = option != "-v"
        streams = {"stdout": pipe if events else DEVNULL, "stderr": DEVNULL if events else pipe}
        process = wordy.start("apply", "-y", option, **streams)
        stuck(process, pipe)
        for number in numbers:
            process.send_signal(number)
        code, last = ended_at(wordy, process)
    assert (code, last["event"], last["exit"]) == (130, "run_ended", 130)
    assert sum(last["summary"].values()) == MANY
    done, unknown = (last["summary"].get(status, 0) for status in ("done", "unknown"))
    assert done <= len(live(wordy)) <= done + unknown
    assert wordy("lock", "show").stdout == "Not locked.\n"


def test_a_plan_that_nobody_reads_does_not_keep_an_apply_from_its_end(wordy):
    with unread() as pipe:
        process = wordy.start("apply", "-y", stdout=pipe, stderr=pipe)
        stuck(process, pipe)
        process.send_signal(signal.SIGTERM)
        code, _ = ended_at(wordy, process)
    assert code == 130
    assert live(wordy) == {}


# Signals at a moment that is chosen

DISTURBED = """
import signal, sys, threading
from reconciler.cli.main import main
from reconciler.errors import PlatformError
from reconciler.platforms.sqlite.lock import SqliteLock
from reconciler.platforms.sqlite.writer import SqliteWriter

def disturb(owner, name, happenings):
    real = getattr(owner, name)
    def method(self, *values, **options):
        while happenings:
            happening = happenings.pop(0)
            if isinstance(happening, Exception):
                raise happening
            signal.pthread_kill(threading.main_thread().ident, happening)
        return real(self, *values, **options)
    setattr(owner, name, method)

INT, TERM, ALRM = signal.SIGINT, signal.SIGTERM, signal.SIGALRM
{}
sys.exit(main(["apply", *sys.argv[1:]]))
"""


@pytest.fixture
def disturbed(folder):
    """Apply two creates, and have something happen just before calls are made."""
    made(folder)
    folder.write(manifest(local("a"), local("b")))

    def apply(what, options="-y"):
        lines = (f"disturb({where}, {how})" for where, how in what.items())
        folder.write(DISTURBED.format("\n".join(lines)), "disturbed.py")
        options = f"{options} --events events.jsonl -o json"
        told = folder.shell(f'"$(dirname "$0")/python" disturbed.py {options}')
        assert "Traceback" not in told.stderr
        *_, last = map(json.loads, folder.read("events.jsonl").splitlines())
        assert (last["event"], last["exit"]) == ("summary", told.returncode)
        report = json.loads(told.stdout)
        assert {k: n for k, n in report["summary"].items() if n} == last["operations"]
        assert report["holds"] is last["holds"]
        return told.returncode, report

    return apply


CREATE, READ = "SqliteWriter, 'create'", "SqliteWriter, 'read'"
CLOSE, RELEASE = "SqliteWriter, 'close'", "SqliteLock, 'release'"


@pytest.mark.parametrize("second", ["INT", "TERM", "ALRM"])
def test_what_was_done_is_told_although_the_end_is_enforced_while_the_lease_is_given_up(
    disturbed, second
):
    code, report = disturbed({CREATE: "[INT]", RELEASE: f"[{second}]"})
    assert code == 130
    assert (report["summary"]["done"], report["summary"]["not_started"]) == (1, 1)


def test_signals_after_all_is_done_and_read_again_change_nothing(disturbed):
    code, report = disturbed({RELEASE: "[TERM, TERM, INT]"})
    assert (code, report["holds"], report["summary"]["done"]) == (0, True, 2)


def test_what_was_done_is_told_although_the_end_is_enforced_between_two_parts_of_it(disturbed):
    code, report = disturbed({CLOSE: "[INT, INT]"})
    assert (code, report["holds"], report["summary"]["done"]) == (130, None, 2)
    assert "interrupted" in report["unread"]


def test_live_that_was_not_read_again_after_a_second_ctrl_c_is_not_said_to_differ(disturbed):
    code, report = disturbed({READ: "[INT, INT]"})
    assert (code, report["holds"], report["remaining"]) == (130, None, [])
    assert (report["status"], report["interrupted"]) == ("done", True)
    assert "interrupted" in report["unread"]


@pytest.mark.parametrize(
    ("happenings", "code", "why"),
    [
        ("[INT, INT]", 130, "the run was interrupted"),
        ("[PlatformError('gone away')]", 1, "gone away"),
    ],
)
def test_a_run_that_wrote_nothing_and_did_not_read_again_is_not_stale(
    folder, disturbed, happenings, code, why
):
    folder("plan", "--out", "plan.json")
    folder("apply", "plan.json")
    ended, report = disturbed({READ: happenings}, "plan.json")
    assert (ended, report["holds"], report["unread"]) == (code, None, why)
    assert report["summary"]["done"] == 2


def test_a_first_ctrl_c_while_live_can_not_be_read_again_is_an_interrupt(disturbed):
    busy = "__import__('reconciler.errors').errors.UnavailableError('503')"
    code, report = disturbed({READ: f"[INT, {busy}]"})
    assert (code, report["holds"], report["unread"]) == (130, None, "503")
