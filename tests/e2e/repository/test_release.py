"""What is released: one version, the same bytes everywhere, and a bill of materials."""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import dev
import release
from reconciler.version import __version__
from support.forge.linters import audited, workflows
from support.repository import ROOT

CONTAINER = ROOT / "deploy" / "Containerfile"
WORKFLOWS = ROOT / ".github" / "workflows"
PINNED = re.compile(r"uses: actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n")
#: To build, and to load what writes the bill, takes seconds of CPU.
SOME = pytest.mark.sampled(2, of="what is released")
#: What a source archive is made of.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "reconciler", "schemas")


def built(folder: Path, umask: int, kind: str) -> tuple[str, str]:
    """Build in a copy of the checkout; return the name and the sum of what was built."""
    before = os.umask(umask)
    try:
        folder.mkdir()
        for name in SOURCES:
            source = ROOT / name
            if source.is_dir():
                left_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(
                    source, folder / name, ignore=left_out, copy_function=shutil.copyfile
                )
            else:
                shutil.copyfile(source, folder / name)
    finally:
        os.umask(before)
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    line = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", "out"]
    subprocess.run(line, cwd=folder, env=environment, check=True, capture_output=True, umask=umask)
    (found,) = (folder / "out").iterdir()
    return found.name, hashlib.sha256(found.read_bytes()).hexdigest()


@SOME
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_built_is_the_same_wherever_it_is_built(tmp_path, kind):
    one = built(tmp_path / "one", 0o022, kind)
    other = built(tmp_path / "an other folder", 0o077, kind)
    assert one == other
    assert __version__ in one[0]


def test_the_version_has_one_source(capsys):
    assert importlib.metadata.version(dev.NAME) == __version__
    told = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.*?)\]", told, re.MULTILINE)
    assert headings[0] in ("Unreleased", __version__)
    assert "version" in dev.project()["dynamic"]
    assert release.tag("v0.0.1") == 1
    assert f"its tag is v{__version__}, not v0.0.1" in capsys.readouterr().err


def test_a_tag_of_version_and_changelog_is_a_release(tmp_path, monkeypatch, capsys):
    changelog = tmp_path / "CHANGELOG.md"
    monkeypatch.setattr(release, "CHANGELOG", changelog)
    changelog.write_text(f"## [Unreleased]\n\n## [{__version__}] - 2026-12-01\n")
    assert release.tag(f"v{__version__}") == 0
    changelog.write_text(f"## [Unreleased]\n\n### [{__version__}]\n")
    assert release.tag(f"v{__version__}") == 1
    assert "has no heading" in capsys.readouterr().err


@SOME
def test_a_bill_of_materials_names_what_it_is_made_of(tmp_path):
    """A small one: a release's, of all that is installed, takes twenty seconds."""
    goal, wanted = tmp_path / "bill.json", tmp_path / "wanted.txt"
    wanted.write_text("msgspec==0.21.1\nstarlette==1.0.0\n")
    program = Path(sys.executable).with_name("cyclonedx-py")
    told = ["requirements", wanted, "--pyproject", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [program, *told, *release.BILL, "-o", goal], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    bill = json.loads(goal.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == dev.NAME
    assert {part["name"] for part in bill["components"]} == {"msgspec", "starlette"}


def test_a_release_is_made_of_a_commit_and_of_nothing_beside_it(monkeypatch, tmp_path):
    checkout = tmp_path / "checkout"
    (checkout / "reconciler").mkdir(parents=True)
    (checkout / "reconciler" / "a.py").write_bytes(b"committed\r\n")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "commit.gpgsign=false")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], cwd=checkout, check=True)
    (checkout / "reconciler" / "token.txt").write_text("hunter2")
    (checkout / "reconciler" / "a.py").write_text("changed")
    seen = {}

    def run(*_command, folder=checkout, **_more):
        files = (file for file in folder.rglob("*") if file.is_file() and ".git" not in file.parts)
        seen.update({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})
        return 9

    for name, what in {"ROOT": checkout, "install": lambda _extras: None, "run": run}.items():
        monkeypatch.setattr(dev, name, what)
    monkeypatch.setattr(release, "RELEASE", tmp_path / "release")
    assert release.build() == 9
    assert seen == {"reconciler/a.py": b"committed\r\n"}


@pytest.mark.long
def test_a_release_is_built(monkeypatch, tmp_path):
    monkeypatch.setattr(release, "RELEASE", tmp_path)
    monkeypatch.setattr(dev, "install", lambda _extras: None)
    monkeypatch.setattr(dev, "VENV", Path(sys.prefix))
    monkeypatch.setattr(dev, "binary", lambda name, home=Path(sys.prefix): home / "bin" / name)
    assert release.build() == 0
    (bill,) = tmp_path.glob("*.cdx.json")
    names = {part["name"] for part in json.loads(bill.read_text())["components"]}
    assert {"msgspec", "pyarrow", "distributed", "psycopg"} <= names
    assert not {"pytest", "mypy", "pip", "setuptools"} & names


def test_users_get_all_extras_that_are_for_them():
    assert {*release.SHIPPED, "test", "dev"} == dev.project()["optional-dependencies"].keys()


def test_the_image_stands_on_one_digest():
    text = CONTAINER.read_text(encoding="utf-8")
    first, *others = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", first)
    assert others == ["base", "base"]


def test_workflows_of_this_repository_pass_their_checks():
    files = sorted(WORKFLOWS.glob("*.yml"))
    workflows(files)
    audited(WORKFLOWS)


@pytest.mark.parametrize("name", ["tests", "nightly", "newest", "release"])
def test_workflows_are_pinned_and_may_do_little(name):
    text = (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")
    assert len(PINNED.findall(text)) == text.count("uses: ") > 0
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        writes = {scope for scope, right in job["permissions"].items() if right == "write"}
        assert writes <= {"id-token", "attestations"}
        # Who may sign runs nothing of the repository.
        assert not writes or not any("run" in step for step in job["steps"])
        assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_workflows_run_commands_that_there_are():
    for file in WORKFLOWS.glob("*.yml"):
        named = re.findall(r"(dev|release)\.py (\w+)", file.read_text(encoding="utf-8"))
        for module, command in named:
            assert callable(getattr({"dev": dev, "release": release}[module], command))


def test_every_python_that_is_promised_is_tested():
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    text = (WORKFLOWS / "tests.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["systems"]["strategy"]["matrix"]
    assert matrix["python"] == promised
    assert {system.partition("-")[0] for system in matrix["system"]} == {
        "ubuntu",
        "macos",
        "windows",
    }


def test_a_mistyped_command_of_dev_py_is_named(monkeypatch, capsys):
    monkeypatch.setattr(dev.sys, "argv", ["dev.py", "tyr"])
    assert dev.main() == 64
    assert capsys.readouterr().err.endswith(
        "dev.py: there is no 'tyr': one of try, test, check, newest, lowest, constraints\n"
    )
