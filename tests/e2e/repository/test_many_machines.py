"""`docs/scan-on-many-machines.md`: what takes a cluster is run here as far as one machine can."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import parse
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from support.recovery.scans import rows, table
from support.repository import ROOT
from tests.e2e.repository.test_documents import blocks, environment

PAGE = ROOT / "docs" / "scan-on-many-machines.md"
SLURM = ROOT / "tests" / "support" / "slurm"
KUBERNETES = ROOT / "tests" / "support" / "kubernetes"
#: A scheduler and workers take seconds of CPU to start.
SOME = pytest.mark.sampled(2, of="clusters")
FILES = 8


def block(note: str) -> str:
    (found,) = (text for said, _, text in blocks(PAGE) if said == note)
    return found


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Give the folder of the page, with its storage applied and scanned before its files came."""
    (tmp_path / "nas").mkdir()
    for name in ("storages.yaml", "scan.sh"):
        (tmp_path / name).write_text(block(f"file: {name}"))
    shell(tmp_path, "reconciler apply -y -q && reconciler scan --into proofs -q")
    for number in range(FILES):
        (tmp_path / "nas" / f"{number}.tif").write_text(f"{number}\n")
    return tmp_path


def shell(folder: Path, script: str, path: Path | None = None, **more: str) -> str:
    """Run a script there, and give what it printed; no page that it shows is to be in the way."""
    given = {**environment(folder), "DASK_DISTRIBUTED__DASHBOARD__LINK": "", **more}
    if path:
        given["PATH"] = os.pathsep.join((str(path), given["PATH"]))
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def scanned(folder: Path, repository: str = "proofs") -> None:
    """Check that a scan of everything was finished, and has what each file holds."""
    opened = open_repository(str(folder / repository))
    last = record.latest(opened, f"local:file://{folder / 'nas'}")
    assert sum(row["sha256"] is not None for row in table(rows(opened, last)).values()) == FILES


def test_an_array_of_slurm_makes_one_scan_and_then_a_snapshot(lab: Path) -> None:
    told = shell(lab, block("run by SLURM"), SLURM)
    assert re.fullmatch(r"Submitted batch job \d+\n", told)
    ended = [path.read_text() for path in sorted(lab.glob("slurm-*_*.out"))]
    assert ["Scan: 1 storage: 1 shard done." in one for one in ended] == [True, True, False]
    assert "Scan: 1 storage, complete." in ended[2]
    scanned(lab)
    assert "1 snapshot" in shell(lab, "reconciler snapshot check proofs")


@SOME
def test_dask_jobqueue_starts_workers_that_read(lab: Path) -> None:
    (lab / "jobqueue.py").write_text(block("file: jobqueue.py"))
    told = shell(lab, f"{shlex.quote(sys.executable)} jobqueue.py", SLURM)
    assert "Scan: 1 storage, complete." in told
    scanned(lab)


@SOME
def test_dask_kubernetes_starts_workers_that_read(lab: Path, moto) -> None:
    moto.client().create_bucket(
        Bucket="proofs", CreateBucketConfiguration={"LocationConstraint": "eu-central-2"}
    )
    (lab / "on_kubernetes.py").write_text(block("file: on_kubernetes.py"))
    where = {"AWS_ENDPOINT_URL": moto.endpoint, "PYTHONPATH": str(KUBERNETES), **moto.environment()}
    told = shell(lab, f"{shlex.quote(sys.executable)} on_kubernetes.py", **where)
    assert "Scan: 1 storage, complete." in told


@pytest.fixture
def job() -> dict:
    document = yaml.safe_load(block("file: scan-job.yaml"))
    assert isinstance(document, dict)
    return document


def test_the_job_is_one_that_kubernetes_takes(job: dict) -> None:
    schemas = json.loads((KUBERNETES / "schemas-1.33.json").read_text(encoding="utf-8"))
    whole = {**schemas["kinds"]["Job"], "$defs": schemas["$defs"]}
    jsonschema.Draft202012Validator(whole).validate(job)
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    # What the schema can't say of an index that is to fail alone.
    assert (spec["completionMode"], pod["restartPolicy"]) == ("Indexed", "Never")
    mounted = {each["name"] for each in pod["containers"][0]["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["volumes"]}
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["containerName"] == pod["containers"][0]["name"]


def test_each_pod_reads_a_share_of_its_own(job: dict, tmp_path: Path) -> None:
    (tmp_path / "reconciler").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "reconciler").chmod(0o755)
    count, (container,) = job["spec"]["completions"], job["spec"]["template"]["spec"]["containers"]
    shares = []
    for index in (0, count - 1):
        around = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index)}
        line = subprocess.check_output(container["command"], env=around, text=True)
        _, _, options = parse(shlex.split(line), COMMANDS)
        shares.append((options.shard.number, options.shard.of))
    assert shares == [(1, count), (count, count)]


@SOME
def test_the_commands_of_a_cluster_make_one(lab: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    text = block("run by the machines of a lab").replace("scheduler:8786", address)
    scheduler, worker, scan = (line.partition("#")[0].strip() for line in text.splitlines())
    at = f"--host 127.0.0.1 --port {address.partition(':')[2]} --no-dashboard"
    with ExitStack() as stack:
        for command in (f"{scheduler} {at}", f"{worker} --host 127.0.0.1 --no-dashboard"):
            stack.enter_context(running(lab, command))
        deadline = time.monotonic() + 60
        while b"Starting established connection" not in (lab / "log").read_bytes():
            assert time.monotonic() < deadline, (lab / "log").read_text()
            time.sleep(0.05)
        assert "Scan: 1 storage, complete." in shell(lab, scan)
    scanned(lab)


@contextmanager
def running(folder: Path, command: str) -> Iterator[None]:
    """Have a command run meanwhile; what it tells goes to `log`."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.mark.parametrize("note", ["run by two machines", "run by the machines of a lab"])
def test_the_commands_for_several_machines_have_a_meaning(note: str) -> None:
    lines = [shlex.split(line, comments=True) for line in block(note).splitlines()]
    ours = [line[1:] for line in lines if line[0] == "reconciler"]
    assert ours
    for line in ours:
        parse(line, COMMANDS)
