"""`examples/nightly`: alerts are of metrics that there are, and fire when they should."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from reconciler.report.metrics import FAMILIES
from support.repository import ROOT

EXAMPLE = ROOT / "examples" / "nightly"
RULES = EXAMPLE / "reconciler.rules.yml"
CASES = EXAMPLE / "reconciler.rules.test.yml"
REFERENCE = ROOT / "docs" / "reference" / "metrics.md"
#: Of node_exporter itself.
OTHERS = {"node_textfile_mtime_seconds", "node_textfile_scrape_error"}
PROMTOOL = shutil.which("promtool")


def rules() -> dict[str, str]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def test_alerts_are_of_metrics_that_there_are():
    named = set(re.findall(r"\b(?:reconciler|node)_\w+", " ".join(rules().values())))
    assert named <= FAMILIES.keys() | OTHERS
    assert named >= OTHERS


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    tried = [rule for case in cases for rule in case["alert_rule_test"]]
    assert {rule["alertname"] for rule in tried if rule["exp_alerts"]} == rules().keys()
    assert {rule["alertname"] for rule in tried if not rule["exp_alerts"]} == rules().keys()
    assert any(not case["input_series"] for case in cases)  # nothing comes


def test_the_reference_has_each_metric_and_each_alert():
    text = REFERENCE.read_text(encoding="utf-8")
    # Those of a watch are held against what it tells in tests/e2e/watching.
    assert set(re.findall(r"`(reconciler_(?!watch_)\w+)`", text)) == set(FAMILIES)
    assert set(re.findall(r"`(Reconciler(?!Watch)\w+)`", text)) == rules().keys()


@pytest.mark.skipif(not PROMTOOL, reason="there is no promtool (Debian: apt install prometheus)")
@pytest.mark.parametrize("words", [("check", "rules", RULES.name), ("test", "rules", CASES.name)])
def test_promtool_finds_nothing_wrong_with_the_alerts(words):
    done = subprocess.run(
        [PROMTOOL, *words], cwd=EXAMPLE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not PROMTOOL, reason="there is no promtool (Debian: apt install prometheus)")
def test_promtool_finds_nothing_wrong_with_the_metrics(folder):
    folder.write("x", "nas/1.tif")
    place = folder.path / "nas"
    folder.write(
        "version: 1\nplatform: sqlite:///platform.db\nproof: {every: 30d}\nstorages:\n"
        f"  - {{name: 'n\"a\\s', label: x, type: local, default_url: {place}}}\n"
    )
    folder("apply", "-y")
    folder("scan", "--into", "proofs", "--metrics", "reconciler.prom")
    text = (folder.path / "reconciler.prom").read_bytes()
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
