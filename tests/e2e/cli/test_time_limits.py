"""`--timeout` ends every command, whatever a server sends; and nobody waits for it longer."""

from __future__ import annotations

import json
from subprocess import PIPE

from support.faults.dripping import dripping

HEAD = (
    b"HTTP/1.1 200 OK\r\nReconciler-Version: 9\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000000\r\n\r\n"
)
COMMANDS = (
    ("apply", "-y", "--lock-timeout", "1s"),
    ("plan",),
    ("drift",),
    ("list",),
    ("export",),
    ("doctor",),
    ("history",),
    ("lock", "show"),
    ("lock", "release", "-y"),
)


def test_every_command_comes_to_an_end_though_the_answer_drips(folder) -> None:
    folder.write("version: 1\nstorages: [{name: one, type: local, default_url: /data/one}]\n")
    with dripping(HEAD, b" ") as server:
        running = [
            folder.start(
                *line, "--timeout", "0.1s", "--platform", server.url, stderr=PIPE, stdout=PIPE
            )
            for line in COMMANDS
        ]
        ended = [(process.communicate(timeout=50), process.returncode) for process in running]
    for line, ((out, err), code) in zip(COMMANDS, ended, strict=True):
        told = b" ".join((out + err).split())
        assert code == 1, (line, told)
        assert b"did not come in time" in told, (line, told)
        assert b"Traceback" not in told


def test_the_time_counts_from_the_beginning_of_the_command(folder) -> None:
    folder.write("version: 1\nstorages: [{name: one, type: local, default_url: /data/one}]\n")
    line = ("apply", "-y", "--timeout", "0s", "--events", "events.jsonl")
    folder(*line, "--platform", "sqlite:///platform.db", code=1)
    told = [json.loads(line) for line in folder.read("events.jsonl").splitlines()]
    (end,) = [event for event in told if event["event"] == "operation_failed"]
    assert end["status"] == "not_started"
    assert "--timeout (0 s) is over" in end["error"]
