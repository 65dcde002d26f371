"""What a watch does to a real embedded platform, and what it leaves alone."""

import signal
import socket
import sqlite3
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reconciler.applying.hold import held
from reconciler.cli.applying.events import EventStream
from reconciler.cli.applying.signals import Stop
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings
from reconciler.cli.watching import deeds as watch_deeds
from reconciler.cli.watching.bell import Bell, Inbox
from reconciler.cli.watching.deeds import Deeds
from reconciler.cli.watching.outcomes import identity
from reconciler.environment.origin import Origin
from reconciler.errors import (
    ERROR,
    INTERRUPTED,
    LOCKED,
    STALE,
    SUCCESS,
    PlatformBusyError,
    UsageError,
)
from reconciler.lease.contract import Holder
from reconciler.lease.keeper import Wait, acquire
from reconciler.platforms import open_platform
from reconciler.reconcile import apply_plan
from reconciler.retry.limits import TimeLimit
from reconciler.watching.conditions import BLOCKED, NOT_PULLED, OF_MANIFEST, OF_PLATFORM, Condition
from reconciler.watching.deeds import Pulled

MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: NAS, type: local, default_url: /data/nas}
"""


@pytest.fixture
def deeds(tmp_path, monkeypatch):
    """Give the deeds of a watch over a folder whose manifest was applied, and since changed."""
    monkeypatch.chdir(tmp_path)
    write(MANIFEST)
    options = WatchOptions(
        interval=300.0,
        pull=False,
        require_signed=False,
        apply=True,
        scan=None,
        lock_timeout=0.1,
        once=False,
    )
    context = Context.of(Settings(verbosity=-1), Streams(), {})
    one = Deeds(context, options, EventStream(None, "x", print), lambda *_: None, print, print)
    one.look()
    one.run()
    made: list[str] = []
    assert one.apply(made.append).worked
    assert made == [asked("SELECT id FROM platform")]
    write(MANIFEST.replace("label: NAS", "label: Other"))
    return one


@pytest.fixture
def silent():
    """Give the port of a server that takes what it is asked, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def write(text):
    Path("storages.yaml").write_text(text, encoding="utf-8")


def label():
    return asked("SELECT label FROM storages")


def asked(query):
    with closing(sqlite3.connect("platform.db")) as db:
        return db.execute(query).fetchone()[0]


@pytest.mark.parametrize(
    "text",
    [
        MANIFEST,
        MANIFEST.replace("label: NAS", "label: Third"),
        MANIFEST.replace("label: NAS", "label: Other").replace(
            "storages:", "lock: file:///x\nstorages:"
        ),
        MANIFEST.replace("label: NAS", "label: Other").replace("platform.db", "other.db"),
        MANIFEST.replace("label: NAS", "label: Other") + "policy: {protect: [nas]}\n",
    ],
)
def test_a_manifest_that_was_changed_since_it_was_planned_is_not_applied(deeds, text):
    deeds.look()
    write(text)
    deeds.run()
    tried = deeds.apply(pytest.fail)
    assert (tried.outdated, tried.worked, tried.exit_code) == (True, False, STALE)
    assert label() == "NAS"


@pytest.mark.parametrize(
    ("planned", "by_then"),
    [
        (MANIFEST.replace("name: nas", "name: two") + "removed: [{name: nas}]\n", MANIFEST),
        (MANIFEST.replace("label: NAS", "label: Other"), MANIFEST),
    ],
)
def test_a_manifest_that_is_changed_while_it_waits_for_the_lease_is_not_applied(
    deeds, monkeypatch, planned, by_then
):
    @contextmanager
    def waited(*arguments, **options):
        with held(*arguments, **options) as hold:
            write(by_then)
            yield hold

    write(planned)
    looked = deeds.look()
    assert looked.found.ready, looked
    monkeypatch.setattr("reconciler.applying.run.held", waited)
    journals = {*Path(".reconciler/journal").iterdir()}
    deeds.run()
    tried = deeds.apply(pytest.fail)
    assert (tried.outdated, tried.worked, tried.exit_code) == (True, False, STALE)
    assert label() == "NAS"
    assert {*Path(".reconciler/journal").iterdir()} == journals  # no run has begun
    deeds.look()
    deeds.run()
    assert deeds.apply(pytest.fail).worked  # the lease was given back


def test_an_apply_has_a_platform_of_its_own_with_its_run_and_its_time(deeds, monkeypatch):
    opened, jobs = {}, []

    def open_one(address, *, origin, left, **more):
        platform = open_platform(address, origin=origin, left=left, **more)
        opened[id(platform)] = (origin, left(), platform)
        return platform

    def carry_out(context, terms, job, events, after, stop):
        jobs.append(job)
        raise PlatformBusyError("busy")

    monkeypatch.setattr("reconciler.cli.inputs.platform.open_platform", open_one)
    monkeypatch.setattr("reconciler.cli.watching.deeds.carried_out", carry_out)
    deeds.look()
    run = deeds.run()
    assert deeds.apply(pytest.fail).busy
    origin, left, _ = opened[id(jobs[0].platform)]
    assert (origin["run"], left) == (run, None)
    assert {which["run"] for which, *_ in opened.values()} > {run}  # the look has another one


NOT_PULLED_NOW = Condition(NOT_PULLED, "", "unreachable", "no route")


@pytest.mark.parametrize(("remote", "problem"), [(MANIFEST, None), (None, NOT_PULLED_NOW)])
def test_what_was_pushed_while_it_waits_for_the_lease_is_pulled_before_anything_is_applied(
    deeds, monkeypatch, remote, problem
):
    waits = []

    @contextmanager
    def waited(*arguments, **options):
        with held(*arguments, **options) as hold:
            waits.append(1)
            yield hold

    class Checkout:
        def pull(self):
            if waits and remote:
                write(remote)
            return Pulled("c0ffee", problem if waits else None)

    monkeypatch.setattr("reconciler.applying.run.held", waited)
    deeds._checkout = Checkout()
    assert deeds.pull().problem is None
    assert deeds.look().found.ready
    deeds.run()
    tried = deeds.apply(pytest.fail)
    # Where nothing could be pulled there is no look at once: it would ask without a pause.
    assert (tried.outdated, tried.busy, tried.worked) == (
        problem is None,
        problem is not None,
        False,
    )
    assert tried.pulled == Pulled("c0ffee", problem)
    assert tried.exit_code == (ERROR if problem else STALE)
    assert label() == "NAS"


@pytest.mark.parametrize(("once", "code"), [(False, SUCCESS), (True, INTERRUPTED)])
def test_a_signal_before_the_first_write_leaves_a_plan_and_cuts_nothing_off(
    deeds, monkeypatch, once, code
):
    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGTERM)
        return apply_plan(*arguments, **options)

    monkeypatch.setattr("reconciler.applying.run.apply_plan", interrupted)
    deeds._options.once = once
    deeds.look()
    deeds.run()
    with Stop(TimeLimit(None), signals=watch_deeds.ENDING) as stop:
        deeds._stop = stop
        tried = deeds.apply(pytest.fail)
    assert (tried.exit_code, tried.busy, tried.problem) == (code, True, None)
    assert (stop.interrupted, stop.enforced) == (True, False)
    assert label() == "NAS"


def test_a_manifest_that_is_broken_by_then_is_not_applied_and_told(deeds):
    deeds.look()
    write("version: 2\n")
    deeds.run()
    tried = deeds.apply(pytest.fail)
    assert not tried.worked
    assert tried.problem.message.startswith("nothing was applied: storages.yaml:1:10: ")
    assert label() == "NAS"


def test_a_comment_changes_nothing(deeds):
    deeds.look()
    write(MANIFEST.replace("label: NAS", "label: Other") + "# a comment\n")
    deeds.run()
    assert deeds.apply(pytest.fail).worked
    assert label() == "Other"


def test_while_somebody_else_writes_it_leaves_the_plan_for_the_next_look(deeds):
    deeds.look()
    deeds.run()
    platform = open_platform(
        "sqlite:///platform.db", base=None, environ={}, origin=Origin("r", "a").claims()
    )
    holder = Holder("somebody", "elsewhere", "", "apply")
    with closing(acquire(platform.lock(), holder, Wait(1.0, "x", lambda: None, print))):
        tried = deeds.apply(pytest.fail)
    assert (tried.busy, tried.worked, tried.problem) == (True, False, None)
    assert tried.exit_code == LOCKED
    assert label() == "NAS"
    deeds.look()
    deeds.run()
    assert deeds.apply(pytest.fail).exit_code == SUCCESS
    assert label() == "Other"


def test_only_the_first_look_takes_a_mistake_of_usage_for_a_reason_to_end(deeds, monkeypatch):
    monkeypatch.setitem(deeds._context.environ, "RECONCILER_PLATFORM", " ")
    assert deeds.look().problem.kind == "unread"
    deeds._is_first = True
    with pytest.raises(UsageError, match="set but empty"):
        deeds.look()


def test_what_rings_often_is_heard_once(deeds):
    pokes = []

    class Watch:
        def poke(self):
            pokes.append(1)

    with closing(Bell()) as bell:
        inbox = Inbox(bell)
        for _ in range(5_000):
            inbox.poke()  # more than a socket has room for
        bell.wait(3600)
        inbox.hand_to(Watch())
        inbox.hand_to(Watch())
    inbox.poke()  # nobody hears it any more, and nobody minds
    assert pokes == [1]


@pytest.mark.parametrize(
    ("said", "interval", "seconds"),
    [(None, 300.0, 600.0), (None, 3600.0, 3600.0), (5.0, 300.0, 5.0)],
)
def test_a_look_is_given_up_after_a_while(deeds, monkeypatch, said, interval, seconds):
    limits = []
    monkeypatch.setattr(
        "reconciler.cli.watching.deeds.read_source", lambda context: limits.append(context.limit)
    )
    monkeypatch.setattr("reconciler.cli.watching.deeds.plan_apart", _refuse)
    context = Context.of(Settings(verbosity=-1, timeout=said), Streams(), {})
    deeds._context, deeds._options.interval = context, interval
    assert deeds.look().problem is not None
    assert limits[0].seconds == seconds


def _refuse(*_):
    raise PlatformBusyError("busy")


def test_why_nothing_was_read_is_told_apart(deeds):
    write(MANIFEST.replace("storages:", "storagez:"))
    assert deeds.look().problem.code == OF_MANIFEST
    write(MANIFEST)
    Path("platform.db").write_text("no database")
    assert deeds.look().problem.code == OF_PLATFORM


@pytest.mark.parametrize("more", ['"https://u:hush@h/b": 1', '"${https://u:hush@h}": 1', "x: 1"])
def test_a_secret_in_what_is_wrong_with_a_manifest_is_masked(deeds, more):
    write(f"{MANIFEST}{more}\n")
    said = deeds.look().problem.message
    assert said.startswith("storages.yaml:5:")
    assert "hush" not in said
    write(f"{MANIFEST}{more}\ny: 2\n")
    assert "hush" not in deeds.look().problem.message


def test_a_platform_that_never_answers_holds_up_no_look_for_ever(deeds, silent, monkeypatch):
    """Also where nobody has said how long a look may take."""
    write(MANIFEST.replace("sqlite:///platform.db", f"http://127.0.0.1:{silent}"))
    deeds._options.interval = 0.4
    monkeypatch.setattr(watch_deeds, "_LONGEST_LOOK", 0.4)
    # What is asked once more, and each call that begins too late, has some seconds more.
    monkeypatch.setattr("reconciler.retry.reader.SECONDS", 0.0)
    monkeypatch.setattr("reconciler.platforms.http.network.budget.LAST", 0.1)
    begun = time.monotonic()
    looked = deeds.look()
    assert (looked.problem.code, looked.exit_code) == (OF_PLATFORM, ERROR)
    assert 0.4 <= time.monotonic() - begun < 3


def test_nothing_declared_is_told_with_what_takes_the_consent(deeds):
    write("version: 1\nplatform: sqlite:///platform.db\nstorages: []\n")
    said = {one.code: one.message for one in deeds.look().conditions if one.kind == BLOCKED}
    assert said["nothing_declared"].endswith("`plan` and `apply` take `--allow-empty`")


def test_two_platforms_whose_ids_differ_in_what_is_masked_are_two():
    ours, theirs = (identity(f"jetraw+module:m@{who}@host") for who in ("ours", "theirs"))
    assert ours != theirs
    assert "ours" not in ours
    assert identity("1e7f") == "1e7f"
