"""The same manifest, applied by two processes at the same moment."""

from __future__ import annotations

from collections.abc import Mapping
from subprocess import DEVNULL, PIPE


def two_at_once(folder, *, wait: bool, env: tuple[Mapping[str, str], ...] = ({}, {})) -> list[int]:
    """Apply the manifest of a folder twice at once; give the exit codes, the smaller one first.

    Whoever comes second waits for the first, or exits 6. Each process has its own `env`.
    """
    patience = "60s" if wait else "0s"
    pair = [
        folder.start(
            *("apply", "-y", "-q", "--lock-timeout", patience),
            env=own, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, text=True,
        )
        for own in env
    ]  # fmt: skip
    told = [process.communicate(timeout=120)[1] for process in pair]
    ends = sorted(process.returncode for process in pair)
    assert ends in ([0, 0], [0, 6]), told
    assert ends == [0, 0] or not wait, told
    return ends
