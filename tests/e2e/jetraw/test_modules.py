"""The command with a module of somebody's own, which prints, hangs, or leads elsewhere."""

import json
import signal
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, TimeoutExpired

import pytest

from support.platforms.live_file import local, manifest

#: A module with the documented surface, whose storages lie in the file that STORE names. What a
#: test wants to go wrong is put behind it.
MODULE = """
import datetime, json, os, pathlib, time

STORE = pathlib.Path(os.environ.get("STORE", "store.json"))
rows = lambda: json.loads(STORE.read_text()) if STORE.exists() else []


class Storage:
    url = None
    created_at = datetime.datetime(2026, 1, 1)

    def __init__(self, row):
        self.__dict__.update(row)

    def checksums(self):
        return iter(())

    def remove(self):
        STORE.write_text(json.dumps([row for row in rows() if row["id"] != self.id]))


def list_storages(*, client=None):
    return [Storage(row) for row in rows()]


def get_storage(name, *, client=None):
    return next((s for s in list_storages() if s.name == name), None) or {}[name]


def create_storage(name, type, label, default_url, *, client=None):
    row = {"id": name, "name": name, "label": label, "type": type, "default_url": default_url}
    STORE.write_text(json.dumps([*rows(), row]))
    return Storage(row)


def create_aws_s3_storage(name, label, region, bucket, *, client=None):
    return create_storage(name, "S3", label, f"https://s3.{region}.amazonaws.com/{bucket}")
"""
PLATFORM = "jetraw+module:ours"
PRINTS = """
import atexit, ctypes, sys, threading
print("at import")
c = ctypes.CDLL(None)
quiet = list_storages
atexit.register(print, "at exit")

def list_storages(*, client=None):
    print("to sys.stdout")
    os.write(1, b"to the descriptor\\n")
    c.printf(b"from C, until its buffer is full or the process ends\\n")
    thread = threading.Thread(target=print, args=("from a thread",))
    thread.start(); thread.join()
    return quiet()
"""
HANGS = """
import concurrent.futures, threading
pool = concurrent.futures.ThreadPoolExecutor()  # Python would wait for its threads at the end

def hang(*given, **more):
    pathlib.Path("asked").touch()
    pool.submit(threading.Event().wait, 300).result()
"""


@pytest.fixture
def ours(folder, monkeypatch):
    """Give a function that writes the module, with more behind it."""
    monkeypatch.setenv("PYTHONPATH", str(folder.path))
    folder.write(manifest(local("one"), local("two"), platform=PLATFORM))

    def write(more=""):
        folder.write(MODULE + more, "ours.py")

    return write


# What it prints


def test_what_a_module_prints_is_none_of_the_results(folder, ours):
    ours(PRINTS)
    for command in (["plan"], ["apply", "-y"], ["list"], ["drift"]):
        done = folder(*command, "-o", "json")
        json.loads(done.stdout)
        for told in ("at import", "to sys.stdout", "to the descriptor", "from C", "from a thread"):
            assert told in done.stderr
        assert "at exit" in done.stderr
    exported = folder("export").stdout
    assert "name: one" in exported
    assert "from" not in exported
    folder.write(exported, "exported.yaml")
    folder("-f", "exported.yaml", "validate")


def test_what_a_module_prints_is_no_event(folder, ours):
    ours(PRINTS)
    lines = folder("apply", "-y", "--events", "-").stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines][-1] == "summary"


def test_results_and_prints_go_where_the_streams_are_closed(folder, ours):
    ours(PRINTS)
    done = folder.shell('"$0" plan -o json 2>&-')
    assert done.returncode == 0
    json.loads(done.stdout)
    assert folder.shell('"$0" plan >&-').returncode == 1


# What never answers


def test_a_module_that_does_not_end_keeps_no_command_from_its_end(folder, ours):
    ours("import atexit, threading\natexit.register(threading.Event().wait, 300)\n")
    assert "2 done" in folder("apply", "-y", code=0).stdout


def test_an_apply_ends_though_a_write_does_not_answer(folder, ours):
    ours(HANGS + "create_storage = hang")
    done = folder("apply", "-y", "--timeout", "3s", code=5)
    told = " ".join(done.stdout.split())
    assert "no answer within the time allowed by --timeout (3 s): nobody knows what it did" in told
    assert "1 unknown" in told


@pytest.mark.parametrize(
    ("call", "asking"),
    [("list_storages", "listing the storages"), ("get_storage", "looking for 'one'")],
)
def test_an_apply_ends_though_a_reading_does_not_answer(folder, ours, call, asking):
    ours(HANGS + _after_plan(call))
    done = folder("apply", "-y", "--timeout", "3s", code=1)
    told = " ".join(done.stdout.split())
    assert f"{asking} failed: no answer within 5 s" in told
    assert "1 failed" in told
    assert not Path(folder.path, "store.json").exists()


def _after_plan(call):
    """Hang in a reading once a plan was made."""
    return f"""
quiet, asked = {call}, 0

def {call}(*given, **more):
    global asked
    asked += 1
    return hang() if asked > (1 if "{call}" == "list_storages" else 0) else quiet(*given, **more)
"""


@pytest.mark.parametrize("more", ["hang()", "list_storages = hang"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_plan_whose_first_call_does_not_answer(folder, ours, more, number):
    ours(HANGS + more)
    process = folder.start("plan", stdout=-1, stderr=-1, text=True)
    _wait_for(folder.path / "asked", process)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (130, "Interrupted.\n")


def test_a_first_call_that_does_not_answer_ends_with_the_time_of_the_command(folder, ours):
    ours(HANGS + "list_storages = hang")
    more = ("--timeout", "0s", "--platform", PLATFORM)
    # All at once: each waits for some seconds.
    running = [
        folder.start(*command, *more, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, text=True)
        for command in (["plan"], ["apply", "-y"], ["list"], ["doctor"])
    ]
    ended = [(process.communicate(timeout=60)[0], process) for process in running]
    for told, process in ended:
        assert process.returncode == 1, (process.args, told)
        assert "no answer within 5 s" in told
        assert "Traceback" not in told


def test_the_second_ctrl_c_ends_an_apply_whose_call_does_not_answer(folder, ours):
    ours(HANGS + "create_storage = hang")
    process = folder.start("apply", "-y", stdout=-1, stderr=-2, text=True, bufsize=1)
    _wait_for(folder.path / "asked", process)
    process.send_signal(signal.SIGINT)
    told = ""
    while "Again to stop at once" not in told:
        told = process.stdout.readline()
        assert told
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "1 unknown" in rest


def _wait_for(path, process):
    while not path.exists():
        with suppress(TimeoutExpired):
            process.wait(timeout=0.02)
            pytest.fail("it ended before it asked")


# What it says, and did not do

LIES = {
    "a create makes nothing": "def create_storage(name, type, label, url, **more):\n"
    "    return Storage(dict(id='x', name=name, label=label, type=type, default_url=url))",
    "a create gives what was there": "def create_storage(*given, **more):\n"
    "    return list_storages()[0]",
    "a create gives nothing": "def create_storage(*given, **more):\n    pass",
    "a removal removes nothing": "Storage.remove = lambda self: None",
    "an attribute is set and nothing else": "",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_module_says_it_did_is_not_believed(folder, ours, lie):
    ours(LIES[lie])
    plant(folder, "store.json", "one")
    wanted = {
        "a removal removes nothing": manifest(
            removed=[{"name": "one"}], platform=PLATFORM, max_removals="100%"
        ),
        "an attribute is set and nothing else": manifest(
            local("one", label="New"), platform=PLATFORM
        ),
    }
    create = manifest(local("one"), local("two"), platform=PLATFORM)
    folder.write(wanted.get(lie, create))
    done = folder("apply", "-y", "-o", "json", "--timeout", "1s", code=5)
    told = json.loads(done.stdout)
    assert [operation["status"] for operation in told["operations"]] == ["unknown"]
    assert told["holds"] is False


def test_what_a_module_did_counts_and_not_what_it_gives_back(folder, ours):
    ours(
        "make = create_storage\n"
        "def create_storage(*given, **more):\n"
        "    make(*given, **more)\n"
        "    return list_storages()[0]"
    )
    assert "2 done" in folder("apply", "-y").stdout


def test_what_a_module_made_under_another_name_is_told(folder, ours):
    ours(
        "make = create_storage\n"
        "def create_storage(name, *given, **more):\n"
        "    return make(name.upper(), *given, **more)"
    )
    told = json.loads(folder("apply", "-y", "-o", "json", code=5).stdout)
    assert [operation["status"] for operation in told["operations"]] == ["half_done"] * 2
    assert "asked for the name 'one', it gives 'ONE'" in told["operations"][0]["error"]


# Which organisation it leads to


def plant(folder, store, name):
    row = {"id": name, "name": name, "label": name, "type": "local", "default_url": f"/data/{name}"}
    folder.write(json.dumps([row]), store)


def test_a_plan_for_one_organisation_is_not_applied_to_another(folder, ours):
    ours('platform_id = STORE.stem + "@my-org.jetraw.com"\n')
    for name in ("staging", "production"):
        plant(folder, f"{name}.json", "one")
    folder("plan", "--out", "plan.json", env={"STORE": "staging.json"})
    done = folder("apply", "plan.json", env={"STORE": "production.json"}, code=4)
    assert "is another platform than that of the plan" in done.stderr
    folder("apply", "plan.json", env={"STORE": "staging.json"})


@pytest.mark.parametrize(
    "more", ["", "platform_id = None", "platform_id = ' '", "get_default_client = lambda: 1 / 0"]
)
def test_a_module_that_does_not_say_where_it_leads_is_named_again(folder, ours, more):
    ours(more)
    folder("plan", "--out", "plan.json")
    assert json.loads(folder.read("plan.json"))["platform_id"] == "unknown"
    done = folder("apply", "plan.json", code=64, env={"RECONCILER_PLATFORM": PLATFORM})
    assert f"give --platform {PLATFORM}" in done.stderr
    folder("apply", "plan.json", "--platform", PLATFORM)


def test_the_host_of_a_modules_own_client_is_its_identity(folder, ours):
    ours("class Client: host = 'https://My-Org.jetraw.com/'\nget_default_client = Client\n")
    folder("plan", "--out", "plan.json")
    told = json.loads(folder.read("plan.json"))["platform_id"]
    assert told == "jetraw+module:ours@my-org.jetraw.com"


# What is odd


def test_an_odd_storage_stops_nothing_but_itself(folder, ours):
    odd = {"id": "odd", "name": "two", "label": None, "type": "local", "default_url": "/odd"}
    folder.write(json.dumps([odd]), "store.json")
    folder.write(manifest(local("one"), platform=PLATFORM))
    ours()
    done = folder("apply", "-y")
    assert "'two' can't be managed and is left alone: the label of a storage is not a text" in (
        " ".join(done.stdout.split())
    )
    assert [row["name"] for row in json.loads(folder.read("store.json"))] == ["two", "one"]
    folder.write(manifest(local("one"), local("two"), platform=PLATFORM))
    assert "'two' is taken by a live storage" in " ".join(folder("plan", code=3).stdout.split())
