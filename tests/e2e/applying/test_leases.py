"""One apply at a time: the second waits or exits 6, and who holds the platform can be asked."""

import json
import re
import signal
import sqlite3
from contextlib import closing, contextmanager
from subprocess import DEVNULL, PIPE

import msgspec
import pytest

from reconciler.lease.contract import Holder
from reconciler.platforms import open_platform
from support.faults.two_at_once import two_at_once
from support.platforms.live_file import FILE, PAD, live, local, made, manifest, settled, sql

ANNA = Holder("anna", "ci-7", "https://ci.lab/jobs/1", "apply, run 1")
NAMED = ("'anna' on 'ci-7'", "https://ci.lab/jobs/1", "apply, run 1")


def lock_of(folder):
    return open_platform(f"sqlite:///{FILE}", base=folder.path).lock()


@contextmanager
def held(folder):
    """Hold the lease of the platform, as another run would."""
    lock = lock_of(folder)
    lease = lock.acquire(ANNA, 600)
    yield lease
    lock.release(lease)


@pytest.fixture
def changed(folder):
    """Give a folder with a storage whose label is to be changed."""
    made(folder, "a")
    folder.write(manifest(local("a", label="New")))
    return folder


def test_two_applies_at_once_again_and_again(folder, long):
    rounds = 50 if long else 16
    made(folder)
    codes = []
    for round in range(rounds):
        folder.write(manifest(*(local(f"s{round}-{n}") for n in range(3)), undeclared="ignore"))
        codes += two_at_once(folder, wait=round % 2 == 1)
        assert len(live(folder)) == 3 * (round + 1)
    names = [name for (name,) in sql(folder, "SELECT name FROM storages")]
    assert len(names) == len(set(names)) == 3 * rounds
    assert codes.count(0) >= rounds
    assert lock_of(folder).current() is None


def test_a_second_apply_says_who_has_it_and_changes_nothing(changed):
    with held(changed):
        told = changed("apply", "-y", "--lock-timeout", "0s", code=6)
        for words in (*NAMED, "--lock-timeout", "reconciler lock show"):
            assert words in told.stderr
        changed("plan", "--detailed-exitcode", code=2)  # plan takes no lock
        changed("list")
    assert live(changed)["a"]["label"] == "L"
    assert [
        path.name
        for path in (changed.path / ".reconciler/journal").iterdir()
        if not path.read_bytes()
    ] == []


def test_the_time_for_all_bounds_the_wait_for_the_lease(changed):
    with held(changed):
        told = changed("apply", "-y", "--timeout", "0.2s", code=6).stderr
        for words in (*NAMED, "as long as --timeout allows"):
            assert words in told
        assert "its lease runs out by itself" in told
        told = changed("apply", "-y", "--timeout", "9s", "--lock-timeout", "0.1s", code=6).stderr
        assert "Waited 0.1 s, as long as --lock-timeout allows" in told
    assert live(changed)["a"]["label"] == "L"


def test_a_program_that_writes_without_a_lease_is_not_taken_for_a_run(changed):
    with closing(sqlite3.connect(changed.path / FILE, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        told = changed("apply", "-y", "--timeout", "0.2s", code=6).stderr
    assert "another process is writing to it" in told
    assert "as long as --timeout allows" in told
    assert "lease" not in told
    assert "that run" not in told


def test_a_second_apply_waits_and_goes_on(changed):
    with held(changed):
        process = changed.start("apply", "-y", stdout=DEVNULL, stderr=PIPE, text=True)
        waits = process.stderr.readline()
        assert waits.startswith("Waiting up to 120 s")
        assert NAMED[0] in waits
        assert live(changed)["a"]["label"] == "L"
    process.communicate(timeout=60)
    assert process.returncode == 0
    settled(changed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_the_lease(changed, number):
    with held(changed):
        process = changed.start("apply", "-y", stdout=DEVNULL, stderr=PIPE, text=True)
        assert process.stderr.readline().startswith("Waiting")
        process.send_signal(number)
        rest = process.communicate(timeout=60)[1]
        assert process.returncode == 130
        assert rest.endswith("Interrupted.\n")
    assert live(changed)["a"]["label"] == "L"


def test_the_lease_is_given_back_however_the_apply_ends(changed):
    sql(changed, "CREATE TRIGGER no BEFORE UPDATE ON storages BEGIN SELECT RAISE(FAIL, 'no'); END")
    changed("apply", "-y", code=1)
    assert lock_of(changed).current() is None
    sql(changed, "DROP TRIGGER no")
    changed("apply", "-y")
    assert lock_of(changed).current() is None


def test_a_killed_apply_on_the_same_machine_is_not_waited_for(folder):
    folder.write(manifest(*(local(f"s{n:03}") for n in range(300))))
    with folder.start("apply", "-y", "-v", stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE) as process:
        for at, _ in enumerate(process.stderr):
            if at > 20:
                break
        process.kill()
    folder("apply", "-y", "-q", "--lock-timeout", "90s")
    settled(folder)


def test_an_apply_that_lost_its_lease_stops_writing(folder):
    folder.write(manifest(*(local(f"s{n:03}{PAD}") for n in range(500))))
    with folder.start(
        *("apply", "-y", "-v", "-o", "json", "--events", "events"),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        for at, _ in enumerate(process.stderr):
            if at > 20:
                break
        lock = lock_of(folder)
        assert lock.break_lease(lock.current())
        count = len(live(folder))
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "lease" in out
    assert len(live(folder)) == count
    ends = [json.loads(line) for line in folder.read("events").splitlines()]
    assert sum(end["event"] in ("operation_done", "operation_failed") for end in ends) == 500
    folder("apply", "-y", "-q")
    settled(folder)


# The command `lock`


def test_lock_show(changed):
    assert changed("lock", "show").stdout == "Not locked.\n"
    assert json.loads(changed("lock", "show", "-o", "json").stdout)["locked"] is False
    with held(changed) as lease:
        told = changed("lock", "show", code=6).stdout
        assert all(words in told for words in NAMED)
        assert not re.search(r":[0-9]{2}\.[0-9]", told)  # no fractions of seconds
        document = json.loads(changed("lock", "show", "-o", "json", code=6).stdout)
        assert document["lease"]["fence"] == lease.fence
        assert document["lease"]["holder"]["owner"] == "anna"


def test_lock_show_makes_no_platform(folder):
    assert folder("lock", "show", "--platform", "sqlite:///typo.db").stdout == "Not locked.\n"
    assert folder.files() == []


def test_lock_release_asks_first(changed):
    with held(changed):
        told = changed("lock", "release", code=64)
        assert "--auto-approve" in told.stderr
        assert NAMED[0] in told.stderr
        for answer in (b"no\n", b"y\n", b"\x04"):
            with pytest.raises(AssertionError, match="Only 'yes'"):
                changed.on_terminal("lock", "release", answer=answer, code=0)
        assert lock_of(changed).current() is not None
        shown = changed.on_terminal("lock", "release", answer=b"yes\n")
        assert "Warning: a run that still goes on loses its right to write" in " ".join(
            shown.split()
        )
        assert "Released." in shown
        assert lock_of(changed).current() is None


def test_lock_release_without_a_question(changed):
    told = changed("lock", "release", "-y")
    assert (told.stdout, told.stderr) == ("Not locked.\n", "")
    with held(changed):
        assert changed("lock", "release", "-y").stdout == "Released.\n"
        changed("apply", "-y", "--lock-timeout", "0s")
    settled(changed)


@pytest.mark.parametrize("options", [(), ("-q",), ("-o", "json"), ("-o", "markdown")])
def test_lock_release_always_says_from_whom_and_warns(changed, options):
    with held(changed):
        told = changed("lock", "release", "-y", *options).stderr
        assert told.startswith("Locked by 'anna' on 'ci-7'")
        assert all(words in told for words in NAMED)
        assert told.count("Warning: a run that still goes on loses its right to write") == 1


def test_lock_release_tells_programs_from_whom(changed):
    def release():
        return json.loads(changed("lock", "release", "-y", "-o", "json").stdout)

    free = {"format_version": 1, "locked": False, "lease": None}
    assert release() == {**free, "released": False, "released_lease": None}
    with held(changed) as lease:
        told = release()
        assert told.pop("released_lease") == {
            "fence": lease.fence,
            "holder": msgspec.to_builtins(ANNA),
            "acquired_at": lease.acquired_at,
            "expires_at": lease.expires_at,
        }
        assert told == {**free, "released": True}
