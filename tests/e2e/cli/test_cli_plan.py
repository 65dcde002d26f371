"""`reconciler plan` and `show`: exit codes, saved plans, and which platform is meant."""

import json
import stat
from pathlib import Path

import pytest

ONE = "version: 1\nplatform: sqlite:///platform.db\nstorages:\n"
ENTRY = "  - {name: nas, type: local, default_url: /data/nas}\n"
BARE = f"version: 1\nstorages:\n{ENTRY}"


def document(folder, *arguments, **options):
    return json.loads(folder("plan", "-o", "json", *arguments, **options).stdout)


def test_changes_are_success_unless_asked_for(quickstart):
    quickstart("plan")
    quickstart("plan", "--detailed-exitcode", code=2)
    assert quickstart.files() == ["storages.yaml"]
    quickstart("apply", "-y")
    quickstart("plan", "--detailed-exitcode")
    quickstart.write(f"{ONE}{ENTRY}")
    quickstart("plan", code=3)
    quickstart("plan", "--detailed-exitcode", code=3)


def test_the_saved_plan_is_the_printed_document_and_private(quickstart):
    printed = quickstart("plan", "--out", "plan.json", "--digest-file", "d", "-o", "json").stdout
    assert quickstart.read("plan.json") == printed
    assert quickstart.read("d") == json.loads(printed)["digest"] + "\n"
    assert stat.S_IMODE((quickstart.path / "plan.json").stat().st_mode) == 0o600
    assert quickstart.files() == ["d", "plan.json", "storages.yaml"]


def test_an_earlier_file_is_replaced_also_behind_a_link(quickstart):
    (quickstart.path / "deep").mkdir()
    quickstart.write("", "deep/plan.json")
    (quickstart.path / "link.json").symlink_to("deep/plan.json")
    quickstart("plan", "--out", "link.json")
    assert (quickstart.path / "link.json").is_symlink()
    assert json.loads(quickstart.read("deep/plan.json"))["format_version"] == 2


@pytest.mark.parametrize("option", ["--out", "--digest-file"])
@pytest.mark.parametrize(
    ("path", "code"), [("-", 64), ("", 64), ("no/such/folder/p", 1), (".", 1), ("/dev/null", 1)]
)
def test_files_that_can_not_be_written(quickstart, option, path, code):
    before = Path("/dev/null").stat().st_mode
    told = quickstart("plan", f"{option}={path}", code=code)
    assert told.stderr.startswith("Error: ")
    assert quickstart.files() == ["storages.yaml"]
    assert Path("/dev/null").stat().st_mode == before


def test_one_file_can_not_be_both(quickstart):
    quickstart("plan", "--out", "p", "--digest-file", "p", code=64)


def test_a_full_disk_leaves_no_part_of_a_plan(quickstart):
    quickstart("plan", "--out", "plan.json")
    before = quickstart.read("plan.json")
    told = quickstart.shell('ulimit -f 0; exec "$0" plan --out plan.json')
    assert told.returncode == 1
    assert "can't write 'plan.json'" in told.stderr
    assert "Traceback" not in told.stderr
    assert quickstart.read("plan.json") == before
    assert quickstart.files() == ["plan.json", "storages.yaml"]


def test_show_prints_a_saved_plan_in_every_format(quickstart):
    printed = quickstart("plan", "--out", "plan.json").stdout
    assert quickstart("show", "plan.json").stdout == printed
    assert quickstart("show", "-o", "json", "plan.json").stdout == quickstart.read("plan.json")
    assert "# " in quickstart("-o", "markdown", "show", "plan.json").stdout


def test_show_of_what_is_no_sound_plan(quickstart):
    quickstart("plan", "--out", "plan.json")
    text = quickstart.read("plan.json")
    quickstart.write(text.replace('"/data/nas"', '"/data/x"').replace("/data/nas", "/x"), "p.json")
    quickstart("show", "p.json", code=4)
    quickstart.write(text[:100], "p.json")
    assert "'p.json'" in quickstart("show", "p.json", code=65).stderr
    quickstart("show", "nowhere.json", code=64)
    quickstart("show", ".", code=65)
    quickstart("show", code=64)


def test_a_platform_is_never_guessed(folder):
    folder.write(BARE)
    told = folder("plan", code=64)
    assert "--platform" in told.stderr
    assert "RECONCILER_PLATFORM" in told.stderr
    assert folder.files() == ["storages.yaml"]


def test_the_variable_fills_in_and_the_option_wins(folder):
    folder.write(BARE)
    by_variable = {"env": {"RECONCILER_PLATFORM": "sqlite:///v.db"}}
    assert document(folder, **by_variable)["platform"].endswith("/v.db")
    chosen = document(folder, "--platform", "sqlite:///o.db", **by_variable)
    assert chosen["platform"].endswith("/o.db")


def test_the_file_and_another_variable_stop_the_run(quickstart):
    told = quickstart("plan", env={"RECONCILER_PLATFORM": "sqlite:///other.db"}, code=64)
    assert "other.db" in told.stderr
    assert "platform.db" in told.stderr
    quickstart("plan", env={"RECONCILER_PLATFORM": "sqlite:///platform.db"})
    other = {"RECONCILER_PLATFORM": "sqlite:///other.db"}
    chosen = document(quickstart, "--platform", "sqlite:///third.db", env=other)
    assert chosen["platform"].endswith("/third.db")


def test_an_address_counts_from_the_file_or_else_from_the_current_folder(folder):
    folder.write(f"{ONE}{ENTRY}", "deep/storages.yaml")
    plan = document(folder, "-f", "deep/storages.yaml")
    assert plan["platform"] == f"sqlite:///{folder.path / 'deep' / 'platform.db'}"
    plan = document(folder, "-f", "deep", "--platform", "sqlite:///platform.db")
    assert plan["platform"] == f"sqlite:///{folder.path / 'platform.db'}"


@pytest.mark.parametrize("name", ["RECONCILER_PLATFORM", "RECONCILER_SCOPE"])
def test_an_empty_variable_is_an_error(quickstart, name):
    assert name in quickstart("plan", env={name: ""}, code=64).stderr


@pytest.mark.parametrize(
    "option", ["--platform", "--scope", "--target", "--env-file", "-f", "--ids", "-o"]
)
def test_an_empty_option_is_an_error(quickstart, option):
    quickstart("plan", option, "", code=64)


@pytest.mark.parametrize(
    ("arguments", "variable", "created"),
    [
        (("--scope", "nas", "--scope", "minio"), None, []),
        (("--scope", "*"), None, ["minio", "nas", "raw"]),
    ],
)
def test_scopes_narrow(quickstart, arguments, variable, created):
    code = 0 if created else 65
    told = quickstart("plan", "-o", "json", *arguments, code=code)
    if created:
        assert [op["name"] for op in json.loads(told.stdout)["operations"]] == created


def test_the_scope_variable_and_options_both_hold(applied):
    applied.write(
        "version: 1\nplatform: sqlite:///platform.db\npolicy: {undeclared: ignore}\nstorages: []\n"
    )

    def undeclared(*arguments, scope):
        plan = document(applied, "--allow-empty", *arguments, env={"RECONCILER_SCOPE": scope})
        return plan["undeclared"]

    assert undeclared(scope="n*, minio") == ["minio", "nas"]
    assert undeclared("--scope", "nas", "--scope", "raw", scope="n*,minio") == ["nas"]
    applied("plan", env={"RECONCILER_SCOPE": "a,,b"}, code=64)


def test_matching_problems_have_lines(applied):
    text = applied.read("storages.yaml")
    applied.write(text + "  - {name: x, id: nope, type: local, default_url: /data/x}\n")
    told = applied("plan", code=65)
    assert "storages.yaml:7:" in told.stderr


def test_ids_are_of_the_manifests_own_platform_unless_translated(applied):
    own = json.loads(applied("list", "-o", "json").stdout)["storages"]
    pinned = applied("export", "--with-ids").stdout
    applied.write(pinned)
    assert document(applied)["operations"] == []
    other = ("--platform", "sqlite:///other.db")
    plan = document(applied, *other)
    assert len(plan["operations"]) == 3
    assert "ids_ignored" in {warning["code"] for warning in plan["warnings"]}
    applied("apply", "-y", "-q", *other)
    listed = json.loads(applied("list", "-o", "json", *other).stdout)["storages"]
    new = {storage["name"]: storage["id"] for storage in listed}
    ids = {storage["id"]: new[storage["name"]] for storage in own}
    applied.write(json.dumps({"format_version": 1, "ids": ids}), "map.json")
    applied.write(pinned.replace("name: nas", "name: nas2"))
    renamed = document(applied, *other, "--ids", "map.json")
    assert [op["action"] for op in renamed["operations"]] == ["update"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format_version": 1}',
        '{"format_version": 2, "ids": {}}',
        '{"format_version": 1, "ids": {"a": 1}}',
        '{"format_version": 1, "ids": {"a": ""}}',
        '{"format_version": 1, "ids": {"a": "x", "b": "x"}}',
        '{"format_version": 1, "ids": {}, "more": 1}',
        "\udcff",
    ],
)
def test_maps_of_ids_that_are_none(quickstart, text):
    (quickstart.path / "map.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert "'map.json'" in quickstart("plan", "--ids", "map.json", code=65).stderr


def test_warnings_of_the_manifest_are_in_the_plan(folder):
    folder.write(f"{ONE}{ENTRY}{ENTRY.replace('nas,', 'nas2,')}")
    codes = {warning["code"] for warning in document(folder)["warnings"]}
    assert {"same_location", "new_platform"} <= codes


def test_targets(quickstart):
    plan = document(quickstart, "--target", "n*", "--target", "raw")
    assert [operation["name"] for operation in plan["operations"]] == ["nas", "raw"]
    quickstart("plan", "--target", "nothing-like-it", code=64)


def test_columns(quickstart):
    for columns in ("40", "60"):
        lines = quickstart("plan", env={"COLUMNS": columns}).stdout.splitlines()
        assert len(lines) > 5
    shown = quickstart.on_terminal("plan", columns=60)
    assert "\x1b[" in shown


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        (("--no-color",), {"FORCE_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
        (("-o", "json"), {}, False),
    ],
)
def test_colour_on_a_terminal(quickstart, arguments, env, coloured):
    shown = quickstart.on_terminal("plan", *arguments, env=env)
    assert ("\x1b[" in shown) == coloured


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True), ({"CI": "true"}, False)]
)
def test_colour_elsewhere(quickstart, env, coloured):
    assert ("\x1b[" in quickstart("plan", env=env).stdout) == coloured


@pytest.mark.parametrize("option", ["--out", "--digest-file"])
def test_a_plan_is_not_written_over_its_manifest(quickstart, option):
    before = quickstart.read("storages.yaml")
    for path in ("storages.yaml", "./storages.yaml"):
        assert "is a file of the manifest" in quickstart("plan", option, path, code=64).stderr
    assert quickstart.read("storages.yaml") == before
