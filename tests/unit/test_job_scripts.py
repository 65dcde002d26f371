"""deploy/github/*.sh, with a program that does as it is told: what becomes of each exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.repository import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="jobs need bash")
DIGEST = "sha256:" + "1" * 64
#: Notes how it is called, says what lies in `$SAID`, and ends with `$SAID/COMMAND.code`.
RECONCILER = """\
#!/bin/sh
printf '%s\\n' "$*" >>"$NOTED"
for word; do
    case $word in markdown=*) cp "$SAID/report" "${word#markdown=}" 2>/dev/null ;; esac
    case $was in --digest-file) cp "$SAID/digest" "$word" 2>/dev/null ;; esac
    was=$word
done
cat "$SAID/$1.outputs" >>"$GITHUB_OUTPUT" 2>/dev/null
cat "$SAID/report" 2>/dev/null
exit "$(cat "$SAID/$1.code" 2>/dev/null || echo 0)"
"""
#: In place of forge.py: what GitHub is asked is tested with that.
FORGE = """\
#!/bin/sh
[ ! -f "$SAID/head" ] || { cat "$SAID/head" >&2; exit 1; }
"""


class Scripts:
    """The scripts of action.yml, and where they are run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said, self.noted = folder, folder / "said", folder / "noted"
        self.work = folder / "temp" / "reconciler-work"
        tools = folder / "temp" / "reconciler" / "bin"
        for place in (self.said, self.work, tools):
            place.mkdir(parents=True)
        for name, text in (("reconciler", RECONCILER), ("python", FORGE)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.say(report="The report.\n")
        self.summary = self.outputs = ""

    def say(self, **said: object) -> None:
        """Write what the program is to say or end with: `apply_code=4`, `report="…"`."""
        for name, value in said.items():
            (self.said / name.replace("_", ".")).write_text(str(value))

    def __call__(self, name: str, **inputs: str) -> int:
        files = {n: self.folder / n.lower() for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in (self.noted, *files.values()):
            file.write_text("")
        done = subprocess.run(
            ["bash", ROOT / "deploy" / "github" / f"{name}.sh"],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "RUNNER_TEMP": str(self.folder / "temp"),
                "INPUT_ENVIRONMENT": "production",
                "NOTED": str(self.noted),
                "SAID": str(self.said),
                **{n: str(file) for n, file in files.items()},
                **inputs,
            },
            capture_output=True,
            check=False,
        )
        self.outputs, self.summary = (file.read_text() for file in files.values())
        return done.returncode

    @property
    def calls(self) -> list[str]:
        return self.noted.read_text().splitlines()


@pytest.fixture
def scripts(tmp_path) -> Scripts:
    return Scripts(tmp_path)


@pytest.mark.parametrize("digest", ["", "plan.json", "sha256:12", f"{DIGEST} --debug"])
def test_nothing_but_a_digest_is_expected(scripts, digest):
    """What stands in its place could be a file of the repository."""
    assert scripts("apply", INPUT_DIGEST=digest) == 64
    assert scripts.calls == []
    assert "**Nothing was applied: the input digest" in scripts.summary
    assert "status=stopped\n" in scripts.outputs
    scripts.say(plan_outputs=f"status=changes\ndigest={DIGEST}\n")
    if digest:
        assert scripts("confirm", INPUT_DIGEST=digest) == 64
        assert [call.split()[0] for call in scripts.calls] == ["plan"]


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        (0, "applied", "applied to production"),
        (4, "stopped", "Run all jobs again"),
        (5, "failed", "apply to production failed"),
        (6, "failed", "apply to production failed"),
        (130, "cancelled", "run the job again, and it does the rest"),
    ],
)
def test_each_end_of_an_apply_is_told(scripts, code, status, told):
    scripts.say(apply_code=code)
    assert scripts("apply", INPUT_DIGEST=f" {DIGEST}\n") == code
    (call,) = scripts.calls
    assert f"--expect {DIGEST} " in call
    assert f"status={status}\n" in scripts.outputs
    assert told in scripts.summary
    assert "The report." in scripts.summary


def test_the_plan_that_was_kept_is_applied_if_it_is_the_one_that_was_shown(scripts):
    saved = scripts.work / "confirmed" / "plan.json"
    saved.parent.mkdir()
    saved.write_text("{}")
    assert scripts("apply", INPUT_DIGEST=DIGEST) == 0
    shown, applied = scripts.calls
    assert shown == f"show {saved} --expect {DIGEST}"
    assert f"--expect {saved} " in applied
    scripts.say(show_code=4)
    assert scripts("apply", INPUT_DIGEST=DIGEST) == 4
    assert scripts.calls == [shown]
    assert "not the one that it has shown" in scripts.summary


@pytest.mark.parametrize("name", ["confirm", "apply"])
def test_a_commit_that_is_not_the_newest_does_nothing(scripts, name):
    scripts.say(head="Stopped: main has moved on\nmore\n")
    assert scripts(name, INPUT_DIGEST=DIGEST) == 1
    assert scripts.calls == []
    assert "**Nothing was applied: main has moved on.**" in scripts.summary
    assert f"report={scripts.work}/report.md\n" in scripts.outputs


@pytest.mark.parametrize("code", [1, 3, 6, 64, 65])
def test_without_a_plan_nothing_is_confirmed(scripts, code):
    scripts.say(plan_code=code, plan_outputs=f"status=blocked\ndigest={DIGEST}\n")
    assert scripts("confirm", REVIEWED_DIGEST=DIGEST, PULL="7") == code
    assert [call.split()[0] for call in scripts.calls] == ["plan"]
    assert scripts.outputs.endswith("status=stopped\n")
    assert "The report." in scripts.summary


def test_what_was_reviewed_is_confirmed_and_nothing_else(scripts):
    scripts.say(plan_outputs=f"status=changes\ndigest={DIGEST}\n")
    assert scripts("confirm") == 4
    assert f"by hand with the digest {DIGEST}" in scripts.summary
    assert scripts("confirm", REVIEWED_DIGEST=DIGEST, PULL="7") == 0
    assert f"show {scripts.work}/plan.json --expect {DIGEST} -o markdown" in scripts.calls
    assert "The plan of pull request #7" in scripts.summary
    assert "stopped" not in scripts.outputs
    scripts.say(show_code=4)
    assert scripts("confirm", REVIEWED_DIGEST=DIGEST, PULL="7") == 4
    scripts.say(plan_outputs="status=no_changes\n")
    assert scripts("confirm") == 0


@pytest.mark.parametrize("name", ["plan", "drift"])
def test_a_program_that_leaves_no_report_ends_the_step_with_its_own_code(scripts, name):
    (scripts.said / "report").unlink()
    scripts.say(plan_code=137, drift_code=137)
    assert scripts(name) == 137


@pytest.mark.parametrize(
    ("codes", "code", "steps"),
    [
        ((0, 0, 0), 0, 3),
        ((8, 7, 0), 7, 3),
        ((7, 8, 0), 7, 3),
        ((0, 8, 0), 8, 3),
        ((6, 0, 0), 6, 1),
        ((0, 0, 1), 1, 3),
    ],
)
def test_a_night_does_all_its_steps_and_keeps_the_digest(scripts, codes, code, steps):
    scripts.say(digest=DIGEST)
    scripts.say(**dict(zip(("scan_code", "snapshot_code", "verify_code"), codes, strict=True)))
    assert scripts("nightly", INPUT_REPOSITORY="proofs") == code
    assert len(scripts.calls) == steps
    assert (f"digest={DIGEST}\n" in scripts.outputs) is (steps == 3)
