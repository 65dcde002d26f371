"""`watch --notify-urls` through a server that fails and hangs, and through kills at any moment."""

import json
import random
import re
import signal
import sqlite3
import time
from contextlib import closing, contextmanager
from subprocess import DEVNULL

import pytest

from support.notified import webhook

NAMES = [f"s{n}" for n in range(12)]
SEED = 20261130
#: What a message says of a condition: how it began or ended, and of which storage.
LINE = re.compile(r"(drift, and over by now|drift, once more|drift|no drift any more): '(s\d+)'")
STATE = ".reconciler/watch/watch.json"


def labelled(folder, name, label):
    with closing(sqlite3.connect(folder.path / "platform.db", isolation_level=None)) as db:
        db.execute("UPDATE storages SET label = ? WHERE name = ?", (label, name))


def known(folder):
    """Give the storages that are known to differ, as a restart would know it."""
    state = json.loads(folder.read(STATE))
    return {one["condition"]["name"] for one in state.get("lasting", ())}


@contextmanager
def watching(folder):
    line = ("watch", "--interval", "1s", "--notify-urls", "notify")
    with folder.start(*line, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.long
def test_each_beginning_and_end_is_told_once_but_for_what_a_kill_doubles(folder):
    chance, kills = random.Random(SEED), 0
    entries = "".join(
        f"  - {{name: {n}, label: {n}, type: local, default_url: /data/{n}}}\n" for n in NAMES
    )
    folder.write(f"version: 1\nplatform: sqlite:///platform.db\nstorages:\n{entries}")
    folder("apply", "-y", "-q")
    folder("watch", "--once")
    with webhook() as hook:
        folder.write(f"team = json://127.0.0.1:{hook.port}/hook?rto=0.3\n", "notify")
        for name in NAMES:
            for label, differs in (("mine", True), (name, False)):
                hook.status = chance.choice((200, 200, 500))
                hook.hangs = chance.random() < 0.2
                labelled(folder, name, label)
                if chance.random() < 0.7:  # killed at any moment: of a start, a look, a message
                    with watching(folder) as process:
                        time.sleep(chance.uniform(0.3, 2.5))
                        process.send_signal(signal.SIGKILL)
                        kills += 1
                with watching(folder):
                    wait_for(lambda n=name, d=differs: (n in known(folder)) == d)
        hook.status, hook.hangs = 200, False
        hook.released.set()
        folder("watch", "--once", "--notify-urls", "notify")
        messages = [hook.taken.get() for _ in range(hook.taken.qsize())]
    began, ended = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
    for message in messages:
        alone = "\n" not in message["message"] and not message["message"].startswith("- ")
        text = message["title"] if alone else message["message"]
        for what, name in LINE.findall(text):
            began[name] += what != "no drift any more"
            ended[name] += what.endswith(("any more", "by now"))
    assert min(*began.values(), *ended.values()) >= 1, (began, ended)
    doubled = sum(began.values()) + sum(ended.values()) - 2 * len(NAMES)
    assert doubled <= kills, (began, ended, kills)
    assert json.loads(folder.read(".reconciler/watch/notify.json"))["destinations"] == {"team": {}}
