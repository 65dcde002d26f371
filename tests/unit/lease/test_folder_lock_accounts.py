"""A lock folder that several accounts share, whatever their umask."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import PlatformBusyError, PlatformError
from reconciler.lease.contract import SECONDS
from reconciler.lease.opening import open_lock
from support.locks.lock_making import ALICE, BOB, Clock

FIRST, SECOND, TEAM = 40001, 40002, 40100
IS_ROOT = sys.platform == "linux" and os.geteuid() == 0


@contextmanager
def account(user: int, umask: int, group: int = TEAM) -> Iterator[None]:
    """Meet files as another account does; without root, at least with its umask."""
    libc = ctypes.CDLL(None, use_errno=True) if IS_ROOT else None
    before = os.umask(umask)
    if libc:
        libc.setfsgid(group)
        libc.setfsuid(user)
    try:
        yield
    finally:
        if libc:
            libc.setfsuid(0)
            libc.setfsgid(0)
        os.umask(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder that every account can reach: those of pytest are private."""
    home = Path(tempfile.mkdtemp())
    home.chmod(0o755)
    made = home / "lock"
    made.mkdir()
    if IS_ROOT:
        os.chown(made, 0, TEAM)
    yield made
    shutil.rmtree(home)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o2777, 0o2770, 0o770, 0o3770])
@pytest.mark.parametrize("umask", [0o077, 0o027, 0o777, 0])
def test_accounts_take_turns_whatever_their_umask(folder, mode, umask):
    folder.chmod(mode)
    clock = Clock()
    ours, others = (open_lock(f"file://{folder}", clock=clock) for _ in range(2))
    with account(FIRST, umask):
        lease = ours.acquire(ALICE, SECONDS)
    assert modes(folder) == {0o644}
    with account(SECOND, umask):
        assert others.current() == lease
        with pytest.raises(PlatformBusyError):
            others.acquire(BOB, SECONDS)
    clock.advance(SECONDS + 2)
    with account(SECOND, umask):
        lease = others.acquire(BOB, SECONDS)
        for _ in range(40):  # so that the first one's files are old
            lease = others.renew(lease, SECONDS)
        others.release(lease)
    with account(FIRST, umask):
        assert ours.acquire(ALICE, SECONDS).fence == lease.fence + 1
    assert modes(folder) == {0o644}


def test_those_who_may_enter_the_folder_by_different_groups(folder):
    folder.chmod(0o777)
    ours, others = (open_lock(f"file://{folder}") for _ in range(2))
    with account(FIRST, 0o077, group=FIRST):
        lease = ours.acquire(ALICE, SECONDS)
    with account(SECOND, 0o077, group=SECOND):
        assert others.current() == lease


@pytest.mark.parametrize(
    ("above", "made"),
    [(0o777, 0o777), (0o2775, 0o2775), (0o770, 0o770), (0o1777, 0o700), (0o755, 0o700)],
)
def test_a_folder_that_the_first_one_makes_is_for_all_who_could_have_made_it(folder, above, made):
    folder.chmod(above)
    if IS_ROOT:
        os.chown(folder, FIRST, TEAM)
    below = folder / "lock"
    with account(FIRST, 0o077):
        lease = open_lock(f"file://{below}").acquire(ALICE, SECONDS)
    assert stat.S_IMODE(below.stat().st_mode) == made
    if made != 0o700:
        with account(SECOND, 0o077):
            assert open_lock(f"file://{below}").current() == lease


def test_what_is_in_a_private_folder_is_private(folder):
    folder.chmod(0o700)
    open_lock(f"file://{folder}").acquire(ALICE, SECONDS)
    assert modes(folder) == {0o600}


def test_a_share_that_has_permissions_of_its_own_will_do(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    lock = open_lock(f"file://{folder}")
    assert lock.acquire(ALICE, SECONDS) == lock.current()


def test_a_record_that_may_not_be_read_is_named_with_its_owner(folder, monkeypatch):
    """As a version of the program left it that heeded the umask."""
    folder.chmod(0o777)
    record = folder / "0000000001.json"
    with account(FIRST, 0o077):
        record.touch()
    if not IS_ROOT:
        record.chmod(0)
    lock = open_lock(f"file://{folder}")
    for call in (lock.current, lambda: lock.acquire(BOB, SECONDS)):
        with account(SECOND, 0o022), pytest.raises(PlatformError, match=r"chmod a\+r") as caught:
            call()
        assert str(record) in str(caught.value)
        assert f"has mode {'0600' if IS_ROOT else '0000'}" in str(caught.value)


def test_a_folder_that_may_not_be_written_is_named_with_its_owner(folder):
    folder.chmod(0o555)
    lock = open_lock(f"file://{folder}")
    with account(SECOND, 0o022), pytest.raises(PlatformError, match="mode 0555") as caught:
        lock.acquire(BOB, SECONDS)
    assert "writable for everybody who applies; it belongs to" in str(caught.value)
