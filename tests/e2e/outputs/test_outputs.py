"""`-o` in the formats of other programs, and into files."""

import json

import pytest

from reconciler.report.known import holds_else
from support.outputs import comments, documents, pages, runners
from tests.e2e.jetraw.test_modules import MODULE

MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: NAS, type: local, default_url: /data/nas}
  - name: raw
    label: Raw frames
    type: local
    default_url: /data/raw
"""
INVALID = "version: 1\nstorages:\n  - {name: nas, lable: x}\n"
ALL = ("github", "gitlab", "gitlab-widget", "sarif", "junit", "json", "markdown", "html")
SUMMARY = {"GITHUB_STEP_SUMMARY": "summary"}


@pytest.fixture
def infra(folder):
    """Give a folder of a repository, with a manifest in a folder of it."""
    (folder.path / ".git").mkdir()
    folder.write(MANIFEST, "infra/storages.yaml")
    return folder


def asked(*formats):
    return [word for name in formats for word in ("-o", f"{name}=told/{name}")]


def told(folder, *formats):
    return {name: folder.read(f"told/{name}") for name in formats}


def places(text):
    return [
        (c.name, c.properties.get("file"), c.properties.get("line"), c.properties.get("title"))
        for c in runners.commands(text)
    ]


def test_findings_stand_at_the_entry_that_they_are_about(infra):
    infra("-f", "infra/storages.yaml", "apply", "-y", "-q")
    infra.write(
        MANIFEST.replace("Raw frames", "Raw") + "removed: [{name: gone}]\n", "infra/storages.yaml"
    )
    (infra.path / "infra" / "deeper").mkdir()
    done = infra.shell('cd infra/deeper; "$0" -f ../storages.yaml drift -o github')
    assert places(done.stdout) == [
        ("error", "infra/storages.yaml", "5", "drift changed: raw"),
        ("warning", "infra/storages.yaml", "9", "removed gone: gone"),
    ]
    assert done.stdout.endswith("Drift: 1 difference between live and the manifest.\n")
    assert done.stderr == ""


def test_what_blocks_for_no_entry_stands_at_the_policy(infra):
    infra("-f", "infra/storages.yaml", "apply", "-y", "-q")
    infra.write("version: 1\nplatform: sqlite:///platform.db\n", "infra/storages.yaml")
    policy = "version: 1\npolicy:\n  max_removals: 10%\n  undeclared: remove\n"
    infra.write(
        policy + "storages: [{name: new, type: local, default_url: /new}]\n", "infra/z.yaml"
    )
    done = infra("-f", "infra", "plan", "-o", "github", code=3)
    assert places(done.stdout) == [
        ("error", "infra/z.yaml", "3", "max removals"),
        ("warning", "infra/z.yaml", "4", "removal: nas"),
        ("warning", "infra/z.yaml", "4", "removal: raw"),
    ]


@pytest.mark.parametrize(
    ("manifest", "arguments", "code", "status"),
    [
        (INVALID, ("plan",), 65, "invalid"),
        (MANIFEST, ("plan", "--platform", "http://127.0.0.1:9"), 1, "error"),
        (MANIFEST, ("drift", "--platform", "http://127.0.0.1:9"), 1, "error"),
        (
            MANIFEST.replace("storages:", "policy: {undeclared: fail}\nstorages:"),
            ("plan",),
            0,
            "changes",
        ),
        (MANIFEST, ("drift",), 2, "drift"),
        (MANIFEST, ("plan", "--bogus"), 64, "error"),
        (MANIFEST, ("plan", "-f", "nowhere.yaml"), 64, "error"),
    ],
)
@pytest.mark.sampled(4)
def test_every_format_is_written_whatever_comes_of_it(folder, manifest, arguments, code, status):
    folder.write(manifest)
    (folder.path / "told").mkdir()
    env = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "RECONCILER_TOKEN": "x"}
    folder(*arguments, "--timeout", "1", *asked(*ALL), code=code, env=env)
    found = told(folder, *ALL)
    assert documents.sarif(found["sarif"])["invocations"][0]["exitCode"] == code
    suites = documents.junit(found["junit"])
    wrong = int(suites.get("failures")) + int(suites.get("errors"))
    assert bool(wrong) == (code != 0)
    entries = documents.quality(found["gitlab"])
    assert any(entry["severity"] in ("blocker", "major") for entry in entries) == (code != 0)
    known = documents.widget(found["gitlab-widget"])
    assert ("error" in known) == (status in ("error", "invalid"))
    assert any(c.name == "error" for c in runners.commands(found["github"])) == (code != 0)
    outputs = runners.outputs(folder.read("output"))
    assert (outputs["status"], outputs["exit_code"]) == (status, str(code))
    json.loads(found["json"])
    word = {"changes": "ready", "error": f"error, exit code {code}"}.get(status, status)
    assert pages.seen(found["html"]).of("span").startswith(word)
    assert comments.SIGNED + folder.read("summary").strip() == found["markdown"].strip()
    for name in ALL:  # and so the next run replaces it
        assert not holds_else(folder.path / "told" / name)


def test_steps_append_to_what_github_reads(quickstart):
    quickstart.write("a=b\n", "output")
    quickstart.write("# Before\n", "summary")
    env = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
    quickstart("plan", "-o", "github", env=env)
    assert quickstart.read("output").startswith("a=b\nstatus=changes\n")
    assert quickstart.read("summary").startswith("# Before\n### Plan: 3 to create")
    quickstart.write("a=b", "output")
    quickstart.write("# Before", "summary")
    quickstart("plan", "-o", "github", env=env)
    assert quickstart.read("output").startswith("a=b\nstatus=changes\n")
    assert quickstart.read("summary").startswith("# Before\n### Plan: 3 to create")


def test_a_summary_that_is_full_is_left_as_it_is(quickstart):
    quickstart.write("x" * ((1 << 20) - 10), "summary")
    done = quickstart("plan", "-o", "github", code=1, env={"GITHUB_STEP_SUMMARY": "summary"})
    assert (quickstart.path / "summary").stat().st_size == (1 << 20) - 10
    assert "'summary' has no room for this report: GitHub shows 1 MiB of a step" in done.stderr
    assert done.stdout.endswith("Plan: 3 to create, 0 to update, 0 to remove.\n")


def test_of_what_github_reads_each_gets_all_or_nothing(quickstart):
    before = "x" * 1_000 + "\n"
    quickstart.write(before, "output")
    given = "export GITHUB_OUTPUT=output GITHUB_STEP_SUMMARY=summary"
    done = quickstart.shell(f'ulimit -f 1; {given}; "$0" plan -o github')
    assert done.returncode == 1
    assert "can't write 'output': " in done.stderr
    assert quickstart.read("output") == before
    assert quickstart.read("summary").startswith("### Plan: 3 to create")
    done = quickstart("plan", "-o", "github", code=1, env={"GITHUB_OUTPUT": "a/b", **SUMMARY})
    assert "can't write 'a/b': " in done.stderr
    assert quickstart.read("summary").count("### Plan: 3 to create") == 2


def test_what_github_reads_is_no_file_of_the_run(quickstart):
    before = quickstart.read("storages.yaml")
    env = {"GITHUB_OUTPUT": "storages.yaml", **SUMMARY}
    for line in ("plan", "plan --nothing", "validate -f nowhere"):
        done = quickstart(*line.split(), "-o", "github", code=64, env=env)
        assert quickstart.read("storages.yaml") == before
    quickstart.write("version: 1\n", "m.txt")
    done = quickstart(
        "validate", "-f", "m.txt", "-o", "github", code=64, env=env | {"GITHUB_OUTPUT": "m.txt"}
    )
    assert "GITHUB_OUTPUT 'm.txt' is a file that this run reads" in done.stderr
    assert quickstart.read("m.txt") == "version: 1\n"
    quickstart.write(f"{before}lock: file://{quickstart.path}/lock\n")
    (quickstart.path / "lock").mkdir()
    env["GITHUB_OUTPUT"] = "lock/new"
    done = quickstart("validate", "-o", "github", code=64, env=env)
    assert "'lock/new' is a file of the manifest's lock" in done.stderr
    assert not (quickstart.path / "lock" / "new").exists()


def test_what_github_reads_lies_in_no_storage(folder):
    folder.write(MANIFEST.replace("/data/nas", f"{folder.path}/nas"))
    (folder.path / "nas").mkdir()
    folder.write("half a line", "nas/a")
    env = {"GITHUB_OUTPUT": "nas/a", "GITHUB_STEP_SUMMARY": "nas/b"}
    for command in ("plan", "validate"):
        done = folder(command, "-o", "github", code=64, env=env)
        assert "GITHUB_OUTPUT 'nas/a' lies in the storage 'nas'" in done.stderr
        assert folder.read("nas/a") == "half a line"
        assert not (folder.path / "nas" / "b").exists()


def test_what_github_reads_is_no_platform_and_no_plan(applied):
    applied("plan", "--out", "plan.json")
    kept = ("platform.db", "plan.json")
    before = [(applied.path / name).read_bytes() for name in kept]
    for name in ("platform.db", "platform.db-journal", "plan.json"):
        env = {"GITHUB_OUTPUT": name, **SUMMARY}
        for line, code in (("validate", 1), ("plan --bogus", 64)):
            done = applied(*line.split(), "-o", "github", code=code, env=env)
            assert f"can't write '{name}': " in done.stderr
        assert [(applied.path / one).read_bytes() for one in kept] == before
    assert not (applied.path / "platform.db-journal").exists()
    applied("list")


def test_of_a_report_that_is_refused_github_is_told(quickstart):
    env = {"GITHUB_OUTPUT": "output", **SUMMARY}
    quickstart("plan", "-o", "github", "-o", "json=storages.yaml", code=64, env=env)
    assert quickstart.read("output").startswith("status=error\nexit_code=64\n")
    assert quickstart.read("summary").startswith("### Error (exit code 64)")


def test_a_file_that_cannot_be_written_costs_the_others_nothing(quickstart):
    done = quickstart(
        "plan", "-o", "json=nowhere/plan.json", "-o", "junit=plan.xml", "-o", "markdown", code=1
    )
    assert done.stdout.startswith("### Plan: 3 to create")
    assert "Error: can't write 'nowhere/plan.json': " in done.stderr
    documents.junit(quickstart.read("plan.xml"))


def test_what_was_found_counts_more_than_that_it_could_not_be_written(quickstart):
    quickstart("drift", "-o", "json=nowhere/drift.json", code=2)


def test_reports_are_private_and_whole(quickstart):
    quickstart("plan", "-o", "junit=plan.xml")
    quickstart("plan", "-o", "junit=plan.xml")
    assert (quickstart.path / "plan.xml").stat().st_mode & 0o777 == 0o600
    assert "plan.xml" in quickstart.files()
    assert sum("plan.xml" in name for name in quickstart.files()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "-o", "json=storages.yaml"), "'storages.yaml' has the name of a manifest"),
        (("plan", "-f", "m.txt", "-o", "json=m.txt"), "'m.txt' is a file that this run reads"),
        (("plan", "-o", "json=nas/plan.json"), "lies in the storage 'nas'"),
        (("plan", "-o", "json="), "'json=' names no file"),
        (("plan", "-o", "jsonn=x"), "invalid choice: 'jsonn'"),
        (("plan", "-o", "json=x", "--out", "x"), "'x' is named twice"),
        (("plan", "-o", "json=x", "-o", "junit=./x"), "'./x' is named twice"),
        (
            ("plan", "--env-file", "v.env", "-o", "json=v.env"),
            "'v.env' is a file that this run reads",
        ),
        (("show", "v.env", "-o", "text=./v.env"), "'./v.env' is a file that this run reads"),
        (("validate", "-o", "json=v.env"), "'v.env' is a file that this run reads"),
        (("validate", "-o", "json=lock/a"), "'lock/a' is a file of the manifest's lock"),
        (("validate", "-o", "json=link"), "'link' is a file that this run reads"),
        (("plan", "-f", "more", "-o", "json=to"), "'to' is a file that this run reads"),
        (("plan", "--env-file", "v.env", "--out", "v.env"), "'v.env' is a file that this run"),
        (("plan", "-f", "more", "--out", "more/b.yaml"), "read as a file of the manifest"),
        (("plan", "-o", "json=.reconciler/journal/a"), "is where runs keep what they know"),
        (("plan", "--out", ".reconciler/journal/a"), "is where runs keep what they know"),
        (("plan", "-o", "json=.reconciler/watch/a"), "is where runs keep what they know"),
        (("plan", "-o", "json=proofs/scans/a"), "is where runs keep what they know"),
        (("plan", "-o", "json=known/watch.json"), "is where runs keep what they know"),
        (("plan", "--out", "run"), "is where runs keep what they know"),
        (("plan", "--out", "proofs/scans/a"), "is where runs keep what they know"),
        (("verify", "proofs", "-o", "json=./proofs/a"), "is where runs keep what they know"),
        (("plan", "-o", "json", "-o", "junit"), "both want standard output"),
        (("list", "-o", "json=x"), "`list` writes to standard output alone: `-o json > x`"),
        (("list", "-o", "sarif"), "`list` has no -o sarif: it writes text, json or markdown"),
        (("validate", "-o", "gitlab-widget"), "`validate` has no -o gitlab-widget"),
        (("verify", "r", "--explain", "a", "b", "-o", "sarif"), "`verify --explain` writes text"),
        (("verify", "r", "--explain", "a", "b", "-o", "json=x"), "to standard output"),
    ],
)
@pytest.mark.sampled(6)
def test_no_report_goes_where_it_would_do_harm(folder, arguments, said):
    place = folder.path / "nas"
    place.mkdir()
    lock = f"lock: file://{folder.path}/lock\n"
    folder.write(MANIFEST.replace("/data/nas", str(place)) + lock)
    folder.write(MANIFEST, "m.txt")
    folder.write("A=b\n", "v.env")
    # What lies there is invalid, so that nobody comes to know all files of the manifest.
    folder.write("version: 2\n", "more/a.yaml")
    (folder.path / "to").symlink_to("more/a.yaml")
    (folder.path / "link").symlink_to("storages.yaml")
    folder.write("{}", "proofs/reconciler-repository.json")
    folder.write("", "known/watch.lock")
    folder.write('{"time":"…","event":"run_started","format_version":1}\n', "run")
    env = {"RECONCILER_TOKEN_FILE": "v.env"} if arguments[0] == "validate" else {}
    done = folder(*arguments, code=64, env=env)
    assert said in done.stderr
    assert folder.read("storages.yaml").startswith("version: 1")
    assert folder.read("m.txt") == MANIFEST
    assert folder.read("v.env") == "A=b\n"
    assert folder.read("more/a.yaml") == "version: 2\n"
    assert not (folder.path / "lock").exists()
    assert list(place.iterdir()) == []
    assert not (folder.path / "x").exists()


@pytest.mark.parametrize(
    "line",
    [
        "plan -f invalid.yaml",
        "validate -f nowhere.yaml",
        "plan --env-file nowhere.env",
        "drift",
        "show plan.json",
        "verify nowhere",
        "plan --nothing",
        "plan --timeout soon",
    ],
)
@pytest.mark.sampled(2)
def test_a_report_replaces_nothing_else_before_anything_is_known(folder, line):
    victims = {"nas/a.tif": "II*", "v.env": "A=b\n", "notes.md": "# Notes\n"}
    folder.write(MANIFEST.replace("/data/nas", f"{folder.path}/nas"))
    folder.write("version: 1\nstorages: [{name: x}]\n", "invalid.yaml")
    folder("plan", "--out", "plan.json")
    for format, (name, text) in zip(ALL[3:], victims.items(), strict=False):
        folder.write(text, name)
        done = folder(*line.split(), "-o", f"{format}={name}", code=64)
        assert f"{name!r} is no report, and a report replaces nothing else" in done.stderr
        assert folder.read(name) == text


def test_a_plan_replaces_plans_and_reports_alone(quickstart):
    quickstart("plan", "-o", "markdown=plan")
    quickstart("plan", "--out", "plan")
    quickstart("plan", "--out", "plan")
    quickstart.write("# Notes\n", "notes.md")
    done = quickstart("plan", "--out", "notes.md", code=64)
    assert "'notes.md' is no plan, which alone --out replaces" in done.stderr
    assert quickstart.read("notes.md") == "# Notes\n"


def test_what_came_meanwhile_is_no_more_replaced(quickstart):
    hook = "\npathlib.Path('plan.xml').write_text('mine')\n"
    quickstart.write(MODULE + hook, "ours.py")
    told = ("-o", "junit=plan.xml", "-o", "json=plan.json")
    env = {"PYTHONPATH": str(quickstart.path)}
    done = quickstart("plan", "--platform", "jetraw+module:ours", *told, code=1, env=env)
    assert "can't write 'plan.xml': it is no report" in done.stderr
    assert quickstart.read("plan.xml") == "mine"
    assert quickstart.read("plan.json")
    quickstart.write(MODULE + hook.replace("plan.xml", "digest"), "ours.py")
    told = ("--out", "saved.json", "--digest-file", "digest")
    quickstart("plan", "--platform", "jetraw+module:ours", *told, code=1, env=env)
    assert quickstart.read("digest") == "mine"
    assert not (quickstart.path / "saved.json").exists()


def test_no_line_of_a_file_is_a_command_whatever_the_manifest_is_called(folder):
    name = "::error file=x::owned.yaml"
    folder.write("version: 1\nstoragez: []\n", name)
    told = ("-o", "text=told.txt", "-o", "junit=told.xml", "-o", "junit")
    done = folder("validate", "-f", name, *told, code=65)
    texts = (done.stdout, folder.read("told.txt"), folder.read("told.xml"))
    assert not [text for text in texts if "\n::" in text]
    assert f"{name}:2:1: " in "".join(documents.junit(done.stdout).itertext())


def test_a_hyphen_is_standard_output(quickstart):
    done = quickstart("plan", "-o", "markdown=-", "-o", "json=plan.json")
    assert done.stdout == quickstart("plan", "-o", "markdown").stdout
    assert not (quickstart.path / "-").exists()


def test_a_saved_plan_is_shown_in_them_too(quickstart):
    quickstart("plan", "--out", "plan.json")
    done = quickstart("show", "plan.json", "-o", "gitlab-widget")
    assert documents.widget(done.stdout) == {"create": 3, "update": 0, "delete": 0}


def test_on_github_warnings_are_told_once(folder):
    folder.write(MANIFEST.replace("name: raw", "name: NAS"))
    done = folder("validate", "-o", "github")
    assert [place[:3] for place in places(done.stdout)] == [("warning", "storages.yaml", "5")]
    assert done.stderr == ""


def test_an_annotation_marks_what_is_wrong_and_no_more(folder):
    """Columns count characters, and the last one is that behind it, as in SARIF."""
    first = '  - {name: "ä🧪 ", lable: x, type: lokal}\n'
    text = f"version: 1\nstorages:\n{first}  - name: [a]\n    type: >\n      S3\n"
    folder.write(text)
    done = folder("validate", "-o", "github", code=65)
    lines = text.splitlines()
    marked = {}
    for command in runners.commands(done.stdout):
        given = command.properties
        line = lines[int(given["line"]) - 1]
        end = int(given["endColumn"]) - 1 if "endColumn" in given else None
        marked[command.data.partition(": ")[0]] = line[int(given["col"]) - 1 : end]
        assert given.get("endLine", given["line"]) == given["line"]
    assert marked == {
        "storages[0].lable": "lable",
        "storages[0].type": "lokal",
        "storages[1].name": "[a]",
        "storages[1].type": ">",
    }
