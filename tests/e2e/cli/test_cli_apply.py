"""`reconciler apply`: questions, consents, saved plans and expectations, as exit codes."""

import json
import signal
import sqlite3
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest

NO_CHANGES = "No changes. Live matches the manifest."
ONE = "version: 1\nplatform: sqlite:///platform.db\nstorages:\n"
ENTRY = "  - {{name: {0}, label: {1}, type: local, default_url: /data/{0}}}\n"


def declare(folder, *names, label="L", policy=""):
    entries = "".join(ENTRY.format(name, label) for name in names)
    folder.write(f"{policy}{ONE}{entries}" if names else f"{policy}{ONE} []\n")


def names(folder):
    listed = json.loads(folder("list", "-o", "json").stdout)
    return [storage["name"] for storage in listed["storages"]]


def test_three_kinds_are_created_and_a_second_run_changes_nothing(quickstart):
    first = quickstart("apply", "-y")
    assert "Plan: 3 to create, 0 to update, 0 to remove." in first.stdout
    assert "3 done" in first.stdout
    assert names(quickstart) == ["minio", "nas", "raw"]
    second = quickstart("apply", "--auto-approve")
    assert second.stdout.endswith(f"{NO_CHANGES}\n")
    assert second.stderr == ""


def test_nothing_to_do_asks_nothing(applied):
    shown = applied.on_terminal("apply")
    assert NO_CHANGES in shown
    assert "Only 'yes'" not in shown


def test_yes_applies(quickstart):
    shown = quickstart.on_terminal("apply", answer=b"yes\n")
    assert shown.index("+ minio") < shown.index("Only 'yes' is accepted") < shown.index("3 done")
    assert names(quickstart) == ["minio", "nas", "raw"]


@pytest.mark.parametrize("answer", [b"no\n", b"y\n", b"YES\n", b"\n", b"\x04"])
def test_every_other_answer_applies_nothing(quickstart, answer):
    shown = quickstart.on_terminal("apply", answer=answer, code=1)
    assert "Nothing was applied." in shown
    assert not (quickstart.path / "platform.db").exists()


def test_ctrl_c_at_the_question_is_one_line(quickstart):
    shown = quickstart.on_terminal("apply", answer=signal.SIGINT, code=130)
    assert shown.rstrip().endswith("Interrupted.")
    assert not (quickstart.path / "platform.db").exists()


def test_quiet_still_shows_what_it_asks_about(quickstart):
    assert "+ minio" in quickstart.on_terminal("apply", "-q", answer=b"no\n", code=1)


def test_with_json_the_plan_is_shown_beside_the_question(quickstart):
    shown = quickstart.on_terminal("apply", "-o", "json", answer=b"yes\n")
    assert shown.index("+ minio") < shown.index("Only 'yes'") < shown.index('"holds": true')


def test_the_question_needs_a_terminal_and_comes_before_any_reading(folder):
    told = folder("apply", "-f", "nowhere.yaml", code=64)
    assert "there is no terminal to ask on" in told.stderr
    assert "nowhere" not in told.stderr


def test_json_result_is_one_document_with_every_operation(quickstart):
    told = quickstart("apply", "-y", "-o", "json")
    document = json.loads(told.stdout)
    assert document["status"] == "done"
    assert document["holds"] is True
    assert [operation["status"] for operation in document["operations"]] == ["done"] * 3
    again = json.loads(quickstart("apply", "-y", "-o", "json").stdout)
    assert again["operations"] == []


def test_lines_of_progress_only_with_verbose(quickstart):
    told = quickstart("apply", "-y", "-v")
    assert "create 'nas': started" in told.stderr
    assert "create 'nas': done" in told.stderr
    declare(quickstart, "nas", "other", policy="policy: {undeclared: ignore}\n")
    assert quickstart("apply", "-y").stderr == ""


def test_a_blocked_plan_is_shown_and_never_asked_about(applied):
    declare(applied, "nas", label="NAS")
    assert "undeclared" in applied("apply", "-y", code=3).stdout
    shown = applied.on_terminal("apply", code=3)
    assert "Only 'yes'" not in shown
    assert names(applied) == ["minio", "nas", "raw"]


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_the_output_format_never_changes_the_exit_code(applied, output):
    declare(applied, "nas", label="NAS")
    applied("apply", "-y", "-o", output, code=3)
    applied("plan", "-o", output, code=3)
    applied("drift", "-o", output, code=2)


def test_a_saved_plan_is_applied_without_a_question_and_twice_changes_nothing(quickstart):
    quickstart("apply", "-y", "--target", "nas")
    quickstart("plan", "--out", "plan.json")
    assert "2 done" in quickstart("apply", "plan.json").stdout
    again = quickstart("apply", "plan.json", "-o", "json")
    assert json.loads(again.stdout)["holds"] is True
    assert "Nothing was written" in quickstart("apply", "plan.json").stdout


def test_a_saved_plan_can_stand_after_options(quickstart):
    quickstart("plan", "--out", "plan.json")
    quickstart("apply", "-y", "--parallelism", "1", "plan.json", "-o", "json")
    assert names(quickstart) == ["minio", "nas", "raw"]


def test_a_saved_plan_does_not_need_the_manifest_nor_its_folder(quickstart, tmp_path_factory):
    quickstart("plan", "--out", "plan.json")
    elsewhere = type(quickstart)(tmp_path_factory.mktemp("elsewhere"))
    elsewhere("apply", str(quickstart.path / "plan.json"))
    assert names(quickstart) == ["minio", "nas", "raw"]
    assert elsewhere.files() == [".reconciler"]  # the journal


@pytest.mark.parametrize(
    "option",
    [
        ("-f", "storages.yaml"),
        ("--env-file", "x.env"),
        ("--scope", "*"),
        ("--target", "nas"),
        ("--allow-remove", "nas"),
        ("--allow-empty",),
        ("--ids", "map.json"),
    ],
)
def test_a_saved_plan_takes_nothing_that_belongs_to_planning(quickstart, option):
    quickstart("plan", "--out", "plan.json")
    told = quickstart("apply", "plan.json", *option, code=64)
    assert option[0] in told.stderr
    assert not (quickstart.path / "platform.db").exists()


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_saved_plan_is_only_applied_to_its_own_platform(quickstart, how):
    quickstart("plan", "--out", "plan.json")
    for name, code in (("other.db", 64), ("platform.db", 0)):
        url = f"sqlite:///{name}"
        if how == "option":
            told = quickstart("apply", "plan.json", "--platform", url, code=code)
        else:
            told = quickstart("apply", "plan.json", env={"RECONCILER_PLATFORM": url}, code=code)
        assert ("other.db" in told.stderr) == (code == 64)
        assert not (quickstart.path / "other.db").exists()


def test_a_blocked_plan_file_is_refused_also_after_editing_its_status(applied):
    declare(applied, "nas", label="NAS")
    applied("plan", "--out", "plan.json", code=3)
    assert "undeclared" in applied("apply", "plan.json", code=3).stdout
    text = applied.read("plan.json")
    applied.write(text.replace('"status": "blocked"', '"status": "ready"'), "plan.json")
    told = applied("apply", "plan.json", code=4)
    assert "changed after it was made" in told.stderr
    document = json.loads(text) | {"blocked_by": []}
    applied.write(json.dumps(document), "plan.json")
    applied("apply", "plan.json", code=3)
    applied("apply", "--expect", "plan.json", code=3)


def test_a_touched_storage_stops_a_saved_plan_and_another_does_not(applied):
    declare(applied, "nas", label="Planned", policy="policy: {undeclared: ignore}\n")
    applied("plan", "--out", "plan.json")
    applied.write(
        f"policy: {{undeclared: ignore}}\n{ONE}"
        "  - {name: raw, label: Other, type: S3, region: eu-central-2, bucket: lab-raw}\n"
    )
    applied("apply", "-y")
    applied("apply", "plan.json")
    declare(applied, "nas", label="Third", policy="policy: {undeclared: ignore}\n")
    applied("plan", "--out", "plan.json")
    declare(applied, "nas", label="Fourth", policy="policy: {undeclared: ignore}\n")
    applied("apply", "-y")
    told = applied("apply", "plan.json", code=4)
    assert "Fourth" in told.stdout
    assert "Planned" in told.stdout


def test_expected_digest(quickstart):
    digest = json.loads(quickstart("plan", "-o", "json").stdout)["digest"]
    wrong = "sha256:" + "0" * 64
    told = quickstart("apply", "--expect", wrong, code=4)
    assert wrong in told.stderr
    assert digest in told.stderr
    assert not (quickstart.path / "platform.db").exists()
    quickstart("apply", "--expect", digest)
    assert names(quickstart) == ["minio", "nas", "raw"]


def test_expected_plan_goes_on_after_a_cancelled_run(quickstart):
    quickstart("plan", "--out", "plan.json")
    quickstart("apply", "-y", "--target", "nas")
    quickstart("apply", "--expect", "plan.json")
    assert names(quickstart) == ["minio", "nas", "raw"]
    assert NO_CHANGES in quickstart("apply", "--expect", "plan.json").stdout


def test_expected_plan_stops_what_nobody_reviewed(quickstart):
    quickstart("plan", "--out", "plan.json")
    quickstart.write(quickstart.read("storages.yaml").replace("label: NAS", "label: Other"))
    told = quickstart("apply", "--expect", "plan.json", code=4)
    assert "NAS" in told.stderr
    assert "Other" in told.stderr
    assert not (quickstart.path / "platform.db").exists()


@pytest.mark.parametrize(
    ("expected", "code"), [("sha256:short", 64), ("nowhere.json", 64), ("storages.yaml", 64)]
)
def test_expectations_that_make_no_sense(quickstart, expected, code):
    quickstart("apply", "--expect", expected, code=code)


def test_removal_by_consent_on_the_command_line_needs_a_terminal(applied):
    declare(applied, "nas", label="NAS", policy="policy: {undeclared: ignore}\n")
    told = applied("apply", "-y", "--allow-remove", "minio", code=64)
    assert "removed:" in told.stderr
    applied.on_terminal("apply", "-y", "--allow-remove", "minio", "--allow-remove", "raw")
    assert names(applied) == ["nas"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--parallelism", "0"),
        ("--parallelism", "-1"),
        ("--parallelism", "many"),
        ("--parallelism", "9" * 30),
        ("--timeout", "-1"),
        ("--timeout", "nan"),
        ("--timeout", "1w"),
        ("--lock-timeout", ""),
    ],
)
def test_numbers_that_make_no_sense(quickstart, option, value):
    assert option in quickstart("apply", "-y", f"{option}={value}", code=64).stderr


def test_no_time_means_nothing_is_started(quickstart):
    told = quickstart("apply", "-y", "--timeout", "0s", code=1)
    assert "--timeout" in told.stdout
    assert "3 not started" in told.stdout


def test_a_platform_that_stays_busy_is_left_as_it_was(applied):
    applied.write(applied.read("storages.yaml").replace("label: NAS", "label: Other"))
    other = sqlite3.connect(applied.path / "platform.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        told = applied("apply", "-y", "--lock-timeout", "0", code=6)
    finally:
        other.close()
    assert "another process is writing to it" in told.stderr
    assert "Applied:" not in told.stdout


def test_the_first_signal_lets_what_runs_finish_and_says_what_remains(folder):
    declare(folder, *(f"s{number:04}" for number in range(1000)))
    arguments = ("apply", "-y", "-v", "-o", "json", "--parallelism", "1")
    process = folder.start(*arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, text=True)
    for line in process.stderr:
        if ": done" in line:
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Stopping: what runs is finished" in err
    assert "Traceback" not in err
    document = json.loads(out)
    assert document["interrupted"] is True
    assert document["summary"]["not_started"] > 0
    assert document["summary"]["done"] + document["summary"]["not_started"] == 1000
    assert len(names(folder)) == document["summary"]["done"]
    folder("apply", "-y", "-q")
    assert len(names(folder)) == 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_under_the_plan_stops_before_anything_is_written(quickstart):
    with Path("/dev/full").open("w") as full:
        told = quickstart("apply", "-y", code=1, capture_output=False, stdout=full, stderr=-1)
    assert "can't write to standard output" in told.stderr
    assert not (quickstart.path / "platform.db").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_under_the_report_does_not_hide_what_was_done(quickstart):
    with Path("/dev/full").open("w") as full:
        options = {"capture_output": False, "stdout": full, "stderr": PIPE}
        told = quickstart("apply", "-y", "-o", "json", code=1, **options)
    assert "can't write to standard output" in told.stderr
    assert "Applied: 3 done" in told.stderr
    assert names(quickstart) == ["minio", "nas", "raw"]
