"""`--events`, the journal and `history`: what is written fits the schemas, and tells it all."""

import json
import os
import stat
import subprocess
from pathlib import Path

import jsonschema
import pytest

from reconciler.schemas import schema_text
from support.platforms.live_file import PAD, live, local, made, manifest, sql

SCHEMAS = {
    name: jsonschema.Draft202012Validator(json.loads(schema_text(name)))
    for name in ("event", "journal")
}
UNIX = pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")


def lines(text, schema):
    """Read lines, each of which must fit the schema and hold nothing that it does not name."""
    told = [json.loads(line) for line in text.splitlines()]
    for line in told:
        SCHEMAS[schema].validate(line)
        document = SCHEMAS[schema].schema
        (part,) = (
            part
            for part in document["oneOf"]
            if part["properties"]["event"]["const"] == line["event"]
        )
        assert set(line) == set(document["properties"]) | set(part["properties"])
    return told


def journals(folder):
    return sorted((folder.path / ".reconciler" / "journal").glob("*.jsonl"))


def kinds(told):
    return [line["event"] for line in told]


@pytest.fixture
def changing(folder):
    """Give a folder whose manifest creates, renames, relabels and removes."""
    made(folder, "old", "gone", "same", "label")
    folder.write(
        manifest(
            local("new", "old", renamed_from=["old"]),
            local("same"),
            local("label", label="New"),
            local("added"),
            removed=[{"name": "gone"}],
        )
    )
    for path in journals(folder):
        path.unlink()
    return folder


# Events


def test_the_events_of_an_apply(changing):
    changing("apply", "-y", "--events", "events.jsonl")
    told = lines(changing.read("events.jsonl"), "event")
    assert kinds(told)[0] == "plan"
    assert kinds(told)[-1] == "summary"
    assert sorted(kinds(told)[1:-1]) == ["operation_done"] * 4 + ["operation_started"] * 4
    assert {line["key"] for line in told if "key" in line} == {
        "create:added",
        "update:new",
        "update:label",
        "remove:gone",
    }
    assert told[-1]["operations"] == {"done": 4}
    assert (told[-1]["exit"], told[-1]["holds"]) == (0, True)
    assert len({line["run"] for line in told}) == 1


def test_events_on_standard_output_leave_the_report_to_standard_error(changing):
    done = changing("apply", "-y", "--events", "-")
    assert kinds(lines(done.stdout, "event"))[-1] == "summary"
    assert "Applied: 4 done" in done.stderr
    told = changing("plan", "--events", "-")
    assert kinds(lines(told.stdout, "event")) == ["plan", "summary"]
    assert "No changes." in told.stderr


@pytest.mark.parametrize("output", ["json", "markdown"])
def test_two_documents_do_not_share_standard_output(changing, output):
    told = changing("plan", "--events", "-", "-o", output, code=64)
    assert "give --events a file" in told.stderr
    document = changing("plan", "--events", "events.jsonl", "-o", "json").stdout
    assert (
        json.loads(document)["digest"]
        == json.loads(changing.read("events.jsonl").splitlines()[0])["digest"]
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["apply"], 64),
        (["plan", "--detailed-exitcode"], 2),
        (["apply", "-y", "--expect", "sha256:" + "0" * 64], 4),
    ],
)
def test_the_last_event_tells_the_exit_code(changing, arguments, code):
    changing(*arguments, "--events", "events.jsonl", code=code)
    told = lines(changing.read("events.jsonl"), "event")
    assert told[-1]["event"] == "summary"
    assert told[-1]["exit"] == code


def test_a_failed_operation_is_told_with_its_error(folder):
    made(folder, "a")
    folder.write(manifest(local("a", label="New")))
    folder("plan", "--out", "plan.json")
    sql(folder, "UPDATE storages SET label = 'Theirs'")
    folder("apply", "plan.json", "--events", "events.jsonl", code=4)
    told = lines(folder.read("events.jsonl"), "event")
    failed = [line for line in told if line["event"] == "operation_failed"]
    assert {line["status"] for line in failed} == {"failed"}
    assert all(line["stale"] and line["error"] for line in failed)


@pytest.mark.parametrize("victim", ["storages.yaml", "platform.db", "plan.json"])
def test_nothing_else_is_overwritten_by_events(changing, victim):
    changing("plan", "--out", "plan.json")
    before = (changing.path / victim).read_bytes()
    told = changing("apply", "-y", "--events", victim, code=1)
    assert "it holds something else" in told.stderr
    assert (changing.path / victim).read_bytes() == before
    for _ in range(2):  # the events of an earlier run may go
        changing("plan", "--events", "events.jsonl")


def test_earlier_events_stay_in_a_storage_of_which_only_the_platform_tells(folder):
    there = folder.path / "data"
    there.mkdir()
    folder.write(manifest(local("kept") | {"default_url": str(there)}))
    folder("apply", "-y", "--events", "events.jsonl")
    earlier = (folder.path / "events.jsonl").rename(there / "archived.jsonl").read_bytes()
    folder.write(manifest(local("other"), undeclared="ignore"))
    for command in (["plan"], ["apply", "-y"], ["watch", "--once"]):
        told = folder(*command, "--events", "data/archived.jsonl", code=64)
        assert "lies in the storage 'kept'" in told.stderr
        assert (there / "archived.jsonl").read_bytes() == earlier


def test_no_event_and_no_warning_tells_what_an_address_must_not(folder):
    folder.write(json.dumps({"version": 1, "storages": [local("new")]}))
    address = "sqlite:///platform.db?key=s3cret"
    told = folder("plan", "--platform", address, "--events", "events.jsonl", "-o", "markdown")
    every = told.stdout + told.stderr + (folder.path / "events.jsonl").read_text("utf-8")
    assert "does not exist yet" in every
    assert "s3cret" not in every


def test_events_that_can_not_be_written_stop_it_before_anything_is_applied(changing):
    told = changing("apply", "-y", "--events", "no/such/folder", code=1)
    assert "can't write events to 'no/such/folder'" in told.stderr
    assert journals(changing) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_ends_the_events_and_not_the_apply(changing):
    told = changing("apply", "-y", "--events", "/dev/full")
    assert told.stderr.count("no more events can be written") == 1
    assert "Applied: 4 done" in told.stdout


def test_a_reader_of_events_that_has_seen_enough_stops_nothing(changing):
    told = changing.shell('("$0" apply -y --events -; echo "code $?" >&2) | true')
    assert told.stderr.endswith("code 0\n")
    assert "Warning: no more" not in told.stderr
    changing("plan", "--detailed-exitcode")


# The journal


def test_the_journal_of_an_apply(changing):
    changing("apply", "-y")
    (path,) = journals(changing)
    told = lines(path.read_text(), "journal")
    assert kinds(told)[0] == "run_started"
    assert kinds(told)[-1] == "run_ended"
    assert kinds(told)[1:4] == ["operation_planned"] * 3
    assert told[0]["run"] == path.stem
    assert told[0]["fence"] >= 1
    (removal,) = (line for line in told if line.get("key") == "remove:gone" and "before" in line)
    assert removal["id"] == "id-gone"
    assert removal["before"]["default_url"] == "file:///data/gone"
    assert (told[-1]["exit"], told[-1]["summary"]) == (0, {"done": 4})


def test_what_a_ci_system_says_is_in_the_journal_and_no_secret(changing):
    environment = {
        "GITHUB_ACTOR": "anna",
        "GITHUB_SHA": "c0ffee",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "lab/storages",
        "GITHUB_RUN_ID": "42",
        "GITHUB_TOKEN": "s3cr3t",
    }
    changing("apply", "-y", env=environment)
    text = journals(changing)[0].read_text()
    first = json.loads(text.splitlines()[0])
    assert (first["actor"], first["commit"]) == ("anna", "c0ffee")
    assert first["job_url"] == "https://github.com/lab/storages/actions/runs/42"
    assert "s3cr3t" not in text


def test_only_apply_writes_one_and_only_if_there_is_something_to_do(changing):
    changing("plan", "--out", "plan.json")
    changing("drift", code=2)
    assert journals(changing) == []
    changing("apply", "-y")
    changing("apply", "-y")
    assert len(journals(changing)) == 1


@UNIX
def test_journals_are_private(changing):
    changing("apply", "-y", "--journal", "kept/here", env={"HOME": "/"})
    (path,) = (changing.path / "kept" / "here").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not (changing.path / ".reconciler" / "journal" / path.name).exists()


def test_a_journal_that_can_not_be_written_is_said_before_anything_is_applied(changing):
    changing.write("", "taken")
    told = changing("apply", "-y", "--journal", "taken", code=1)
    assert "nothing was applied" in told.stderr
    assert "--journal DIR" in told.stderr
    changing("plan", "--detailed-exitcode", code=2)


@pytest.fixture
def full(folder):
    """Apply 200 creates on a disk that has room for so many writes to the journal."""

    def apply(writes):
        folder.write(manifest(*(local(f"s{n:03}") for n in range(200))))
        folder.write(
            "import sys\n"
            "from reconciler.disk import json_lines as lines\n"
            "from reconciler.cli.main import main\n"
            f"left = [None] * {writes}\n"
            "def write(self, *values):\n"
            "    if not left: raise OSError(28, 'No space left on device')\n"
            "    left.pop()\n"
            "    return real(self, *values)\n"
            "real, lines.Lines.write = lines.Lines.write, write\n"
            "sys.exit(main(['apply', '-y']))\n",
            "full.py",
        )
        return folder.shell('"$(dirname "$0")/python" full.py')

    return apply


def test_a_disk_that_is_full_at_the_beginning_applies_nothing(folder, full):
    told = full(0)
    assert told.returncode == 1
    assert "can't write the journal" in told.stderr
    assert "No space left on device), and nothing was applied" in told.stderr
    assert journals(folder) == []
    assert live(folder) == {}


def test_a_disk_that_gets_full_is_told_once_and_the_apply_goes_on(folder, full):
    told = full(50)
    assert told.returncode == 0
    assert told.stderr.count("No space left on device") == 1
    assert "the run goes on without it" in told.stderr
    assert "200 done" in told.stdout
    assert "no end" in folder("history").stdout


# History


def test_history_lists_runs_and_shows_one(changing):
    assert changing("history").stdout == "No runs.\n"
    changing("apply", "-y", env={"GITHUB_ACTOR": "anna", "GITHUB_SHA": "c0ffee" * 6})
    (path,) = journals(changing)
    listed = changing("history").stdout
    assert path.stem in listed
    assert "anna" in listed
    assert "c0ffeec0ffee" in listed
    assert "exit 0" in listed
    assert "4 done" in listed
    shown = changing("history", path.stem[-6:]).stdout
    assert "- gone: done" in shown
    assert "local at file:///data/gone" in shown
    assert "~ new: done, was 'old'" in shown
    assert shown.endswith("4 operations: 4 done.\n")


def test_history_of_one_name_follows_renames(changing):
    changing("apply", "-y")
    for name in ("old", "new", "n[e]w"):
        told = json.loads(changing("history", "--name", name, "-o", "json").stdout)
        assert [entry["key"] for entry in told["runs"][0]["operations"]] == ["update:new"]
    assert changing("history", "--name", "other").stdout == "No runs.\n"


def test_history_for_programs_and_pull_requests(changing):
    changing("apply", "-y")
    (run,) = json.loads(changing("history", "-o", "json").stdout)["runs"]
    assert (run["state"], run["exit"], run["summary"]) == ("ended", 0, {"done": 4})
    assert "operations" not in run
    assert f"`{run['run']}`" in changing("history", "-o", "markdown").stdout
    assert "- remove `gone`: done" in changing("history", run["run"], "-o", "markdown").stdout


def test_history_of_a_run_that_was_killed(folder):
    folder.write(manifest(*(local(f"s{n:03}{PAD}") for n in range(300))))
    process = folder.start(
        "apply",
        "-y",
        "-v",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    for at, _ in enumerate(process.stderr):
        if at > 40:
            break
    process.kill()
    process.communicate()
    listed = folder("history").stdout
    assert "no end" in listed
    assert "killed, or still running" in listed
    assert "not begun" in listed
    (path,) = journals(folder)
    shown = folder("history", path.stem).stdout
    assert "killed, or still running: no end is recorded" in shown
    folder("apply", "-y", "-q")
    assert "exit 0" in folder("history").stdout


def test_history_tells_of_damage_and_goes_on(changing):
    changing("apply", "-y")
    (path,) = journals(changing)
    data = path.read_bytes().split(b"\n")
    data[2] = b"\xff\xff"
    path.write_bytes(b"\n".join(data)[:-20])
    for arguments in ((), (path.stem,)):
        told = changing("history", *arguments).stdout
        assert "1 damaged line is left out, its last line is half written" in " ".join(told.split())


def test_history_of_a_run_that_is_not_there(changing):
    told = changing("history", "nonsense", code=64)
    assert "there is no run 'nonsense'" in told.stderr


def test_history_of_a_folder_that_is_not_there_says_so(changing):
    told = changing("history", "--journal", "typo", code=64)
    assert "there is no folder 'typo'" in told.stderr
    assert "typo" not in changing.files()
    changing("apply", "-y", "--journal", "kept")
    assert "4 done" in changing("history", "--journal", "kept").stdout
    assert changing("history").stdout == "No runs.\n"


def test_history_of_what_is_no_folder_says_so(changing):
    told = changing("history", "--journal", "storages.yaml", code=1)
    assert "can't read the journals in 'storages.yaml' (Not a directory)" in told.stderr
    (changing.path / ".reconciler/journal").rmdir()
    changing.write("mine", ".reconciler/journal")
    assert "can't read the journals" in changing("history", code=1).stderr
