"""A signal ends `watch` wherever it is: nothing is begun after it, nor told that never was."""

import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing, contextmanager
from functools import partial
from subprocess import DEVNULL, PIPE

import pytest

from reconciler.environment.origin import Origin
from reconciler.lease.contract import Holder
from reconciler.lease.keeper import Wait, acquire
from reconciler.platforms import open_platform
from support.faults.fault_proxy import PASS, FaultProxy
from support.notified import webhook
from support.platforms.live_file import local, manifest
from support.server.state_server import StateServer
from support.watching.remote import ENVIRON, git
from support.watching.watcher import until

#: Serves a fetch; the one under the lease waits for the test, which is told of it.
UPLOAD = """\
#!/bin/sh
if [ -e {0}/armed ]; then
  if [ -e {0}/looked ]; then rm {0}/armed {0}/looked; echo fetching > {0}/pulls; read go < {0}/go
  else : > {0}/looked; fi
fi
exec git-upload-pack "$@"
"""
KEEPS = ("watch", "--apply", "--interval", "1h")


def labels(folder):
    with closing(sqlite3.connect(folder.path / "platform.db")) as db:
        return {label for (label,) in db.execute("SELECT label FROM storages")}


def relabel(folder, label, name="storages.yaml"):
    text = folder.read("storages.yaml")
    folder.write(text.replace("label: NAS", f"label: {label}"), name)


@contextmanager
def watching(folder, *more, env=None):
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    with folder.start(*KEEPS, *more, env=env, **streams) as process:
        try:
            assert process.stderr.readline().startswith("Watching sqlite:///")
            yield process
        finally:
            process.kill()


@contextmanager
def held(folder):
    """Have somebody else hold the lease."""
    database = f"sqlite:///{folder.path}/platform.db"
    platform = open_platform(database, base=None, environ={}, origin=Origin("r", "a").claims())
    waiting = Wait(1.0, "x", lambda: None, print)
    with closing(acquire(platform.lock(), Holder("bob", "elsewhere", "", "apply"), waiting)):
        yield


def heard(process, says):
    """Wait until it says so on standard error."""
    while says not in (line := process.stderr.readline()):
        assert line, f"it never said {says!r}"


@pytest.fixture
def pulling(applied, tmp_path_factory):
    """Give a checkout, what pushes another label, and what waits for the pull under the lease."""
    around = tmp_path_factory.mktemp("around")
    remote, author = around / "remote", around / "author"
    git(applied.path, "init", "-q", "-b", "main", ".")
    git(applied.path, "add", "storages.yaml")
    git(applied.path, "commit", "-qm", "one")
    git(applied.path, "clone", "-q", "--bare", ".", str(remote))
    git(applied.path, "remote", "add", "origin", str(remote))
    git(applied.path, "fetch", "-q")
    git(applied.path, "branch", "-q", "-u", "origin/main")
    git(around, "clone", "-q", str(remote), str(author))
    script = around / "upload"
    script.write_text(UPLOAD.format(around))
    script.chmod(0o700)
    git(applied.path, "config", "remote.origin.uploadpack", str(script))
    for fifo in ("pulls", "go"):
        os.mkfifo(around / fifo)

    first = applied.read("storages.yaml")

    def push(label):
        text = first.replace("label: NAS", f"label: {label}")
        (author / "storages.yaml").write_text(text)
        git(author, "commit", "-qam", label)
        git(author, "push", "-q")

    go = os.open(around / "go", os.O_RDWR)  # also where nobody reads it any more

    @contextmanager
    def under_lease(process):
        """Go on once the pull under the lease has begun; at the end it may go on.

        Of what is only begun now it is the first one.
        """
        (around / "armed").touch()
        if callable(process):
            (around / "looked").touch()
            process = process()
        else:
            process.send_signal(signal.SIGHUP)
        assert (around / "pulls").read_text() == "fetching\n"
        yield process
        os.write(go, b"on\n")

    yield push, under_lease
    os.close(go)


def test_a_signal_while_it_pulls_under_the_lease_ends_it_though_something_else_is_wanted(
    applied, pulling
):
    push, under_lease = pulling
    with watching(applied, "--pull", env=ENVIRON) as process:
        push("Second")
        with under_lease(process):
            push("Third")
            process.send_signal(signal.SIGTERM)
            heard(process, "Stopping: ")
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "applied, run" not in out
    assert labels(applied) & {"Second", "Third"} == set()
    assert "cut off" not in applied("watch", "--once", code=2).stdout


def test_a_second_signal_while_it_pulls_under_the_lease_ends_it_and_nothing_was_cut_off(
    applied, pulling
):
    push, under_lease = pulling
    with watching(applied, "--pull", env=ENVIRON) as process:
        push("Second")
        with under_lease(process):
            process.send_signal(signal.SIGTERM)
            heard(process, "Stopping: ")
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
    assert (process.returncode, "Interrupted." in err) == (130, True)
    assert "cut off" not in applied("watch", "--once", code=2).stdout


def test_a_signal_while_it_waits_for_the_lease_ends_it_and_nothing_was_cut_off(applied):
    with watching(applied) as process, held(applied):
        relabel(applied, "Other")
        process.send_signal(signal.SIGHUP)
        heard(process, "Waiting up to 10 s: ")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, "Interrupted." in err) == (0, False), err
    assert labels(applied) & {"Other"} == set()
    assert "cut off" not in applied("watch", "--once", code=2).stdout


def test_one_round_that_is_ended_while_it_waits_for_the_lease_did_not_do_what_it_was_to(applied):
    relabel(applied, "Other")
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    with held(applied), applied.start("watch", "--once", "--apply", **streams) as process:
        heard(process, "Waiting up to 10 s: ")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert "cut off" not in applied("watch", "--once", code=2).stdout


@pytest.fixture
def slow(folder):
    """Give a folder with drift, a way to write its manifest, and a platform that answers late."""
    asked, may_answer = threading.Event(), threading.Event()

    def late(request):
        if "/v1/storages" in request.target:
            asked.set()
            may_answer.wait(30)
        return PASS

    with (
        StateServer(f"sqlite:///{folder.path}/server.db", token="admin") as server,
        FaultProxy(int(server.url.rpartition(":")[2])) as proxy,
    ):
        (folder.path / "token").write_text(server.token)
        folder.write(manifest(local("nas"), platform=proxy.url))
        folder("apply", "-y", "-q", env={"RECONCILER_TOKEN_FILE": "token"})
        proxy.decide = late
        yield partial(manifest, local("other"), platform=proxy.url), asked, may_answer
        may_answer.set()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize(
    ("more", "policy", "code"),
    [((), {}, 2), (("--apply",), {}, 3), (("--apply",), {"undeclared": "ignore"}, 130)],
)
def test_one_round_that_is_ended_while_it_looks_ends_with_what_it_has_seen(
    folder, slow, name, more, policy, code
):
    wanted, asked, may_answer = slow
    folder.write(wanted(**policy))
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    env = {"RECONCILER_TOKEN_FILE": "token"}
    with folder.start("watch", "--once", *more, env=env, **streams) as process:
        assert asked.wait(30)
        process.send_signal(getattr(signal, name))
        heard(process, "Stopping: ")
        may_answer.set()
        out, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert " drift: 'other': " in out
    assert "applied, run" not in out


def test_one_round_that_is_ended_while_it_pulls_has_seen_nothing(applied, pulling):
    _, under_lease = pulling
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    begin = partial(applied.start, "watch", "--once", "--pull", env=ENVIRON, **streams)
    with under_lease(begin) as process:
        process.send_signal(signal.SIGTERM)
        heard(process, "Stopping: ")
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")


#: A git that holds its lock until somebody lets it go on, as on a slow disk.
SLOW = """\
#!/bin/sh
if [ "$1" = merge ]; then
  : > .git/index.lock; echo begun > {0}/begun; read go < {0}/go; rm .git/index.lock
fi
exec {1} "$@"
"""


@pytest.mark.parametrize("waits", [True, False])
def test_git_that_writes_files_comes_to_its_end_also_beyond_that_of_the_watch(
    applied, pulling, tmp_path, waits
):
    push, _ = pulling
    for fifo in ("begun", "go"):
        os.mkfifo(tmp_path / fifo)
    (tmp_path / "git").write_text(SLOW.format(tmp_path, shutil.which("git")))
    (tmp_path / "git").chmod(0o700)
    env = {**ENVIRON, "PATH": f"{tmp_path}:{ENVIRON['PATH']}"}
    with watching(applied, "--pull", env=env) as process:
        push("Second")
        process.send_signal(signal.SIGHUP)
        assert (tmp_path / "begun").read_text() == "begun\n"
        process.send_signal(signal.SIGTERM)
        heard(process, "Stopping: ")
        process.send_signal(signal.SIGTERM)
        if waits:
            (tmp_path / "go").write_text("on\n")
        else:  # and again: nobody waits for git any more
            until(lambda: process.send_signal(signal.SIGTERM) or process.poll() is not None)
        process.wait(timeout=20)
        assert "Interrupted." in process.stderr.read()
    assert process.returncode == 130
    if not waits:
        assert (applied.path / ".git/index.lock").exists()
        (tmp_path / "go").write_text("on\n")
    until(lambda: "Second" in applied.read("storages.yaml"))
    until(lambda: not (applied.path / ".git/index.lock").exists())
    again = applied("watch", "--once", "--pull", "--apply", env=ENVIRON)
    assert "can't pull" not in again.stdout
    assert "Second" in labels(applied)


@pytest.fixture
def hanging(applied):
    """Give a webhook that takes what it is told, and never answers; there is drift to tell."""
    relabel(applied, "Other")
    with webhook() as hook:
        hook.hangs = True
        applied.write(f"team = json://127.0.0.1:{hook.port}/?rto=60\n", "notify").chmod(0o600)
        yield hook


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_what_may_be_taken_as_one_round_is_ended_is_sent_three_times(applied, hanging, name):
    once = ("watch", "--once", "--notify-urls", "notify")
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    for _ in range(3):
        with applied.start(*once, **streams) as process:
            assert hanging.asked.get(timeout=30)["title"].startswith("drift: 'nas': ")
            process.send_signal(getattr(signal, name))
            _, err = process.communicate(timeout=20)
        assert (process.returncode, "Interrupted." in err) == (130, True)
    assert "it is not sent again" in err
    applied(*once, code=2)
    assert hanging.asked.empty()


def test_what_may_be_taken_at_a_second_signal_is_sent_three_times(applied, hanging):
    stays = ("watch", "--interval", "1h", "--notify-urls", "notify")
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    for _ in range(3):
        with applied.start(*stays, **streams) as process:
            heard(process, "Watching sqlite:///")
            assert hanging.asked.get(timeout=30)["title"].startswith("drift: 'nas': ")
            process.send_signal(signal.SIGTERM)
            heard(process, "Stopping: ")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        assert process.returncode == 130
    applied("watch", "--once", "--notify-urls", "notify", code=2)
    assert hanging.asked.empty()
