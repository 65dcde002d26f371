"""`watch` as its users run it: once from cron, and as a service that is poked and ended."""

import json
import signal
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE

import jsonschema
import pytest

from reconciler.schemas import schema_text
from support.notified import webhook

EVENT = json.loads(schema_text("event"))
STATE = ".reconciler/watch/watch.json"


def change(folder, statement):
    """Do by hand what nobody declared."""
    with closing(sqlite3.connect(folder.path / "platform.db", isolation_level=None)) as db:
        db.execute(statement)


def told(done):
    """Give the lines of a run, without their times."""
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


@contextmanager
def watching(folder, *arguments):
    """Start a watch that looks when it is poked, and give it with what to read its lines by."""
    with folder.start(
        *("watch", "--interval", "1h", *arguments),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr.readline().startswith("Watching sqlite:///")
            yield process
        finally:
            process.kill()


def test_each_change_is_told_once_and_its_end_once(applied):
    assert told(applied("watch", "--once")) == []
    change(applied, "UPDATE storages SET label = 'mine' WHERE name = 'nas'")
    (line,) = told(applied("watch", "--once", code=2))
    assert line == "drift: 'nas': not as declared; label: live 'mine', declared 'NAS'"
    assert told(applied("watch", "--once", code=2)) == []
    change(applied, "UPDATE storages SET label = 'yours' WHERE name = 'nas'")
    (line,) = told(applied("watch", "--once", code=2))
    assert line.startswith("drift has changed: 'nas'")
    assert "'yours'" in line
    change(applied, "UPDATE storages SET label = 'NAS' WHERE name = 'nas'")
    (line,) = told(applied("watch", "--once"))
    assert line.startswith("no drift any more: 'nas'")


def test_a_secret_in_a_label_or_a_name_is_masked_wherever_it_is_told(applied):
    secret = "https://ada:hush@nas/x?token=tok"
    change(applied, f"UPDATE storages SET label = '{secret}' WHERE name = 'nas'")
    change(applied, f"UPDATE storages SET name = '{secret}' WHERE name = 'results'")
    said = applied("watch", "--once", code=2).stdout
    said += applied("drift", code=2).stdout.split("results")[0]
    said += applied.read(".reconciler/watch/watch.json")
    assert "live 'https://***@nas/x?token=***', declared 'NAS'" in said
    assert "hush" not in said
    assert "tok'" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no such device")
def test_what_could_not_be_told_once_is_told_by_the_next_run(applied):
    change(applied, "UPDATE storages SET label = 'mine' WHERE name = 'nas'")
    with Path("/dev/full").open("w") as full:
        process = applied.start("watch", "--once", stdin=DEVNULL, stdout=full, stderr=PIPE)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, b"can't write" in err) == (1, True)
    (line,) = told(applied("watch", "--once", code=2))
    assert line.startswith("drift: 'nas'")
    with Path("/dev/full").open("w") as full:
        process = applied.start("watch", "--once", "--apply", stdout=full, stderr=PIPE)
        process.communicate(timeout=60)
    assert process.returncode == 1
    cut, line = told(applied("watch", "--once", "--apply"))
    assert cut.startswith("an apply was cut off, or not told; how far it came: reconciler history ")
    assert applied("history", cut.split()[-1]).stdout
    assert line.startswith("no drift any more")
    assert told(applied("watch", "--once")) == []


def test_what_another_watch_has_told_is_none_of_the_business_of_this_one(applied):
    applied.write(applied.read("storages.yaml").replace("label: NAS", "label: Mine"), "other.yaml")
    told(applied("watch", "--once", "-f", "other.yaml", "--state", "of-others", code=2))
    change(applied, "UPDATE storages SET label = 'mine' WHERE name = 'nas'")
    assert len(told(applied("watch", "--once", code=2))) == 1
    for others in (
        ("-f", "other.yaml"),
        ("--scope", "results"),
        ("--platform", "sqlite:///other.db?token=hush"),
    ):
        done = applied("watch", "--once", *others, code=64)
        assert (told(done), "--state" in done.stderr, "hush" in done.stderr) == ([], True, False)
    # A name that was mistyped is none: nobody is to remove what is remembered for it.
    done = applied("watch", "--once", "-f", "storage.yaml", code=64)
    assert "'storage.yaml' does not exist: check the path" in done.stderr
    assert "--state" not in done.stderr
    # That of the same manifest by another way to it is the same.
    same = str(applied.path / "storages.yaml")
    assert told(applied("watch", "--once", "-f", same, code=2)) == []


def test_what_cannot_be_read_is_neither_gone_nor_mended(applied):
    change(applied, "DELETE FROM storages WHERE name = 'nas'")
    assert told(applied("watch", "--once", code=2)) == ["drift: 'nas': declared, but not live"]
    good = applied.read("storages.yaml")
    applied.write(good.replace("storages:", "storagez:"))
    (line,) = told(applied("watch", "--once", code=65))
    assert line.startswith("can't look: storages.yaml:3:")
    assert told(applied("watch", "--once", code=65)) == []
    applied.write(good)
    (line,) = told(applied("watch", "--once", code=2))
    assert line.startswith("can look again, after: storages.yaml:3:")


def test_it_applies_what_is_ready_and_never_what_is_blocked(quickstart):
    lines = told(quickstart("watch", "--once", "--apply"))
    assert [line for line in lines if "applied, run" in line]
    quickstart("drift")
    change(quickstart, "UPDATE storages SET name = 'other' WHERE name = 'nas'")
    lines = told(quickstart("watch", "--once", "--apply", code=3))
    assert any(line.startswith("blocked: ") for line in lines)
    assert not [line for line in lines if "applied" in line]
    assert "other" in quickstart("list").stdout


def test_a_plan_that_fails_is_left_alone_for_a_while(applied):
    change(applied, "DELETE FROM storages WHERE name = 'nas'")
    change(
        applied,
        "CREATE TRIGGER no BEFORE INSERT ON storages BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    first = applied("watch", "--once", "--apply", code=1)
    assert told(first)[0] == "drift: 'nas': declared, but not live"
    assert any(line.startswith("not applied: failed: ") for line in told(first))
    # Of the same plan nothing is tried again, and nothing told.
    assert told(applied("watch", "--once", "--apply", code=2)) == []
    assert len(list((applied.path / ".reconciler/journal").iterdir())) == 2
    state = json.loads(applied.read(STATE))
    assert [one["failures"] for one in state["failing"]] == [1]
    change(applied, "DROP TRIGGER no")
    applied("apply", "-y", "-q")
    lines = told(applied("watch", "--once", "--apply"))
    assert [line.partition(":")[0] for line in lines] == [
        "no drift any more",
        "nothing is left to apply, after",
    ]


def test_lines_in_json_and_events_are_as_their_schema_says(quickstart):
    done = quickstart("watch", "--once", "--apply", "-o", "json", "--events", "events.jsonl")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["began"] * 3 + ["applied"] + ["ended"] * 3
    events = [json.loads(line) for line in quickstart.read("events.jsonl").splitlines()]
    for line in (*lines, *events):
        jsonschema.validate(line, EVENT)
    kinds = [line["event"] for line in events]
    assert kinds[:4] == ["plan", "began", "began", "began"]
    assert kinds[-5:] == ["applied", "ended", "ended", "ended", "summary"]
    assert kinds.count("operation_done") == 3
    (applied,) = (line for line in lines if line["event"] == "applied")
    journal = quickstart.path / ".reconciler/journal" / f"{applied['run']}.jsonl"
    assert journal.exists()
    assert {e["run"] for e in events if e["event"].startswith("operation")} == {applied["run"]}


def test_a_damaged_state_is_told_and_begun_anew(quickstart):
    quickstart("watch", "--once", code=2)
    quickstart.write("{", STATE)
    done = quickstart("watch", "--once", code=2)
    assert "watch.json' is damaged: what lasts is told once more" in done.stderr
    assert len(told(done)) == 3
    assert told(quickstart("watch", "--once", code=2)) == []


def test_it_looks_when_it_is_poked_and_ends_at_a_signal(applied):
    with watching(applied) as process:
        second = applied("watch", "--once", code=6)
        assert "another watch keeps its state" in second.stderr
        change(applied, "UPDATE storages SET label = 'mine' WHERE name = 'nas'")
        process.send_signal(signal.SIGHUP)
        assert " drift: 'nas': not as declared" in process.stdout.readline()
        change(applied, "UPDATE storages SET label = 'NAS' WHERE name = 'nas'")
        process.send_signal(signal.SIGHUP)
        assert " no drift any more: 'nas'" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "Stopping: what runs comes to its end" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-f", "-"], "again and again"),
        (["--interval", "0s"], "too short"),
        (["--state", "{storage}/state"], "lies in the storage 'nas'"),
        (["-f", "nothing.yaml"], "nothing.yaml"),
        (["--max-bytes", "1GB"], "bound what --scan REPO reads"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_start(folder, arguments, says):
    (folder.path / "nas").mkdir()
    folder.write(
        "version: 1\nplatform: sqlite:///platform.db\n"
        f"storages: [{{name: nas, type: local, default_url: {folder.path}/nas}}]\n"
    )
    given = [one.format(storage=folder.path / "nas") for one in arguments]
    done = folder("watch", *given, code=64)
    assert says in done.stderr
    assert done.stdout == ""


def test_a_watch_that_was_killed_while_it_applied_says_so(applied):
    applied("watch", "--once")
    state = json.loads(applied.read(STATE))
    applied.write(json.dumps({**state, "applying": "20261130-084329-640-c7d9ea"}), STATE)
    (line,) = told(applied("watch", "--once"))
    assert line.endswith("reconciler history 20261130-084329-640-c7d9ea")
    assert told(applied("watch", "--once")) == []


def test_it_pulls_and_applies_nothing_while_it_cannot(quickstart, tmp_path_factory):
    remote = tmp_path_factory.mktemp("remote")
    script = (
        "git init -q . && git add storages.yaml && "
        "git -c user.name=a -c user.email=a@b commit -qm one && "
        f"git init -q --bare {remote} && git remote add origin {remote} && git push -qu origin HEAD"
    )
    assert quickstart.shell(script).returncode == 0
    away = remote.rename(remote.with_name("away"))
    lines = told(quickstart("watch", "--once", "--pull", "--apply", code=1))
    assert lines[0].startswith("can't pull: the remote can't be read: fatal: ")
    assert [line for line in lines if "applied" in line] == []
    away.rename(remote)
    lines = told(quickstart("watch", "--once", "--pull", "--apply"))
    assert lines[0].startswith("can pull again, after: ")
    assert [line for line in lines if "applied, run" in line]
    (journal,) = (quickstart.path / ".reconciler/journal").iterdir()
    head = quickstart.shell("git rev-parse HEAD").stdout.strip()
    assert json.loads(journal.read_text().splitlines()[0])["commit"] == head


def test_signed_commits_are_wanted_of_a_pull_alone(quickstart):
    assert "--pull" in quickstart("watch", "--once", "--require-signed", code=64).stderr
    assert "not a git repository" in quickstart("watch", "--once", "--pull", code=64).stderr


def test_a_disk_that_is_full_is_told_and_stops_nothing(quickstart):
    # No file can grow: as on a full disk, but for the number of the error.
    done = quickstart.shell('export PYTHONDONTWRITEBYTECODE=1; ulimit -f 0; "$0" watch --once')
    assert done.returncode == 2, done
    assert len(told(done)) == 3
    assert done.stderr.count("what this watch knows can't be kept (File too large)") == 1
    assert sorted(p.name for p in (quickstart.path / ".reconciler/watch").iterdir()) == [
        "watch.lock"
    ]


def test_one_that_hangs_delays_nothing_and_a_kill_meanwhile_loses_nothing(applied):
    with webhook() as hook:
        hook.hangs = True
        applied.write(f"team = json://127.0.0.1:{hook.port}/hook?rto=60\n", "notify").chmod(0o600)
        change(applied, "UPDATE storages SET label = 'mine' WHERE name = 'nas'")
        with watching(applied, "--notify-urls", "notify") as process:
            assert " drift: 'nas': not as declared" in process.stdout.readline()
            assert hook.asked.get(timeout=30)["title"].startswith("drift: 'nas': not as declared")
            change(applied, "UPDATE storages SET label = 'NAS' WHERE name = 'nas'")
            process.send_signal(signal.SIGHUP)
            assert " no drift any more: 'nas'" in process.stdout.readline()
            process.kill()
        hook.hangs = False
        assert applied("watch", "--once", "--notify-urls", "notify").stderr == ""
        titles = [hook.taken.get()["title"] for _ in range(hook.taken.qsize())]
    # The kill came before or after it was taken down that it is over: told together, or apart.
    said = [title.partition(":")[0] for title in titles]
    assert said in (["drift, and over by now"], ["drift", "no drift any more"])


def test_what_a_full_disk_did_not_keep_is_kept_once_there_is_room(applied):
    good, kept = applied.read("storages.yaml"), [applied.path / STATE]
    kept.append(kept[0].with_name("notify.json"))
    with webhook() as hook:
        applied.write(f"team = json://127.0.0.1:{hook.port}/hook\n", "notify").chmod(0o600)
        change(applied, "UPDATE storages SET label = 'mine' WHERE name = 'nas'")
        with watching(applied, "--notify-urls", "notify") as process:
            assert " drift: 'nas': not as declared" in process.stdout.readline()
            assert hook.taken.get(timeout=30)["title"].startswith("drift: 'nas'")
            for path in kept:  # what is no file can't be replaced by one
                path.rename(path.with_name(f"{path.name}.before"))
                path.mkdir()
            change(applied, "UPDATE storages SET label = 'NAS' WHERE name = 'nas'")
            process.send_signal(signal.SIGHUP)
            assert " no drift any more: 'nas'" in process.stdout.readline()
            assert hook.taken.get(timeout=30)["title"].startswith("no drift any more: 'nas'")
            applied.write(good.replace("storages:", "storagez:"))
            process.send_signal(signal.SIGHUP)
            assert " can't look: storages.yaml:" in process.stdout.readline()
            assert hook.taken.get(timeout=30)["title"].startswith("can't look")
            for path in kept:
                path.rmdir()
                path.with_name(f"{path.name}.before").rename(path)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
        assert err.count("can't be kept (Is a directory)") == err.count("can be kept again") == 2
        assert told(applied("watch", "--once", "--notify-urls", "notify", code=65)) == []
        assert hook.taken.empty()
