"""`examples/disaster-recovery/drill.sh` fails where what it tries fails, and says which."""

import os
import subprocess

import pytest

from support.repository import ROOT

#: Ends well, but for one command; says of the faults what `$FOUND` says.
STAND_IN = """#!/bin/sh
case "$*" in
    apply*) touch platform.db ;;
    list*) echo '{"storages": [{"name": "nas-1", "id": "1"}]}' ;;
    "snapshot create"*) echo sha256:1 > proofs.digest ;;
    "verify proofs --deep"*) [ ! -e unmounted ] || { printf '%s' "$FOUND"; exit 7; } ;;
esac
case "$*" in "$FAILS"*) echo "this is why"; exit "$CODE" ;; esac
"""
THREE = "nas-2:  damaged  7.tif\nnas-3:  missing  9.tif\nnas-4:  not reachable\n"
ALL = THREE + "FINDINGS: 1 damaged, 1 missing, 1 storage not reachable; 80 compared\n"


@pytest.fixture
def drill(tmp_path):
    """Play the drill with a stand-in, give its exit code and what it says."""
    stand_in = tmp_path / "reconciler"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)

    def play(fails="-", code=0, found=ALL):
        done = subprocess.run(
            [ROOT / "examples" / "disaster-recovery" / "drill.sh"],
            cwd=tmp_path,
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "FAILS": fails,
                "CODE": str(code),
                "FOUND": found,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return play


def test_a_drill_in_which_nothing_fails_is_over(drill):
    code, said, wrong = drill()
    assert (code, wrong) == (0, "")
    assert "the drill is over" in said


@pytest.mark.parametrize(
    ("command", "code"),
    [("rebuild", 1), ("verify proofs --platform", 7), ("verify proofs --deep", 8), ("plan", 2)],
)
def test_what_fails_ends_the_drill(drill, command, code):
    ended, said, wrong = drill(command, code)
    assert ended == code
    assert said.endswith("this is why\n")
    assert wrong.startswith(f"THE DRILL FAILED: reconciler {command.split()[0]} ended with {code}.")


@pytest.mark.parametrize(
    "found", [THREE, ALL.replace("1 missing", "2 missing"), ALL.replace("7.tif", "8.tif")]
)
def test_other_faults_than_were_made_end_the_drill(drill, found):
    ended, said, wrong = drill(found=found)
    assert ended == 1
    assert "is over" not in said
    assert wrong.startswith("THE DRILL FAILED: nothing says: ")
