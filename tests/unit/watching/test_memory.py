"""What outlasts a watch: one file, whole or not there."""

import os
import stat

import pytest

from reconciler.errors import WatchedError
from reconciler.watching.alone import alone
from reconciler.watching.conditions import DRIFT, Condition, Lasting
from reconciler.watching.memory import FORMAT_VERSION, NAME, NOTHING, Memory, Paused, keep, recall

KNOWN = Memory(
    FORMAT_VERSION,
    (Lasting(Condition(DRIFT, "Bücher", "missing", "not live"), "2026-11-30T08:00:00Z"),),
    (Paused("sha256:0", 3, 1_796_000_000.5),),
    "2026-11-30T08:00:00Z",
    "20261130-084329-640-c7d9ea",
    platforms={"sqlite:///p.db": "a"},
    repositories={"proofs": "b"},
)


def test_what_was_kept_is_known_again(tmp_path):
    folder = tmp_path / "new" / "state"
    assert recall(folder) == (NOTHING, "")
    keep(folder, KNOWN)
    assert recall(folder) == (KNOWN, "")
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is damaged"),
        (b'{"format_version":1,"lasting":[', "is damaged"),
        (b'{"format_version":1,"lasting":"none"}', "is damaged"),
        (b"\xff" * 100, "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b'{"format_version":1,"looked_at":"garbage"}', "is damaged"),
        (b'{"format_version":1,"dues":[{"storage":"a","at":"2026","message":""}]}', "is damaged"),
        (b'{"format_version":2}', "was written by another version"),
    ],
)
def test_what_is_damaged_is_as_if_nothing_was_known(tmp_path, data, says):
    (tmp_path / NAME).write_bytes(data)
    memory, problem = recall(tmp_path)
    assert memory == NOTHING
    assert problem.endswith(says)


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path, monkeypatch):
    keep(tmp_path, KNOWN)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, NOTHING)
    assert recall(tmp_path) == (KNOWN, "")
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_folder_of_state_is_for_one_watch(tmp_path):
    with alone(tmp_path), pytest.raises(WatchedError, match="another watch"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
