"""Where journals lie, and which runs `history` shows of them."""

import json
import re

STORAGES = "storages: [{{name: {0}, label: {0}, type: local, default_url: /data/{0}}}]\n"


def manifest(name, platform="platform.db"):
    return f"version: 1\nplatform: sqlite:///{platform}\n{STORAGES.format(name)}"


def journals(folder, place):
    return len(list((folder.path / place).glob(".reconciler/journal/*.jsonl")))


def test_a_job_in_another_folder_leaves_its_journal_beside_the_manifest(folder):
    folder.write(manifest("nas"), "team/storages.yaml")
    folder.write(manifest("raw"), "other/a.yaml")
    folder("apply", "-y", "-f", "team/storages.yaml")
    folder("apply", "-y", "-f", "other")
    assert [journals(folder, place) for place in ("team", "other", ".")] == [1, 1, 0]
    assert "+ nas" in folder("history", "-f", "team/storages.yaml").stdout
    assert "+ raw" in folder("history", "-f", "other").stdout
    assert folder("history").stdout == "No runs.\n"


def test_history_says_where_it_has_found_nothing(folder):
    looked = f"Looked in '{folder.path}/.reconciler/journal', which"
    told = folder("history")
    assert told.stdout == "No runs.\n"
    assert f"{looked} is not there: `apply` leaves its journal beside the manifest." in told.stderr
    assert "give -f MANIFEST or --journal DIR" in told.stderr
    assert f"{looked} is not there" in folder("history", "20", code=64).stderr
    (folder.path / ".reconciler/journal").mkdir(parents=True)
    assert f"{looked} has no run: " in folder("history").stderr
    folder.write(manifest("nas"))
    folder("apply", "-y")
    assert f"{looked} has no such run: " in folder("history", "nonsense", code=64).stderr
    other = folder("history", "--platform", f"sqlite:///{folder.path}/other.db").stderr
    assert f"{looked} has 1 run on other platforms." in other
    assert folder("history", "--name", "nas").stderr == ""


def test_the_default_manifest_and_saved_plans_use_the_current_folder(folder):
    folder.write(manifest("nas"), "storages/a.yaml")
    folder("apply", "-y")
    folder.write(manifest("nas").replace("label: nas", "label: NAS"), "storages/a.yaml")
    folder("apply", "-y", "-f", "storages")
    folder.write(manifest("nas"), "storages/a.yaml")
    folder("plan", "--out", "plan.json")
    folder("apply", "plan.json")
    assert journals(folder, ".") == 3


def test_history_tells_what_had_been_done_already(folder):
    folder.write(manifest("nas"))
    folder("apply", "-y")
    folder.write(manifest("nas").replace("label: nas", "label: NAS"))
    folder("plan", "--out", "plan.json")
    folder("apply", "plan.json")
    folder("apply", "plan.json")
    listed = folder("history").stdout.splitlines()
    assert listed[1].endswith("exit 0  1 done already: ~ nas")
    assert listed[2].endswith("exit 0  1 done: ~ nas")
    assert "~ nas: had been done already\n" in folder("history", listed[1].split()[0]).stdout


def test_history_tells_the_runs_of_two_platforms_apart(folder):
    folder.write(manifest("nas", "a.db"))
    folder("apply", "-y")
    folder.write(manifest("raw", "b.db"))
    folder("apply", "-y")
    told = folder("history").stdout
    assert "/a.db  exit 0  1 done: + nas" in told
    assert "/b.db  exit 0  1 done: + raw" in told
    (run,) = json.loads(folder("history", "--platform", "sqlite:///a.db", "-o", "json").stdout)[
        "runs"
    ]
    assert run["platform"].endswith("/a.db")
    told = folder("history", "--name", "*").stdout.splitlines()
    told = [re.split(" {2,}", line) for line in told]
    assert told[0] == ["TIME", "RUN", "BY", "PLATFORM", "ACTION", "STORAGE", "END"]
    assert [cells[4:] for cells in told[1:3]] == [
        ["create", "raw", "done"],
        ["create", "nas", "done"],
    ]
    shown = folder.on_terminal("history")
    assert f"platform: {run['platform']}" in " ".join(shown.split())
