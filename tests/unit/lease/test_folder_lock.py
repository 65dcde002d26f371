"""What is particular to a lock in a shared folder."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import PlatformError, UnavailableError
from reconciler.lease.contract import SECONDS
from reconciler.lease.folder import FileRegister
from reconciler.lease.opening import open_lock
from support.locks.lock_making import ALICE, BOB

ROUNDS = 25
#: How the name of what a writer has prepared begins.
DRAFT = ".reconciler-lock-0123456789abcdef"
#: Takes the lock again and again, and makes a file that must not be there while it has it.
CONTENDER = f"""
import os, sys
from pathlib import Path
from reconciler.errors import PlatformBusyError, UnavailableError
from reconciler.lease.contract import Holder
from reconciler.lease.opening import open_lock
lock, inside = open_lock(sys.argv[1]), Path(sys.argv[2])
for _ in range({ROUNDS}):
    while True:
        try:
            lease = lock.acquire(Holder(str(os.getpid())), 60)
            break
        except (PlatformBusyError, UnavailableError):
            pass
    with inside.open("x"):
        print(lease.fence)
    inside.unlink()
    lock.release(lease)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def lock(folder: Path):
    return open_lock(f"file://{folder}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_processes_never_hold_it_together(folder, tmp_path):
    command = [sys.executable, "-c", CONTENDER, f"file://{folder}", str(tmp_path / "inside")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    fences = [int(fence) for each in told for fence in each]
    assert sorted(fences) == list(range(1, 4 * ROUNDS + 1))


def test_looking_makes_nothing(lock, folder):
    assert lock.current() is None
    assert not folder.exists()


def test_a_share_that_is_not_mounted_is_no_free_lock(tmp_path):
    lock = open_lock(f"file://{tmp_path}/share/lock")
    for call in (lock.current, lambda: lock.acquire(ALICE, SECONDS)):
        with pytest.raises(PlatformError, match="No such file") as caught:
            call()
        assert not caught.value.transient
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_left_alone(lock, folder):
    folder.write_text("mine")
    with pytest.raises(PlatformError, match="Not a directory"):
        lock.acquire(ALICE, SECONDS)
    assert folder.read_text() == "mine"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format_version":1}', b'{"format_version":0,"fence":1}']
)
def test_what_is_no_lock_of_ours_is_never_overwritten(lock, folder, content):
    folder.mkdir()
    (folder / "0000000001.json").write_bytes(content)
    for call in (lock.current, lambda: lock.acquire(ALICE, SECONDS)):
        with pytest.raises(PlatformError, match="did not write as a lock"):
            call()
    assert (folder / "0000000001.json").read_bytes() == content
    assert names(folder) == ["0000000001.json"]


def test_other_files_in_the_folder_do_not_matter(lock, folder):
    folder.mkdir()
    (folder / "README.txt").write_text("a lock")
    (folder / "x.json").write_text("{}")
    lease = lock.acquire(ALICE, SECONDS)
    assert lock.current() == lease
    assert {"README.txt", "x.json"} <= set(names(folder))


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_hard_links_is_refused(lock, folder, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(PlatformError, match="without hard links"):
        lock.acquire(ALICE, SECONDS)
    assert names(folder) == []


@pytest.mark.parametrize("code", [errno.EEXIST, errno.EIO])
def test_an_answer_that_was_lost_after_the_file_server_had_done_it(lock, monkeypatch, code):
    link = os.link

    def lose(*arguments):
        link(*arguments)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", lose)
    lease = lock.acquire(ALICE, SECONDS)
    assert lease.fence == 1
    assert lock.renew(lease, SECONDS).fence == 1


def test_who_could_not_be_told_that_it_won_finds_out_by_asking_again(lock, monkeypatch):
    link, listdir = os.link, os.listdir

    def fail(*_):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    def link_and_lose_the_share(*arguments):
        link(*arguments)
        monkeypatch.setattr(os, "listdir", fail)
        fail()

    monkeypatch.setattr(os, "link", link_and_lose_the_share)
    with pytest.raises(UnavailableError):
        lock.acquire(ALICE, SECONDS)
    monkeypatch.setattr(os, "listdir", listdir)
    monkeypatch.setattr(os, "link", link)
    assert lock.acquire(ALICE, SECONDS).fence == 1


def test_a_file_system_that_can_not_sync_folders_will_do(lock, monkeypatch):
    fsync = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    assert lock.acquire(ALICE, SECONDS) == lock.current()


def test_a_folder_that_may_not_be_written_says_so(lock, folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(PlatformError, match=r"Permission denied.*writable"):
        lock.acquire(ALICE, SECONDS)


def test_the_folder_stays_small(lock, folder):
    lease = lock.acquire(ALICE, SECONDS)
    (folder / f"{DRAFT}.new").write_text("{")  # of a process that was killed
    for _ in range(40):
        lease = lock.renew(lease, SECONDS)
    assert len(names(folder)) == 16
    assert names(folder)[-1] == "0000000041.json"


@pytest.mark.parametrize(
    "name",
    [
        "new-plan.txt",
        "new-0123456789abcdef",
        f"{DRAFT}.new~",
        f"{DRAFT}0.new",
        ".reconciler-lock-mine.new",
        "1.json",
        "00000000001.json",
        "0000000001.json.bak",
        "0000000001.JSON",
        "\N{ARABIC-INDIC DIGIT ONE}" * 10 + ".json",
    ],
)
def test_a_file_whose_name_is_not_quite_ours_is_neither_read_nor_cleared_away(lock, folder, name):
    folder.mkdir()
    (folder / name).write_text("mine")
    lease = lock.acquire(ALICE, SECONDS)
    for _ in range(20):
        lease = lock.renew(lease, SECONDS)
    assert lock.current() == lease
    assert (folder / name).read_text() == "mine"


def test_only_ordinary_files_are_cleared_away(lock, folder, tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    folder.mkdir()
    (folder / f"{DRAFT}.new").symlink_to(tmp_path / "elsewhere")
    (folder / f"{DRAFT[:-1]}0.new").mkdir()
    lease = lock.acquire(ALICE, SECONDS)
    assert {f"{DRAFT}.new", f"{DRAFT[:-1]}0.new"} <= set(names(folder))
    assert lock.current() == lease


def test_a_draft_has_a_name_that_is_reserved_for_it(lock, monkeypatch):
    link, drafts = os.link, []

    def remember(draft, version):
        drafts.append(Path(draft).name)
        link(draft, version)

    monkeypatch.setattr(os, "link", remember)
    lock.acquire(ALICE, SECONDS)
    assert re.fullmatch(r"\.reconciler-lock-[0-9a-f]{16}\.new", *drafts)


def test_who_saw_a_version_long_gone_does_not_win(folder):
    slow, quick = FileRegister(folder), FileRegister(folder)
    assert quick.swap(None, b"0")
    seen = slow.read()
    for number in range(40):
        assert quick.swap(quick.read(), b"%d" % number)
    assert slow.swap(seen, b"late") is False
    assert slow.swap(None, b"late") is False
    assert quick.read().data == b"39"
    assert len(names(folder)) == 16


@pytest.mark.parametrize("followers", [1, 2, 15])
def test_who_won_and_was_followed_at_once_has_won(folder, monkeypatch, followers):
    slow, quick = FileRegister(folder), FileRegister(folder)
    assert quick.swap(None, b"first")
    seen, link = slow.read(), os.link

    def link_and_pause(draft, version):
        link(draft, version)
        monkeypatch.setattr(os, "link", link)
        for number in range(followers):
            assert quick.swap(quick.read(), b"%d" % number)

    monkeypatch.setattr(os, "link", link_and_pause)
    assert slow.swap(seen, b"slow")
    assert not quick.read().problem
    assert quick.swap(quick.read(), b"after")


def test_a_version_that_is_replaced_while_it_is_read(folder, monkeypatch):
    register = FileRegister(folder)
    assert register.swap(None, b"first")
    open_file = os.open

    def replace_first(path, *more):
        monkeypatch.setattr(os, "open", open_file)
        for number in range(40):
            assert register.swap(register.read(), b"%d" % number)
        return open_file(path, *more)

    monkeypatch.setattr(os, "open", replace_first)
    assert register.read().data == b"39"


def test_a_contender_may_take_what_it_has_but_no_other(lock, folder):
    lease = lock.acquire(ALICE, SECONDS)
    again = lock.acquire(BOB, SECONDS)
    assert (again.fence, again.holder) == (lease.fence, ALICE)
    with pytest.raises(PlatformError, match="'alice' on 'build-7'"):
        open_lock(f"file://{folder}").acquire(BOB, SECONDS)


def test_it_works_where_permissions_can_t_be_set_by_a_descriptor(
    lock, folder, monkeypatch: pytest.MonkeyPatch
):
    """As on Windows, where `os.chmod` takes paths only, and raises `TypeError` for the rest."""

    def chmod(path, *_rest, **_more):
        if isinstance(path, int):
            raise TypeError("chmod: path should be string, bytes or os.PathLike, not int")

    monkeypatch.setattr(os, "chmod", chmod)
    lease = lock.acquire(ALICE, SECONDS)
    assert names(folder) == ["0000000001.json"]
    lock.release(lease)
