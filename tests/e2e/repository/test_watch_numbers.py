"""Alerts and the dashboard of a watch: they are of numbers that a watch gives, and alerts fire.

The numbers are those of a watch that runs as its unit starts it, with what else it can do.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from subprocess import DEVNULL, PIPE
from typing import IO

import jsonschema
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from reconciler.report.metrics import FAMILIES
from reconciler.watching.conditions import KINDS
from support.repository import DEPLOY, DOCS, TESTS
from tests.e2e.conftest import Folder

WATCH = DEPLOY / "watch"
RULES = WATCH / "prometheus" / "reconciler-watch.rules.yml"
CASES = WATCH / "prometheus" / "reconciler-watch.rules.test.yml"
BOARD = json.loads((WATCH / "grafana" / "reconciler-watch.json").read_text(encoding="utf-8"))
TOKEN = "0123456789abcdefghij"
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0")
#: A selector of a metric: its name, and what is asked of its labels.
SELECTOR = re.compile(r"\b(reconciler_\w+)(?:\{([^}]*)\})?")
PROMTOOL = shutil.which("promtool")
NEEDS = pytest.mark.skipif(not PROMTOOL, reason="there is no promtool (Debian: prometheus)")


def alerts() -> dict[str, str]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def panels() -> list[dict]:
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def shown() -> list[str]:
    """Give what the dashboard asks Prometheus for."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def git(folder, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=folder, check=True, stdout=DEVNULL, stderr=DEVNULL)


def unit_words() -> list[str]:
    text = (WATCH / "systemd/reconciler-watch.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=\S+ (.+)", text, re.M)
    return shlex.split(line.replace(":9470", ":0"))


def asked(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.read().decode()


def heard(lines: IO[str], what: str) -> None:
    """Read what a watch says until it says that."""
    assert any(f" {what}: " in line for line in lines)


def manifest(folder: Folder, names: str) -> None:
    folder.write(
        f"version: 1\nplatform: sqlite:///{folder.path}/platform.db\nproof: {{every: 30d}}\n"
        "policy: {undeclared: remove, max_removals: 0}\nstorages:\n"
        + "".join(
            f"  - {{name: {name}, type: local, default_url: {folder.path}/{name}}}\n"
            for name in names
        ),
        "origin/storages.yaml",
    )
    git(folder.path / "origin", "add", ".")
    git(folder.path / "origin", "commit", "-qm", names)


@pytest.fixture
def numbers(folder: Folder) -> str:
    """Have a watch pull, apply, scan, and be blocked; check its probes; give what it tells."""
    for name in ("a/1.tif", "a/2.tif", "b/1.tif"):
        folder.write("measured", name)
    git(folder.path, "init", "-q", "origin")
    manifest(folder, "a")
    git(folder.path, "clone", "-q", "origin", "storages")
    folder("apply", "-y", "-q", "-f", "storages")
    folder("scan", "-q", "--into", "proofs", "-f", "storages")
    (folder.path / "a/1.tif").unlink()
    manifest(folder, "ab")
    with folder.start(
        *(*unit_words(), "--apply", "--scan", "proofs"),
        # Nobody listens at port 9.
        env={
            "RECONCILER_WATCH_TOKEN": TOKEN,
            "RECONCILER_NOTIFY_URLS": "hook = json://127.0.0.1:9",
        },
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            url = process.stderr.readline().split()[-1]
            heard(process.stdout, "finding")  # it has applied, and scanned
            manifest(folder, "a")
            process.send_signal(signal.SIGHUP)
            heard(process.stdout, "blocked")
            # It is told a moment before it counts.
            answers = (
                asked(f"{url}/metrics", Authorization=f"Bearer {TOKEN}") for _ in range(1000)
            )
            told = next(answer for answer in answers if "blocking_reasons{" in answer)
            check_probes(url)
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    return told


def check_probes(url: str) -> None:
    """Ask what the manifests ask, as they do: Kubernetes by the address of the pod."""
    for pod in yaml.safe_load_all((WATCH / "kubernetes/watch.yaml").read_text(encoding="utf-8")):
        (container,) = pod["spec"]["template"]["spec"]["containers"]
        for name in ("livenessProbe", "readinessProbe"):
            assert asked(f"{url}{container[name]['httpGet']['path']}", Host="10.0.0.7:9470")
    compose = yaml.safe_load((WATCH / "compose.yaml").read_text(encoding="utf-8"))
    *program, code = compose["services"]["watch"]["healthcheck"]["test"]
    assert program == ["CMD", "python", "-c"]
    exec(code.replace("http://127.0.0.1:9470", url))
    with pytest.raises(urllib.error.URLError):
        exec(code.replace("http://127.0.0.1:9470", f"{url}/nowhere"))


def checked(*words: str, given: str | None = None) -> None:
    """Run promtool, which must find nothing wrong."""
    done = subprocess.run(
        [PROMTOOL, *words],
        input=given,
        cwd=RULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr, done.stderr


def test_alerts_and_panels_are_of_numbers_that_a_watch_gives(numbers):
    families = [*text_string_to_metric_families(numbers)]
    there: dict[str, dict[str, set[str]]] = {}
    for sample in (sample for family in families for sample in family.samples):
        labels = there.setdefault(sample.name, {"job": set(), "instance": set()})
        for label, value in sample.labels.items():
            labels.setdefault(label, set()).add(value)
    asked_for = [*alerts().values(), *shown()]
    for name, labels in (found for expr in asked_for for found in SELECTOR.findall(expr)):
        assert name in there, name
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', labels):
            assert label in there[name], f"{name}{{{labels}}}"
            if label == "kind":
                assert {*values.split("|")} <= {*KINDS}
    grouped = {
        word
        for expr in asked_for
        for words in re.findall(r"\b(?:by|on) \(([^)]*)\)", expr)
        for word in words.split(", ")
    }
    assert grouped <= {label for labels in there.values() for label in labels}
    # What a watch alone tells is all shown, but for what others say better.
    panels_have = {name for expr in shown() for name, _ in SELECTOR.findall(expr)}
    unseen = {name for name in there if name.startswith("reconciler_watch_")} - panels_have
    assert unseen == {
        "reconciler_watch_started_timestamp_seconds",
        "reconciler_watch_last_try_timestamp_seconds",
        "reconciler_watch_interval_seconds",
        "reconciler_watch_last_apply_timestamp_seconds",
        "reconciler_watch_last_scan_timestamp_seconds",
        "reconciler_watch_oldest_proof_timestamp_seconds",
        "reconciler_watch_notifications_total",
    }
    assert not {name for name in there if not name.startswith("reconciler_watch_")} - {*FAMILIES}
    if PROMTOOL:
        checked("check", "metrics", given=numbers)


def test_the_reference_has_each_alert():
    text = (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(ReconcilerWatch\w+)`", text)) == alerts().keys()


def test_each_kind_of_condition_has_an_alert():
    of_others = {"drift", "blocked"}  # by numbers of their own
    named = {
        kind
        for expr in alerts().values()
        for values in re.findall(r'conditions\{kind=~?"([^"]*)"', expr)
        for kind in values.split("|")
    }
    assert named == {*KINDS} - of_others


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    tried = [rule for case in cases for rule in case["alert_rule_test"]]
    assert {rule["alertname"] for rule in tried if rule["exp_alerts"]} == alerts().keys()
    assert {rule["alertname"] for rule in tried if not rule["exp_alerts"]} == alerts().keys()
    assert any("input_series" not in case for case in cases)  # nothing comes


@NEEDS
def test_promtool_finds_nothing_wrong_with_alerts_and_panels(tmp_path):
    checked("check", "rules", RULES.name)
    checked("test", "rules", CASES.name)
    exprs = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(shown())]
    whole = {"groups": [{"name": "panels", "rules": exprs}]}
    (tmp_path / "panels.yml").write_text(yaml.safe_dump(whole))
    checked("check", "rules", str(tmp_path / "panels.yml"))


def test_the_dashboard_is_one_that_grafana_takes():
    text = (TESTS / "support/grafana/dashboard-13.2.json").read_text(encoding="utf-8")
    jsonschema.Draft7Validator(json.loads(text)).validate(BOARD)
    names = {each["name"] for each in BOARD["templating"]["list"]}
    assert {*re.findall(r"\$\{?(\w+)", json.dumps(BOARD))} - {"__all"} == names
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len({*ids}) == len(ids)
    places = [
        (x, y)
        for at in (panel["gridPos"] for panel in BOARD["panels"])
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len({*places}) == len(places)  # none lies on another
    assert max(x for x, _ in places) < 24
