"""What a watch tells of the runs of everybody, by the audit of a real state server over HTTP."""

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from reconciler.cli.applying.events import EventStream
from reconciler.cli.commands.watching.watch import WatchOptions
from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings
from reconciler.cli.watching import auditing, surveying
from reconciler.cli.watching.deeds import Deeds
from reconciler.cli.watching.surveying import Surveyor
from reconciler.environment.timestamps import utc_now
from reconciler.errors import PlatformError
from reconciler.model import Values
from reconciler.platform import Change, forever
from reconciler.platforms import open_platform
from reconciler.platforms.http import audit
from reconciler.report.html.watching.overview import Wish, overview
from reconciler.report.html.watching.page import html
from reconciler.report.watching.document import document
from reconciler.schemas import schema_text
from reconciler.server.store import session
from reconciler.server.store.opening import open_store
from support.faults.fault_proxy import CUT, DROP_BEFORE, HANG_AFTER, PASS, FaultProxy, refused
from support.server.serving import serving
from support.server.storing import BOB, create, remove
from support.values.watched import calm

MANIFEST = """\
version: 1
platform: {url}
policy: {{undeclared: ignore}}
storages:
  - {{name: nas, label: NAS, type: local, default_url: /data/nas}}
"""
ELSEWHERE = {
    "run": "run-elsewhere",
    "actor": "anna https://anna:hush@ci.lab/",
    "commit": "c0ffee",
    "job_url": "https://anna:hush@ci.lab/7?token=hush",
}


class Team:
    """A watch, a line to a state server, and somebody on another machine."""

    def __init__(self, store, proxy):
        self.store, self.proxy = store, proxy
        self.deeds = self.begin()
        Path("storages.yaml").write_text(MANIFEST.format(url=proxy.url), encoding="utf-8")

    def begin(self, **settings):
        """Give the deeds of a watch that has a page."""
        options = WatchOptions(
            interval=300.0,
            pull=False,
            require_signed=False,
            apply=True,
            scan=None,
            lock_timeout=1,
            once=False,
        )
        self.deeds = Deeds(
            Context.of(Settings(verbosity=-1, **settings), Streams(), {}),
            options,
            *(EventStream(None, "x", print), lambda *_: None, print, print),
            Surveyor(Path(".reconciler/journal")),
        )
        return self.deeds

    def elsewhere(self):
        """Write from another machine."""
        url = f"http://127.0.0.1:{self.proxy.upstream[1]}"
        platform = open_platform(url, base=None, environ={}, origin=ELSEWHERE)
        return closing(platform.writer(wait=0))

    def runs(self):
        """Look, and give what is told of runs."""
        looked = self.deeds.look()
        assert looked.problem is None
        return looked.survey.runs

    def asked(self):
        """Give what was asked since the last time."""
        requests = self.proxy.log.requests
        told = [request.target for request, _ in requests]
        requests.clear()
        return told

    def break_audit(self, *faults):
        """Do these in turn to requests for the audit, the last one for ever."""
        left = list(faults)

        def decide(request):
            if not request.target.startswith("/v1/audit"):
                return PASS
            return left.pop(0) if len(left) > 1 else left[0]

        self.proxy.decide = decide


@pytest.fixture
def team(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (
        closing(open_store(f"sqlite:///{tmp_path}/server.db")) as store,
        serving(store) as server,
        FaultProxy(server.port) as proxy,
    ):
        yield Team(store, proxy)


def test_who_removed_a_storage_elsewhere_is_on_the_page_with_commit_and_job(team):
    with team.elsewhere() as writer:
        label = "see https://ada:hush@minio"
        made = writer.create(Values("gone", label, "local", "file:///data/gone"))
        assert [one.removed for one in team.runs()] == [0]
        writer.remove(made, holds_files=False)
    (run,) = team.runs()
    assert (run.run, run.state, run.exit, run.removed) == ("run-elsewhere", "recorded", None, 1)
    assert (run.commit, run.done) == ("c0ffee", "2 operations: 2 done.")
    assert run.actor == "anna https://***@ci.lab/ as anonymous"
    (removal,) = run.removals
    assert (removal.name, removal.status) == ("gone", "done")
    assert removal.location == "file:///data/gone"
    status = replace(calm(), runs=(run,))
    told = document(status).decode()
    jsonschema.validate(json.loads(told), json.loads(schema_text("status")))
    page = html(overview(status, utc_now(), Wish()), status.at)
    for text in ("gone", "run-elsewhere", "c0ffee", "ci.lab/7", "anna", "the platform&#39;s audit"):
        assert text in page, text
    assert "hush" not in told + page


@pytest.fixture
def even(monkeypatch):
    """Have the revision of the server grow by what it grows on average; give that."""
    assert audit._STEP == session.LARGEST_STEP // 2
    monkeypatch.setattr("reconciler.server.store.sqlite.session.step", lambda: audit._STEP)
    return audit._STEP


def test_a_look_asks_for_what_is_new_alone_in_one_request(team, even):
    create(team.store, "old", author=BOB)
    assert len(team.runs()) == 1
    assert team.asked() == [
        *("/v1/platform", "/v1/storages?limit=10000"),
        "/v1/audit?limit=10000&after=0",
    ]
    for number in range(3):
        create(team.store, f"s{number}", author=BOB)
    runs = team.runs()
    # By the one that was last it is known to be the same audit.
    assert team.asked()[2:] == [f"/v1/audit?limit=10000&after={even - 1}"]
    assert [(one.run, one.done) for one in runs] == [("r1", "4 operations: 4 done.")]
    assert team.runs() == runs
    assert team.asked()[2:] == [f"/v1/audit?limit=10000&after={4 * even - 1}"]


def test_a_long_audit_is_read_from_its_newest_writes_on(team, even, monkeypatch):
    monkeypatch.setattr(auditing, "_NEWEST", 3)
    ids = [create(team.store, f"s{n}", author=BOB).storage.id for n in range(5)]
    (run,) = team.runs()
    assert team.asked()[2:] == [f"/v1/audit?limit=10000&after={2 * even}"]
    assert run.done == "at least 3 operations: 3 done."
    for id in ids:  # more than may be read: what was known is older than that
        remove(team.store, id, author=BOB)
    (run,) = team.runs()
    assert team.asked()[2:] == [f"/v1/audit?limit=10000&after={7 * even}"]
    assert (run.done, run.removed) == ("at least 3 operations: 3 done.", 3)


def test_the_newest_runs_are_told_and_the_first_removals_of_each(team, monkeypatch):
    monkeypatch.setattr(auditing, "_AT_ONCE", 4)
    monkeypatch.setattr(auditing, "_KNOWN", 22)
    ids = [create(team.store, f"s{n}", author=BOB).storage.id for n in range(25)]
    for id in ids:
        remove(team.store, id, author=BOB)
    (run,) = team.runs()
    assert (len(run.removals), run.removed) == (20, 25)
    assert [one.name for one in run.removals[:2]] == ["s0", "s1"]
    for number in range(30):
        create(team.store, f"t{number}", author=replace(BOB, run=f"t{number}"))
    assert [one.run for one in team.runs()] == [f"t{number}" for number in range(29, 9, -1)]


@pytest.mark.parametrize("fault", [refused(500), refused(404), CUT], ids=["500", "404", "cut"])
def test_an_audit_that_cannot_be_read_fails_no_look(team, fault, monkeypatch):
    monkeypatch.setattr(auditing, "SECONDS", 0.0)
    create(team.store, author=BOB)
    assert len(team.runs()) == 1
    team.break_audit(fault)
    assert team.runs() is None
    looked = team.deeds.look()
    assert (looked.problem, looked.live) == (None, 1)
    create(team.store, "other", author=BOB)
    team.break_audit(PASS)
    assert [one.done for one in team.runs()] == ["2 operations: 2 done."]


def test_what_cannot_be_answered_just_now_is_asked_again(team):
    create(team.store, author=BOB)
    team.break_audit(DROP_BEFORE, refused(503), PASS)
    assert len(team.runs()) == 1


def test_no_look_and_no_apply_waits_for_an_audit_that_never_answers(team):
    create(team.store, author=BOB)
    assert len(runs := team.runs()) == 1
    team.break_audit(HANG_AFTER)
    team.begin(timeout=30.0)
    begun = time.monotonic()
    assert team.runs() is None  # of a new watch
    team.deeds.run()
    tried = team.deeds.apply(pytest.fail)
    assert (tried.worked, len(tried.survey.storages)) == (True, 1)
    assert time.monotonic() - begun < 10
    team.break_audit(PASS)
    team.begin()
    assert len(team.runs()) == len(runs) + 1


class Slow:
    """Somebody who asks an audit, and whose answer the test lets through."""

    def __init__(self):
        self.answers, self.may_answer = [], threading.Semaphore(0)

    def runs(self, platform, whose, left):
        assert self.may_answer.acquire(timeout=30)
        return self.answers.pop(0)


def test_what_an_audit_tells_after_a_look_is_told_as_soon_as_it_is_there(monkeypatch):
    monkeypatch.setattr(auditing, "_SOON", 0.01)
    slow, told, heard = Slow(), [], threading.Semaphore(0)

    def late(runs):
        told.append(runs)
        heard.release()

    asking = auditing.Asking(slow, late)
    slow.answers = [("first",), ("second",), ("of another",), ("third",)]
    assert asking.runs(None, "p1", forever) is None
    slow.may_answer.release()
    assert heard.acquire(timeout=30)
    assert told == [("first",)]
    # As long as it may still answer what was known is what is known; only one asks at a time.
    assert asking.runs(None, "p1", forever) == asking.runs(None, "p1", forever) == ("first",)
    monkeypatch.setattr(auditing, "_LONG", -1.0)
    assert asking.runs(None, "p1", forever) is None
    # What came of one platform is not told of another.
    assert asking.runs(None, "p2", forever) is None
    slow.may_answer.release()
    while asking._begun is not None:
        heard.acquire(timeout=0.01)
    assert told == [("first",)]
    monkeypatch.setattr(auditing, "_SOON", 30.0)
    slow.may_answer.release()
    assert asking.runs(None, "p2", forever) == ("of another",)
    slow.may_answer.release()
    assert asking.runs(None, "p1", forever) == ("third",)
    assert told == [("first",)]


def test_another_server_in_its_place_is_read_anew(team, tmp_path):
    for number in range(3):
        create(team.store, f"s{number}", author=BOB)
    assert len(team.runs()) == 1
    upstream = team.proxy.upstream
    with (
        closing(open_store(f"sqlite:///{tmp_path}/other.db")) as store,
        serving(store) as server,
    ):
        create(store, author=replace(BOB, run="theirs"))
        team.proxy.upstream = ("127.0.0.1", server.port)
        assert [one.run for one in team.runs()] == ["theirs"]
        for number in range(3):  # as many writes as the first one has
            create(store, f"t{number}", author=replace(BOB, run="theirs"))
        team.proxy.upstream = upstream
        assert [one.run for one in team.runs()] == ["r1"]


def test_a_server_that_went_back_in_time_is_read_anew(team, tmp_path):
    create(team.store, author=BOB)
    backup = tmp_path / "backup.db"
    copied(tmp_path / "server.db", backup)
    for run in ("lost", "lost too"):
        create(team.store, run, author=replace(BOB, run=run))
    assert [one.run for one in team.runs()] == ["lost too", "lost", "r1"]
    with closing(open_store(f"sqlite:///{backup}")) as store, serving(store) as server:
        team.proxy.upstream = ("127.0.0.1", server.port)
        assert [one.run for one in team.runs()] == ["r1"]
        for run in ("new", "newer", "newest"):  # further than it had been
            create(store, run, author=replace(BOB, run=run))
            told = team.runs()
        assert [one.run for one in told] == ["newest", "newer", "new", "r1"]


def copied(database, backup):
    with closing(sqlite3.connect(database)) as old, closing(sqlite3.connect(backup)) as new:
        old.backup(new)


def test_after_an_apply_its_run_is_told_without_another_look(team):
    assert team.runs() == ()
    run = team.deeds.run()
    tried = team.deeds.apply(pytest.fail)
    assert tried.worked
    assert [(one.run, one.done) for one in tried.survey.runs] == [(run, "1 operation: 1 done.")]
    assert team.runs() == tried.survey.runs


def change(revision, run="r1"):
    """Return a write."""
    texts = ("2026-01-01T00:00:00Z", "ci", run, "anna", "c0ffee", "", "create", "id", "nas")
    return Change(revision, *texts, None, None)


class Audit:
    """An audit that may become another one while its server is the same."""

    def __init__(self, *changes):
        self.changes_now = changes

    def recent(self, writes):
        return 0

    def changes(self, *, name, after=0):
        for one in self.changes_now:
            if isinstance(one, Exception):
                raise one
            if one.revision > after:
                yield one


def test_what_was_taken_in_before_a_failure_is_taken_once(monkeypatch):
    monkeypatch.setattr(auditing, "_AT_ONCE", 2)
    monkeypatch.setattr(auditing, "SECONDS", 0.0)
    auditor = auditing.Auditor(surveying._run)
    theirs = Audit(*map(change, (1, 2, 3)), PlatformError("no more"))
    assert auditor.runs(theirs, "p1", forever) is None
    theirs.changes_now = tuple(map(change, (1, 2, 3, 4)))
    (run,) = auditor.runs(theirs, "p1", forever)
    assert run.done == "4 operations: 4 done."
    theirs.changes_now = (change(1), change(2), change(3), change(4, run="another"))
    assert [one.run for one in auditor.runs(theirs, "p1", forever)] == ["another", "r1"]
    theirs.changes_now = ()
    assert auditor.runs(theirs, "p1", forever) == ()
