"""`watch --notify-urls`: each beginning and end reaches a real server once, also across restarts.

In this process, so that apprise is imported once: it takes a second.
"""

import json

import pytest

from reconciler.cli.main import main
from support.notified import mail_server, webhook

TOKEN = "t0ken-of-the-hook"
MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages: [{name: nas, label: NAS, type: local, default_url: /data/nas}]
"""


@pytest.fixture
def hook():
    with webhook() as server:
        yield server


@pytest.fixture
def watch(tmp_path, monkeypatch, capfd, hook):
    """Give what runs `watch` in a folder with a manifest and a list of addresses."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "storages.yaml").write_text(MANIFEST)
    (tmp_path / "notify").write_text(f"team=json://127.0.0.1:{hook.port}/{TOKEN}\n")

    def watch(*arguments, code=0):
        ended = main(["watch", *arguments])
        told = capfd.readouterr()
        assert ended == code, told
        assert TOKEN not in told.out + told.err
        for path in tmp_path.rglob("*"):
            if path.is_file() and path.name not in ("notify", "platform.db"):
                assert TOKEN not in path.read_text(), path
        return told

    return watch


def arrived(hook):
    """Give the first lines of what has arrived, and nothing more will."""
    return [hook.taken.get()["title"].replace("\u200b", "") for _ in range(hook.taken.qsize())]


ONCE = ("--once", "--notify-urls", "notify")


def test_beginnings_and_ends_arrive_once_and_outlast_a_server_that_is_down(watch, hook):
    hook.status = 500
    told = watch(*ONCE, code=2)
    assert "'team' (json) can't be notified: it was refused with status 500" in told.err
    assert watch(*ONCE, code=2) == ("", "")
    hook.status = 200
    told = watch(*ONCE, code=2)
    assert told == ("", "Note: 'team' (json) takes notifications again\n")
    (drift,) = arrived(hook)
    assert drift.startswith("drift: 'nas': declared, but not live (sqlite:////")
    assert watch(*ONCE, code=2) == ("", "")
    assert main(["apply", "-y", "-q"]) == 0
    watch(*ONCE)
    watch(*ONCE)
    (ended,) = arrived(hook)
    assert ended.startswith("no drift any more: 'nas': declared, but not live (sqlite:////")


def test_that_what_fails_has_another_cause_is_told_once(watch, hook, tmp_path):
    assert main(["apply", "-y", "-q"]) == 0
    (tmp_path / "away").mkdir()
    (tmp_path / "platform.db").rename(tmp_path / "away/platform.db")
    (tmp_path / "platform.db").write_text("no database")
    assert " can't look: " in watch(*ONCE, code=1).out
    (tmp_path / "storages.yaml").write_text("storagez: []")
    assert " can't look, for another reason now: storages.yaml:1:" in watch(*ONCE, code=65).out
    assert watch(*ONCE, code=65).out == ""
    (tmp_path / "storages.yaml").write_text(MANIFEST)
    (tmp_path / "away/platform.db").replace(tmp_path / "platform.db")
    assert " can look again, after: storages.yaml:1:" in watch(*ONCE).out
    assert [said.partition(":")[0] for said in arrived(hook)] == [
        "can't look",
        "can't look, for another reason now",
        "can look again, after",
    ]


def test_who_shares_an_address_with_one_who_takes_nothing_is_told_once(watch, tmp_path):
    with mail_server() as server:
        server.refuses = ("bad@example.org",)
        options = "from=w@example.org&to=good@example.org,bad@example.org&mode=insecure"
        (tmp_path / "notify").write_text(f"team=mailto://127.0.0.1:{server.port}?{options}\n")
        assert "'team/2' (mailto) can't be notified" in watch(*ONCE, code=2).err
        assert watch(*ONCE, code=2) == ("", "")
        assert server.taken.get()["To"] == "good@example.org"
        assert server.taken.empty()
        server.refuses = ()
        assert "'team/2' (mailto) takes notifications again" in watch(*ONCE, code=2).err
        assert server.taken.get()["To"] == "bad@example.org"
        assert server.taken.empty()


def test_what_was_told_is_known_though_the_memory_of_the_watch_is_lost(watch, hook, tmp_path):
    watch(*ONCE, code=2)
    assert len(arrived(hook)) == 1
    (tmp_path / ".reconciler/watch/watch.json").write_text("{")
    told = watch(*ONCE, code=2)
    assert "watch.json' is damaged: it goes on from what was notified" in told.err
    assert told.out == ""
    (tmp_path / ".reconciler/watch/notify.json").write_text("{")
    assert "notifications of what lasts are sent anew" in watch(*ONCE, code=2).err
    assert len(arrived(hook)) == 1


def test_a_memory_that_a_full_disk_left_behind_ends_nothing(watch, hook, tmp_path):
    assert main(["apply", "-y", "-q"]) == 0
    watch(*ONCE)
    memory = tmp_path / ".reconciler/watch/watch.json"
    older = json.loads(memory.read_text())
    (tmp_path / "storages.yaml").write_text(MANIFEST.replace("label: NAS", "label: Other"))
    watch(*ONCE, code=2)
    assert len(arrived(hook)) == 1
    memory.write_text(json.dumps(older))
    assert watch(*ONCE, code=2).out == ""
    assert arrived(hook) == []


def test_a_test_message_says_who_takes_it(watch, hook, tmp_path, monkeypatch):
    addresses = (tmp_path / "notify").read_text()
    (tmp_path / "notify").chmod(0o644)
    told = watch("--notify-test", "--notify-urls", "notify")
    assert "everybody on this machine can read 'notify'" in told.err
    assert arrived(hook)[0].startswith("test (/")
    monkeypatch.setenv("RECONCILER_NOTIFY_URLS", addresses)
    assert watch("--notify-test").out.endswith(" 'team' (json): taken\n")
    hook.status = 404
    (line,) = watch("--notify-test", "-o", "json", code=1).out.splitlines()
    told = json.loads(line)
    assert (told["event"], told["destination"], told["taken"]) == ("notified", "team", False)
    assert told["problem"] == "it was refused with status 404"
    (test,) = arrived(hook)
    assert test.startswith("test (/")
    assert not (tmp_path / ".reconciler").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--notify-test"], "give --notify-urls"),
        (["--once", "--digest", "daily"], "give --notify-urls"),
        (["--once", "--notify-urls", f"json://{TOKEN}"], "names a file"),
        ([*ONCE, "--digest-at", "08:00"], "give both"),
        ([*ONCE, "--digest", "daily", "--digest-at", "24:00"], "no time of day"),
        ([*ONCE, "--digest", "daily", "--digest-at", "8:00 Europe/Nowhere"], "no zone"),
    ],
)
def test_what_makes_no_sense_is_refused(watch, arguments, says):
    assert says in watch(*arguments, code=64).err


def test_a_disk_that_keeps_nothing_is_told_and_stops_nothing(watch, hook, tmp_path):
    (tmp_path / ".reconciler/watch/notify.json").mkdir(parents=True)
    told = watch(*ONCE, code=2)
    assert "notify.json' can't be read (Is a directory): notifications" in told.err
    assert told.err.count("who was notified can't be kept (Is a directory)") == 1
    assert len(arrived(hook)) == 1


def test_a_digest_comes_when_it_is_time_and_once(watch, hook, tmp_path):
    daily = (*ONCE, "--digest", "daily", "--digest-at", "07:30 Europe/Zurich")
    watch(*daily, code=2)
    assert len(arrived(hook)) == 1
    kept = tmp_path / ".reconciler/watch/notify.json"
    book = json.loads(kept.read_text())
    book["destinations"]["team"]["digested"] = "2026-01-01T06:30:00Z"
    kept.write_text(json.dumps(book))
    watch(*daily, code=2)
    (digest,) = arrived(hook)
    assert digest.startswith("digest: 1 stands; 1 began, 0 ended (sqlite:////")
    watch(*daily, code=2)
    assert arrived(hook) == []


def test_what_is_no_longer_looked_at_is_told_once(watch, hook, tmp_path):
    watch(*ONCE, code=2)
    assert len(arrived(hook)) == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "storages.yaml").write_text(MANIFEST.replace("platform.db", "other/platform.db"))
    assert main(["apply", "-y", "-q"]) == 0
    assert " no longer looked at: 'nas': declared, but not live" in watch(*ONCE).out
    (said,) = arrived(hook)
    assert said.startswith("no longer looked at: 'nas': declared, but not live (")
