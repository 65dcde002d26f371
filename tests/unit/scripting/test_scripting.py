"""What a script may do with a manifest, and what holds for it as for the command."""

from __future__ import annotations

import ast
import inspect
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from reconciler import errors, scripting
from reconciler.client import Client
from reconciler.lease.contract import Holder
from reconciler.model import Storage, Values
from reconciler.platforms import open_platform
from reconciler.platforms.sqlite.lock import SqliteLock
from reconciler.platforms.sqlite.writer import SqliteWriter
from reconciler.scripting import NotAsPlannedError, Outcome, Plan, load, read_plan
from reconciler.server.store.opening import open_store
from reconciler.server.store.values import READER
from reconciler.storages import create_storage, get_storage
from support.platforms.organisation import Organisation
from support.repository import ROOT
from support.server.serving import make_token, serving
from unit.scripting.conftest import Folder

REMOVE = "policy: {undeclared: remove, max_removals: 9}\n"
PAGE = ROOT / "docs" / "scripts.md"


# Loading


def test_a_manifest_is_loaded_without_a_platform(folder: Folder) -> None:
    (folder.path / "m.yaml").write_text("version: 1\nstorages: []\n")
    manifest = load(folder.path / "m.yaml")
    assert manifest.names == ()
    with pytest.raises(errors.AddressError, match="which platform"):
        manifest.plan()


def test_all_that_is_wrong_with_it_is_told_at_once(folder: Folder) -> None:
    (folder.path / "storages.yaml").write_text("version: 1\nstorages:\n- {nam: x}\npolcy: {}\n")
    with pytest.raises(errors.ManifestError) as raised:
        load()
    assert len(raised.value.problems) > 1
    assert all(problem.line for problem in raised.value.problems)
    assert raised.value.exit_code == 65


def test_arguments_are_those_of_the_options(folder: Folder) -> None:
    folder.declare("a-${STAGE}", "b")
    (folder.path / "env").write_text("STAGE=test\n")
    manifest = load("storages.yaml", env_file="env", scope="a-*", platform="sqlite:///other.db")
    assert manifest.names == ("a-test", "b")
    assert repr(manifest) == "Manifest('storages.yaml')"
    with pytest.raises(errors.MatchingError, match="scope"):  # b is declared and not in it
        load("storages.yaml", env_file=["env"], scope=["a-*"]).plan()
    load("storages.yaml", env_file="env", platform="sqlite:///other.db").plan().apply()
    assert (folder.path / "other.db").exists()
    assert folder.live == []


def test_manifest_and_environment_must_agree(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.declare("a")
    monkeypatch.setenv("RECONCILER_PLATFORM", "sqlite:///another.db")
    with pytest.raises(errors.AddressError):
        load().plan()


def test_what_an_unset_variable_becomes_is_refused(folder: Folder) -> None:
    folder.declare("a")
    plan = load().plan()
    for wrong in (
        lambda: load(""),
        lambda: load(env_file=[" "]),
        lambda: load(scope=""),
        lambda: load(platform="").plan(),
        lambda: plan.apply(consent=["a", ""]),
        lambda: plan.apply(journal=""),
        lambda: plan.apply(expect=""),
        lambda: plan.apply(timeout=-1),
        lambda: plan.apply(lock_timeout=float("nan")),
    ):
        with pytest.raises(errors.UsageError):
            wrong()
    assert folder.live == []


# Applying


def test_apply_returns_what_was_done_once_live_is_as_planned(folder: Folder) -> None:
    folder.declare("a", "b")
    plan = load().plan()
    assert folder.live == []
    result = plan.apply()
    assert folder.live == ["a", "b"]
    assert (result.verdict, result.left) == ("as_planned", ())
    assert [(one.name, one.status) for one in result.outcomes] == [("a", "done"), ("b", "done")]
    assert [path.stem for path in Path(".reconciler/journal").iterdir()] == [result.run]


def test_a_plan_without_operations_is_held_against_live_too(folder: Folder) -> None:
    folder.declare("a")
    load().plan().apply()
    plan = load().plan()
    result = plan.apply()
    assert (plan.operations, result.outcomes, result.run) == ((), (), "")
    assert len(list(Path(".reconciler/journal").iterdir())) == 1
    folder.make("b")
    with pytest.raises(errors.StaleError, match="'b'"):
        plan.apply()
    (folder.path / "platform.db").write_text("no database, and too long to be a new one" * 99)
    with pytest.raises(errors.PlatformError):
        plan.apply()


def test_a_plan_that_live_does_not_fit_any_more_writes_nothing(folder: Folder) -> None:
    folder.declare("a")
    load().plan().apply()
    folder.declare("a", more="defaults: {label: New}\n")
    plan = load().plan()
    with Client(folder.address) as client:
        get_storage("a", client=client).label = "Somebody else's"
    with pytest.raises(NotAsPlannedError) as raised:
        plan.apply()
    assert (raised.value.exit_code, raised.value.result.verdict) == (4, "stale")
    assert raised.value.result.left
    assert "Somebody else's" in str(raised.value)


def test_what_is_done_in_part_is_raised_with_what_was_done(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.declare("a", "b")
    real = SqliteWriter.create

    def create(self, values, **more):  # type: ignore[no-untyped-def]
        if values.name == "b":
            raise errors.RefusedError("b is too large")
        return real(self, values, **more)

    monkeypatch.setattr(SqliteWriter, "create", create)
    with pytest.raises(NotAsPlannedError, match="b is too large") as raised:
        load().plan().apply()
    assert raised.value.exit_code == 5
    statuses = {one.name: one.status for one in raised.value.result.outcomes}
    assert statuses == {"a": "done", "b": "failed"}


def test_nothing_is_as_planned_that_was_not_read_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.declare("a")

    def read(_: SqliteWriter) -> None:
        raise errors.PlatformError("the disk is gone")

    monkeypatch.setattr(SqliteWriter, "read", read)
    with pytest.raises(NotAsPlannedError, match="NOT read again") as raised:
        load().plan().apply()
    assert (raised.value.exit_code, raised.value.result.verdict) == (5, "partial")
    assert raised.value.result.left == ("the disk is gone",)
    assert folder.live == ["a"]


def test_a_blocked_plan_is_not_applied(folder: Folder) -> None:
    folder.make("theirs")
    folder.declare("a")
    plan = load().plan()
    assert [reason.code for reason in plan.blocked_by] == ["undeclared"]
    with pytest.raises(errors.BlockedError, match="theirs") as raised:
        plan.apply(consent=["theirs"])
    assert raised.value.exit_code == 3
    assert folder.live == ["theirs"]


@pytest.mark.parametrize("consent", [(), ["a", "x"], "abc"])
def test_nothing_is_removed_that_consent_does_not_name(
    folder: Folder, consent: str | list[str]
) -> None:
    folder.declare("keep", "a", "b")
    load().plan().apply()
    folder.declare("keep", more=REMOVE)
    with pytest.raises(errors.BlockedError, match="`consent` does not say so"):
        load().plan().apply(consent=consent)
    assert folder.live == ["a", "b", "keep"]
    load().plan().apply(consent=["b", "a"])
    assert folder.live == ["keep"]


def test_one_name_alone_is_a_consent(folder: Folder) -> None:
    folder.declare("keep", "scratch")
    load().plan().apply()
    folder.declare("keep", more=REMOVE)
    load().plan().apply(consent="scratch")
    assert folder.live == ["keep"]


def test_a_plan_for_a_new_platform_is_not_applied_to_one_that_is_there(folder: Folder) -> None:
    folder.declare("a")
    plan = load().plan()
    folder.make("theirs")
    with pytest.raises(errors.StaleError, match="exists by now"):
        plan.apply()
    assert folder.live == ["theirs"]


def test_somebody_who_writes_is_waited_for_no_longer_than_said(folder: Folder) -> None:
    folder.declare("a")
    load().plan().apply()
    folder.declare("a", "b")
    plan = load().plan()
    lock = open_platform(folder.address, base=None).lock()
    assert lock is not None
    lock.acquire(Holder("they", "there", "", "apply"), 60)
    with pytest.raises(errors.PlatformBusyError, match="they") as raised:
        plan.apply(lock_timeout=0.01)
    assert raised.value.exit_code == 6
    lock.close()
    assert folder.live == ["a"]


def test_without_a_lock_a_script_is_warned(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.declare("a")
    monkeypatch.setattr("reconciler.platforms.sqlite.platform.SqlitePlatform.lock", lambda _: None)
    load().plan().apply()
    assert [record.name for record in caplog.records] == ["reconciler.scripting"]
    assert "nothing keeps a second apply" in caplog.text


def test_an_organisation_is_written_under_the_lock_of_the_manifest(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    organisation = Organisation(folder.path / "organisation.db")
    organisation.install(monkeypatch)
    (folder.path / "lock").mkdir()
    folder.declare("a", more=f"lock: 'file://{folder.path}/lock/one'\n")
    plan = load(platform=organisation.address).plan()
    result = plan.apply()
    assert [one.status for one in result.outcomes] == ["done"]
    assert caplog.records == []
    assert any((folder.path / "lock").iterdir())


def test_a_state_server_knows_which_run_it_was(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.declare("a")
    store = open_store(f"sqlite:///{folder.path / 'server.db'}")
    with closing(store), serving(store) as server:
        monkeypatch.setenv("RECONCILER_TOKEN", make_token(store))
        plan = load(platform=server.url).plan()
        result = plan.apply()
        with server.client(make_token(store, name="auditor")) as client:
            told = client.get("/v1/audit").text
        monkeypatch.setenv("RECONCILER_TOKEN", make_token(store, READER, "reader"))
        folder.declare("a", "b")
        with pytest.raises(errors.PlatformError, match="may not be written") as raised:
            load(platform=server.url).plan().apply()
    assert result.run in told
    assert raised.value.exit_code == 1
    assert not [record for record in caplog.records if record.name == "reconciler.scripting"]


def test_a_journal_lies_in_no_storage(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    (folder.path / "on" / "a").mkdir(parents=True)
    folder.declare("a")
    with pytest.raises(errors.UsageError, match="lies in the storage 'a'") as raised:
        load().plan().apply(journal=folder.path / "on" / "a" / "journal")
    assert raised.value.exit_code == 64
    assert folder.live == []
    load().plan().apply(journal=folder.path / "on" / "journal")
    assert len(list((folder.path / "on" / "journal").iterdir())) == 1
    with Client(folder.address) as client:
        create_storage("old", "local", "Old", str(folder.path / "old"), client=client)
    folder.declare("a", "b", more="policy: {undeclared: ignore}\n")
    (folder.path / "old").mkdir()
    with pytest.raises(errors.UsageError, match="lies in the storage 'old'"):  # live, and no more
        load().plan().apply(journal=folder.path / "old")
    manifest = folder.path / "on" / "a" / "m.yaml"
    manifest.write_text((folder.path / "storages.yaml").read_text())
    load(manifest, platform=folder.address).plan().apply()
    assert "lies in the storage 'a', and will be found there" in caplog.text


def test_paths_are_those_of_the_folder_in_which_it_was_loaded(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.path / "elsewhere").mkdir()
    folder.declare("a")
    by_manifest, by_argument = load(), load(platform="sqlite:///other.db")
    (folder.path / "plan.json").write_text(by_manifest.plan().json())
    saved = read_plan("plan.json")
    monkeypatch.chdir("elsewhere")
    runs = [by_manifest.plan().apply().run, by_argument.plan().apply().run]
    with pytest.raises(errors.StaleError):
        saved.apply()
    assert folder.live == ["a"]
    assert (folder.path / "other.db").exists()
    journals = folder.path / ".reconciler" / "journal"
    assert sorted(path.stem for path in journals.glob("*.jsonl")) == sorted(runs)
    assert list(Path().iterdir()) == []


# What was reviewed


def test_only_what_was_reviewed_is_applied(folder: Folder) -> None:
    folder.declare("a")
    reviewed = load().plan()
    folder.declare("a", "b")
    plan = load().plan()
    for expected in (reviewed, reviewed.digest):
        with pytest.raises(errors.StaleError):
            plan.apply(expect=expected)
    with pytest.raises(errors.UsageError, match="64 hexadecimal"):
        plan.apply(expect="sha256:short")
    assert folder.live == []
    plan.apply(expect=plan.digest)


def test_a_plan_that_was_cut_off_goes_on_within_what_was_reviewed(folder: Folder) -> None:
    folder.declare("keep")
    load().plan().apply()
    folder.declare("keep", "a", "b")
    reviewed = load().plan()
    folder.declare("keep", "a")
    load().plan().apply()
    folder.declare("keep", "a", "b")
    result = load().plan().apply(expect=reviewed)
    assert [one.name for one in result.outcomes] == ["b"]


def test_a_saved_plan_is_read_back_and_applied(folder: Folder) -> None:
    folder.declare("a")
    plan = load().plan()
    Path("plan.json").write_text(plan.json())
    read = read_plan("plan.json")
    assert (read.digest, read.operations, read.json()) == (
        plan.digest,
        plan.operations,
        plan.json(),
    )
    with pytest.raises(errors.StaleError, match="not the one that was reviewed"):
        read.apply(expect="sha256:" + "0" * 64)
    read.apply(expect=plan)
    assert folder.live == ["a"]


def test_a_saved_plan_is_refused_where_the_command_refuses_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.declare("a")
    file = Path("plan.json")
    file.write_text(load().plan().json())
    with pytest.raises(errors.AddressError, match="apply the plan where it was made for"):
        read_plan(file, platform="sqlite:///other.db").apply()
    monkeypatch.setenv("RECONCILER_SCOPE", "b")
    with pytest.raises(errors.UsageError, match="outside RECONCILER_SCOPE"):
        read_plan(file).apply()
    file.write_text(file.read_text().replace("on/a", "on/b"))
    with pytest.raises(errors.StaleError, match="changed after it was made"):
        read_plan(file)
    with pytest.raises(errors.PlanFileError):
        read_plan("storages.yaml")
    with pytest.raises(errors.UsageError, match="there is no file"):
        read_plan("plan2.json")
    assert folder.live == []


# Signals


def sending(monkeypatch: pytest.MonkeyPatch, owner: type, method: str, *numbers: int) -> None:
    """Have signals sent just before the first call of a method."""
    real, left = getattr(owner, method), list(numbers)

    def call(self, *values, **more):  # type: ignore[no-untyped-def]
        while left:
            signal.pthread_kill(threading.main_thread().ident or 0, left.pop(0))
        return real(self, *values, **more)

    monkeypatch.setattr(owner, method, call)


def test_the_first_ctrl_c_lets_finish_what_runs(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder.declare(*"abcdefghijklmnop")
    before = signal.getsignal(signal.SIGINT)
    sending(monkeypatch, SqliteWriter, "create", signal.SIGINT)
    with pytest.raises(NotAsPlannedError, match="Interrupted") as raised:
        load().plan().apply()
    assert (raised.value.exit_code, raised.value.result.verdict) == (130, "interrupted")
    done = [one.name for one in raised.value.result.outcomes if one.status == "done"]
    assert folder.live == done
    assert "nothing more is started" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_after_which_all_is_as_planned_is_sent_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.declare("a")
    sending(monkeypatch, SqliteWriter, "create", signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        load().plan().apply()
    assert folder.live == ["a"]


def test_in_another_thread_signals_are_left_alone(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.declare("a")
    seen = []
    real = SqliteLock.acquire

    def acquire(self, *values, **more):  # type: ignore[no-untyped-def]
        seen.append(signal.getsignal(signal.SIGINT))
        return real(self, *values, **more)

    monkeypatch.setattr(SqliteLock, "acquire", acquire)
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: load().plan().apply())
    thread.start()
    thread.join()
    assert (seen, folder.live) == ([before], ["a"])


# Secrets


def test_no_repr_has_a_secret(folder: Folder) -> None:
    folder.declare("a")
    plan = load().plan()
    result = plan.apply()
    assert plan.digest in repr(plan)
    assert result.run in repr(result)
    url = "https://somebody:hunter2@example.org/bucket"
    found = Storage("1", "a", "A", "S3", url)
    outcome = Outcome("update:a", "update", "a", "failed", stale=True, found=found)
    told = repr([outcome, Values("a", "A", "S3", url)])
    assert told.count("https://***@example.org/bucket") == 2
    assert "hunter2" not in told


# The surface


def test_the_page_names_what_there_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [name for name in scripting.__all__ if f"`{name}" not in page]
    assert missing == []
    for owner in (scripting.Manifest, Plan, scripting.Result):
        public = [name for name in vars(owner) if not name.startswith("_")]
        assert [name for name in public if f".{name}" not in page] == []
    parameters = inspect.signature(Plan.apply).parameters.values()
    said = [f"{one.name}={one.default!r}" for one in parameters if one.name != "self"]
    assert f"`Plan.apply({', '.join(said)})`" in page


def test_the_page_uses_nothing_else() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    used = {
        name.name
        for block in blocks
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and node.module == "reconciler.scripting"
        for name in node.names
    }
    assert used
    assert used <= set(scripting.__all__)


@pytest.mark.parametrize(
    "name",
    re.findall(r"^\| `(\w+Error)` \| (\d[\d, ]*) ", PAGE.read_text(encoding="utf-8"), re.M),
    ids=lambda found: found[0],
)
def test_each_error_has_the_exit_code_that_the_page_says(name: tuple[str, str]) -> None:
    error = getattr(errors, name[0], None)
    if error is not None:
        assert str(error.exit_code) == name[1]


@pytest.mark.long
def test_a_script_of_documented_names_has_types(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    files = []
    for number, block in enumerate(blocks):
        files.append(tmp_path / f"script{number}.py")
        files[-1].write_text(block)
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from reconciler.scripting import load\n\nload().plan().apply(consent=7)\n")

    def checked(*scripts: Path) -> str:
        cache = ("--cache-dir", tmp_path / "cache")
        options = ("--strict", "--config-file=", "--follow-imports=silent", *cache)
        mypy = (sys.executable, "-m", "mypy", *options, *scripts)
        return subprocess.run(
            mypy, check=False, capture_output=True, text=True, cwd=tmp_path
        ).stdout

    assert checked(*files).startswith("Success")
    assert "[arg-type]" in checked(wrong)
