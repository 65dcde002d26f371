"""What `dask_kubernetes.operator` of release 2026.3.0 makes, and a cluster that runs it here.

A container is started as Kubernetes does it: `command`, or else the entry point of the image, and
then `args`. The image is that of `deploy/Containerfile`.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema

HOME = Path(__file__).parents[1]
IMAGE = HOME.parents[2] / "deploy" / "Containerfile"
Spec = dict[str, Any]


def make_cluster_spec(name: str, image: str, n_workers: int, worker_command: list[str]) -> Spec:
    worker = {
        "name": "worker",
        "image": image,
        "args": [
            *worker_command,
            *("--name", "$(DASK_WORKER_NAME)"),
            *("--dashboard", "--dashboard-address", "8788"),
        ],
        "ports": [{"name": "http-dashboard", "containerPort": 8788, "protocol": "TCP"}],
    }
    scheduler = {
        "name": "scheduler",
        "image": image,
        "args": ["dask-scheduler", "--host", "0.0.0.0"],
        "ports": [
            {"name": "tcp-comm", "containerPort": 8786, "protocol": "TCP"},
            {"name": "http-dashboard", "containerPort": 8787, "protocol": "TCP"},
        ],
    }
    return {
        "apiVersion": "kubernetes.dask.org/v1",
        "kind": "DaskCluster",
        "metadata": {"name": name},
        "spec": {
            "worker": {"replicas": n_workers, "spec": {"containers": [worker]}},
            "scheduler": {"spec": {"containers": [scheduler]}},
        },
    }


class KubeCluster:
    """A scheduler and one of the workers, as processes on loopback."""

    def __init__(self, *, custom_cluster_spec: Spec) -> None:
        self._spec = custom_cluster_spec["spec"]
        for role in ("scheduler", "worker"):
            _check(self._spec[role]["spec"])
        self._processes: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        self.scheduler_address = f"tcp://127.0.0.1:{port}"
        self._port = str(port)

    def __enter__(self) -> KubeCluster:
        self._start("scheduler", "--port", self._port)
        self._start("worker")
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def wait_for_workers(self, number: int) -> None:
        from distributed import Client  # noqa: PLC0415 - as in the library, slow to import

        with Client(self.scheduler_address, timeout=60) as client:
            client.wait_for_workers(number, timeout=60)

    def _start(self, role: str, *more: str) -> None:
        (container,) = self._spec[role]["spec"]["containers"]
        around = {"DASK_SCHEDULER_ADDRESS": self.scheduler_address, "DASK_WORKER_NAME": role}
        command = [*container.get("command", _entry_point()), *container["args"], *more]
        # On loopback, and without pages for people.
        line = [re.sub(r"\$\((\w+)\)", lambda found: around[found[1]], word) for word in command]
        line = [{"0.0.0.0": "127.0.0.1", "8788": "127.0.0.1:0"}.get(word, word) for word in line]
        if role == "scheduler":
            line += ["--no-dashboard"]
        else:
            line += ["--host", "127.0.0.1", "--lifetime", "10m"]
        process = subprocess.Popen(line, env={**os.environ, **around})
        self._processes.append(process)
        if role == "scheduler":
            self._until_it_listens(process)

    def _until_it_listens(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", int(self._port)), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"the scheduler's container ended with {process.poll()}")


def _entry_point() -> list[str]:
    found = re.search(r"^ENTRYPOINT (\[.*\])$", IMAGE.read_text(encoding="utf-8"), re.M)
    assert found
    words: list[str] = json.loads(found[1])
    return words


def _check(pod: Spec) -> None:
    """Raise `jsonschema.ValidationError` for what Kubernetes takes as no pod."""
    schema = json.loads((HOME / "schemas-1.33.json").read_text(encoding="utf-8"))
    wanted = {"$ref": "#/$defs/io.k8s.api.core.v1.PodSpec", "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator(wanted).validate(pod)
