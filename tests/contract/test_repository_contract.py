"""What every repository does, by the words of `reconciler/recovery/repository/contract.py`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.errors import RepositoryError, SnapshotError
from reconciler.lease.contract import SECONDS
from reconciler.lease.opening import open_lock
from reconciler.recovery.repository.contract import Repository
from reconciler.recovery.repository.opening import open_repository
from support.locks.lock_making import ALICE

PART = "parts/ab/" + "ab" * 32 + ".parquet"


def _folder(folder: Path, _: pytest.FixtureRequest) -> str:
    return str(folder / "repository")


def _bucket(_: Path, request: pytest.FixtureRequest) -> str:
    server = request.getfixturevalue("s3")
    patch = request.getfixturevalue("monkeypatch")
    for name, value in server.environment().items():
        patch.setenv(name, value)
    return f"s3://{server.new_bucket()}/proofs/of-files"


#: A new kind of repository joins here: a function that gives the address of an empty place.
KINDS: dict[str, Callable[[Path, pytest.FixtureRequest], str]] = {
    "folder": _folder,
    "bucket": _bucket,
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return request.param(tmp_path, request)


@pytest.fixture
def repository(address: str) -> Iterator[Repository]:
    opened = open_repository(address, make=True)
    yield opened
    opened.close()


def test_there_is_none_until_one_is_made(address):
    with pytest.raises(RepositoryError, match="there is no repository at"):
        open_repository(address)
    told: list[str] = []
    with pytest.raises(RepositoryError, match="makes one there, unless --existing"):
        open_repository(address, make=True, existing=True, told=told.append)
    assert told == []
    open_repository(address, make=True, told=told.append).close()
    open_repository(address, make=True, told=told.append).close()
    says = r"the repository '[^']+' holds no scan, no snapshot and no findings"
    with pytest.raises(RepositoryError, match=says):
        open_repository(address, make=True, existing=True, told=told.append)
    with closing(open_repository(address)) as repository:
        repository.write("parts/ab/c.parquet", b"")  # which no scan and no snapshot names
        with pytest.raises(RepositoryError, match="not restored whole"):
            open_repository(address, make=True, existing=True)
        repository.write("scans/a/b.json", b"{}")
        open_repository(address, make=True, existing=True).close()
    assert len(told) == 1
    assert told[0].endswith("is a new repository, which knows of no earlier scan.")


def test_nothing_is_there_at_first(repository):
    assert list(repository.names("")) == ["reconciler-repository.json"]
    assert list(repository.names("snapshots/")) == []
    assert repository.read("snapshots/a/snapshot.json") is None
    with (
        pytest.raises(SnapshotError, match=r"'parts/ab/.*' is lost from"),
        repository.local(PART),
    ):
        pass


@pytest.mark.parametrize("data", [b"", b"{}", bytes(range(256)) * 5000])
def test_what_is_written_is_read(repository, data):
    assert repository.write("snapshots/a/snapshot.json", data) is True
    assert repository.read("snapshots/a/snapshot.json") == data
    with repository.local("snapshots/a/snapshot.json") as path:
        assert path.read_bytes() == data


def test_what_is_there_is_not_written_over_unless_asked(repository):
    assert repository.write("a/b.json", b"first") is True
    assert repository.write("a/b.json", b"second") is False
    assert repository.read("a/b.json") == b"first"
    assert repository.write("a/b.json", b"third", replace=True) is True
    assert repository.read("a/b.json") == b"third"
    assert repository.write("a/new.json", b"new", replace=True) is True
    assert repository.read("a/new.json") == b"new"


def test_of_several_who_write_one_new_name_one_is_told_so(repository, address):
    others = [open_repository(address) for _ in range(4)]
    together = threading.Barrier(len(others))

    def attempt(number: int) -> bool:
        together.wait(timeout=60)
        return others[number].write(name, b"%d" % number)

    with ThreadPoolExecutor(len(others)) as pool:
        for name in ("a/1.json", "a/2.json", "a/3.json"):
            won = list(pool.map(attempt, range(len(others))))
            assert won.count(True) == 1
            assert repository.read(name) == b"%d" % won.index(True)
    for other in others:
        other.close()


def test_names_come_sorted_as_text_and_by_any_beginning(repository):
    names = ["a-b/x", "a/b-c", "a/b.c", "a/b/c", "a/bc", "ab", "b/a/a", "b/a-a"]
    for name in names:
        repository.write(name, b"")
    everything = sorted([*names, "reconciler-repository.json"])
    assert list(repository.names("")) == everything
    for prefix in ("a", "a/", "a/b", "a/b/", "a-", "b/a/", "c", "a/b/c.", "b/a/a"):
        found = [name for name in everything if name.startswith(prefix)]
        assert list(repository.names(prefix)) == found, prefix


def test_entries_say_how_large_and_whether_written_anew(repository):
    repository.write("a/b.json", b"12345")
    (first,) = repository.entries("a/")
    assert (first.name, first.size) == ("a/b.json", 5)
    assert list(repository.entries("a/")) == [first]
    repository.write("a/other.json", b"")
    assert next(iter(repository.entries("a/"))) == first
    repository.write("a/b.json", b"abcde", replace=True)
    (again, _) = repository.entries("a/")
    assert again.stamp != first.stamp
    assert again.modified >= first.modified > 1_600_000_000


def test_files_are_kept_under_their_names_once(repository, tmp_path):
    source = tmp_path / "part"
    source.write_bytes(b"PAR1" * 3_000_000)
    repository.add(PART, source)
    (first,) = repository.entries("parts/")
    repository.add(PART, source)
    assert list(repository.entries("parts/")) == [first]
    with repository.local(PART) as path:
        assert path.read_bytes() == source.read_bytes()
    assert source.exists()


def test_files_of_a_workspace_are_kept_and_the_rest_of_it_is_wiped(repository):
    with repository.workspace() as folder:
        (folder / "part").write_bytes(b"PAR1")
        (folder / "rest").write_bytes(b"secret")
        repository.add(PART, folder / "part")
        assert (folder / "part").exists()
    assert not folder.exists()
    assert repository.read(PART) == b"PAR1"
    assert list(repository.names("")) == [PART, "reconciler-repository.json"]


def test_a_file_that_was_cut_short_is_replaced(repository, tmp_path):
    source = tmp_path / "part"
    source.write_bytes(b"whole")
    repository.write(PART, b"who")
    repository.add(PART, source)
    assert repository.read(PART) == b"whole"


def test_a_file_is_written_anew_on_demand(repository, tmp_path):
    source = tmp_path / "part"
    source.write_bytes(b"whole")
    repository.add(PART, source)
    with repository.local(PART) as here:
        repository.add(PART, here, anew=True)
    assert repository.read(PART) == b"whole"
    source.write_bytes(b"WHOLE")
    (first,) = repository.entries(PART)
    repository.add(PART, source)
    assert list(repository.entries(PART)) == [first]
    repository.add(PART, source, anew=True)
    (second,) = repository.entries(PART)
    assert second.stamp != first.stamp
    assert repository.read(PART) == b"WHOLE"


def test_what_is_removed_is_gone(repository):
    repository.write("a/b.json", b"1")
    assert repository.remove("a/b.json") is True
    assert repository.read("a/b.json") is None
    assert repository.remove("a/b.json") is False
    assert list(repository.names("a/")) == []


def test_what_was_written_anew_since_it_was_listed_stays(repository, tmp_path):
    source = tmp_path / "part"
    source.write_bytes(b"whole")
    repository.add(PART, source)
    (seen,) = repository.entries(PART)
    source.write_bytes(b"WHOLE")  # else a bucket, that counts seconds, may see no difference
    repository.add(PART, source, anew=True)
    assert repository.remove(PART, stamp=seen.stamp) is False
    assert repository.read(PART) == b"WHOLE"
    (now,) = repository.entries(PART)
    assert repository.remove(PART, stamp=now.stamp) is True
    assert repository.remove(PART, stamp=now.stamp) is False
    assert list(repository.names("parts/")) == []


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a//b", "A", "a b", "a/", "", ".new/x"])
def test_no_name_leads_elsewhere(repository, name):
    for call in (
        lambda: repository.read(name),
        lambda: repository.write(name, b""),
        lambda: repository.add(name, Path(__file__)),
        lambda: repository.remove(name),
        lambda: repository.local(name).__enter__(),
    ):
        with pytest.raises(ValueError, match="not a name"):
            call()


def test_its_lock_can_be_taken_and_is_no_file_of_it(repository):
    lock = open_lock(repository.lock())
    lease = lock.acquire(ALICE, SECONDS)
    assert list(repository.names("")) == ["reconciler-repository.json"]
    lock.release(lease)
    lock.close()


def test_the_marker_is_understood_or_nothing_is_done(repository, address):
    name = "reconciler-repository.json"
    marker = repository.read(name)
    repository.write(
        name, marker.replace(b'"format_version": 1', b'"format_version": 2'), replace=True
    )
    with pytest.raises(RepositoryError, match="has format 2, and this program knows up to 1: use"):
        open_repository(address)
    repository.write(name, b"{}", replace=True)
    with pytest.raises(RepositoryError, match="is no repository of ours"):
        open_repository(address, make=True)


def test_no_repository_is_made_among_other_files(repository, address):
    repository.write("foreign.txt", b"")
    repository.remove("reconciler-repository.json")
    with pytest.raises(RepositoryError, match=r"other files lie in it \('foreign.txt'\)"):
        open_repository(address, make=True)
