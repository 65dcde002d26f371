"""`examples/nightly`: the units are units, and what they start is understood."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import parse
from support.repository import ROOT

EXAMPLE = ROOT / "examples" / "nightly"
UNITS = ["reconciler-nightly.service", "reconciler-nightly.timer"]
#: With the second: a night that is repeated overwrites nothing.
STAMP = re.compile(r"(digest|findings)-\d{4}-\d\d-\d\d-\d{6}-\d+\.(sha256|csv)")
#: Writes down how it is called; says which snapshots are there.
RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
[ "$1 $2" != "snapshot list" ] || { printf '%b' "$LISTED"; exit "${LIST:-0}"; }
[ "$1" != scan ] || exit "$SCAN"
"""
TWO = r'"id": "new",\n"digest"\n"id": "0f",\n"id": "old",\n"digest"\n"id": "0f"\n'


@pytest.fixture
def lab(tmp_path):
    """Install the example, as its unit wants it, in a folder of the test."""
    (tmp_path / "bin").mkdir()
    recorder = tmp_path / "bin" / "reconciler"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)
    shutil.copytree(EXAMPLE, tmp_path / "lab")
    for unit in UNITS:
        text = (EXAMPLE / unit).read_text()
        text = text.replace("/opt/lab", f"{tmp_path}/lab").replace("/opt/reconciler", str(tmp_path))
        (tmp_path / unit).write_text(text)
    return tmp_path


def directive(unit: Path, key):
    (value,) = [
        line.partition("=")[2]
        for line in unit.read_text().splitlines()
        if line.startswith(f"{key}=")
    ]
    return value


def start(lab, **more):
    """Start what the unit starts."""
    service = lab / UNITS[0]
    name, _, value = directive(service, "Environment").partition("=")
    return subprocess.run(
        shlex.split(directive(service, "ExecStart")),
        cwd=directive(service, "WorkingDirectory"),
        env={name: value, "CALLS": str(lab / "calls"), "DEEP": "1", "LISTED": TWO, **more},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("scan", "code", "metrics"), [(0, 0, ""), (7, 7, "a b.prom"), (8, 8, ""), (1, 1, "a b.prom")]
)
def test_what_the_unit_starts_is_understood_and_its_exit_code_is_the_worst(
    lab, scan, code, metrics
):
    done = start(lab, SCAN=str(scan), METRICS=metrics)
    assert done.returncode == code
    last = "".join(done.stdout.splitlines()[-1:])
    comparing = "Comparing the snapshot new with the one before it, old."
    assert last == comparing if not code else last.endswith(f" See, above: scan ({code}).")
    calls = (lab / "calls").read_text().splitlines()
    latest = "verify s3://lab-proofs/nas@new --against s3://lab-proofs/nas@old "
    compared = [latest, "verify s3:", "verify s3:"]
    expected = ["scan --due", "snapshot create", "snapshot list", *compared]
    kept = [word for word in shlex.split(" ".join(calls)) if word.endswith((".sha256", ".csv"))]
    assert [bool(STAMP.fullmatch(name)) for name in kept] == [True] * (0 if code == 1 else 2)
    assert len(calls) == (1 if code == 1 else len(expected))
    for call, begins in zip(calls, expected, strict=False):
        assert call.startswith(begins)
        # As the recorder writes it, a blank in a name has no quotes.
        _, _, options = parse(shlex.split(call.replace("a b", "a_b")), COMMANDS)
        tells = hasattr(options, "metrics") and not call.startswith("snapshot list")
        if tells and "--against" not in call:
            assert options.metrics == (metrics.replace(" ", "_") or None)
        assert "s3://lab-proofs/nas" in call


@pytest.mark.parametrize(("scan", "code"), [(0, 1), (7, 7), (8, 8)])
def test_a_corrupt_snapshot_is_told_and_a_comparison_is_left_out_with_a_word(lab, scan, code):
    done = start(lab, SCAN=str(scan), LISTED=r'"id": "new",\n"digest"\n', LIST="1")
    assert done.returncode == code
    assert "Nothing was compared: there is no earlier snapshot that can be read.\n" in done.stdout
    assert done.stdout.endswith("snapshot list (1).\n")
    calls = (lab / "calls").read_text()
    assert "--against" not in calls
    assert "--objective" in calls


@pytest.mark.parametrize(
    ("known", "compared"),
    [("older", "older"), ("pruned", "old"), (None, "old"), ("new", None)],
)
def test_a_night_compares_with_the_snapshot_that_was_compared_last(lab, known, compared):
    goes_on = lab / "lab/compared.id"
    if known:
        goes_on.write_text(f"{known}\n")
    done = start(lab, SCAN="0", LISTED=TWO + r'"id": "older",\n"digest"\n')
    assert done.returncode == 0
    against = re.findall(r"@new --against \S+@(\w+) ", (lab / "calls").read_text())
    assert against == ([compared] if compared else [])
    assert ("another run has compared" in done.stdout) == (compared is None)
    assert ("is not there any more" in done.stdout) == (known == "pruned")
    assert goes_on.read_text() == "new\n"


def test_snapshots_are_named_by_when_they_were_made(lab):
    old, new = "20261128-020000-123-2dd3c2d1", "20261129-020001-456-719d4c59"
    listed = "".join(rf'"id": "{id}",\n"digest"\n' for id in (new, old))
    done = start(lab, SCAN="0", LISTED=listed)
    assert (
        f"Comparing the snapshot of 2026-11-29 02:00:01 UTC ({new}) with the one before it, of "
        f"2026-11-28 02:00:00 UTC ({old}).\n"
    ) in done.stdout
    done = start(lab, SCAN="0", LISTED=listed)
    told = f"another run has compared the latest snapshot, of 2026-11-29 02:00:01 UTC ({new}).\n"
    assert told in done.stdout


def test_a_repository_that_is_not_mounted_is_not_begun_anew(lab):
    assert start(lab, SCAN="0").returncode == 0
    calls = (lab / "calls").read_text().splitlines()
    making = [call for call in calls if call.startswith(("scan", "snapshot create"))]
    assert len(making) == 2
    assert all(" --existing " in call for call in making)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("nightly/nightly.sh", "Say where the repository is: nightly.sh REPO\n"),
        (
            "disaster-recovery/drill.sh",
            "drill is there already, perhaps from the last drill: ",
        ),
    ],
)
def test_a_script_says_what_it_wants(tmp_path, script, told):
    (tmp_path / "drill").mkdir()
    done = subprocess.run(
        [ROOT / "examples" / script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith(told)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")
def test_systemd_finds_nothing_wrong_with_the_units(lab):
    # Its own runtime folder: nothing is asked of a systemd that runs here, if one does.
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(lab / unit for unit in UNITS)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(lab)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [
        line for line in done.stderr.splitlines() if str(lab) in line or "nightly" in line
    ] == []
    assert done.returncode == 0, done.stderr
