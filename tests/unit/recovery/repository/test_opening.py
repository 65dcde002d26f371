"""What is said where a repository was named and there is none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from reconciler.errors import RepositoryError
from reconciler.recovery.repository import marker
from reconciler.recovery.repository.opening import open_repository


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("prooofs", r"nothing lies there \(did you mean '.*/proofs'\?\)\. Check the address"),
        ("else", r"nothing lies there\. Check the address; `reconciler scan --into` makes one"),
        ("no/proofs", r"there is no folder '.*/no' either\. Check the address, and whether it is"),
        ("file.tif", r"it is a file, and a repository is a folder\Z"),
        ("storages.yaml", r"a repository is a folder\. A manifest is given with -f\Z"),
        ("empty", r"it is an empty folder\. If one should be in it, mount it; if it is to be new"),
        ("other", r"other files lie in it \('a', 'b', 'c'\): check the address; in an empty place"),
        ("proofs/scans", r"the repository is '.*/proofs', of which this is a part\Z"),
        (".", r"did you mean '.*/proofs'\?\Z"),
    ],
)
def test_why_there_is_no_repository(tmp_path, name, says):
    open_repository(str(tmp_path / "proofs"), make=True).close()
    for file in ("other/a", "other/b", "other/c", "other/d", "proofs/scans/x"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "empty").mkdir()
    for file in ("file.tif", "storages.yaml"):
        (tmp_path / file).touch()
    with pytest.raises(RepositoryError, match=rf"there is no repository at '.*'[:,].* {says}"):
        open_repository(str(tmp_path / name))


def test_a_repository_that_is_there_is_told_from_an_id_that_is_none(tmp_path):
    open_repository(str(tmp_path / "proofs"), make=True).close()
    says = (
        r"the repository '.*/proofs' is there, and 'nonsense' is no id of a snapshot: "
        r"`reconciler snapshot list \S*/proofs`"
    )
    with pytest.raises(RepositoryError, match=says):
        open_repository(str(tmp_path / "proofs@nonsense"))


def test_a_folder_that_may_not_be_read_is_told_as_such(tmp_path, monkeypatch):
    # Root may read all; so the answer of the system is given here.
    def refuse(path):
        raise PermissionError(13, os.strerror(13), path)

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(RepositoryError, match=r"can't be read \(Permission denied\): give this"):
        open_repository(str(tmp_path))


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_can_t_be_made_is_told_as_such(tmp_path, monkeypatch, code):
    def refuse(path, *given, **more):
        raise OSError(code, os.strerror(code), path)

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    right = "check the disk" if code == errno.ENOSPC else "give this account the right to write in"
    says = rf"there is no repository at '.*/proofs', and it can't be made \(.*\): {right}"
    with pytest.raises(RepositoryError, match=says):
        open_repository(str(tmp_path / "proofs"), make=True)


def test_what_lies_in_a_bucket_where_there_is_no_repository(bucket):
    at = f"s3://{bucket.name}/"
    with pytest.raises(RepositoryError, match="the bucket answers, and nothing lies there"):
        open_repository(f"{at}absent")
    client = bucket.server.client()
    client.put_object(Bucket=bucket.name, Key="zoo/2026/Image 1.tif", Body=b"x")
    for make in (False, True):
        with pytest.raises(RepositoryError, match=r"other files lie in it \('2026/Image 1.tif'\)"):
            open_repository(f"{at}zoo", make=make)
    for place in ("", "proofs/snapshots", "proofs/snapshots/x"):
        with pytest.raises(RepositoryError, match=f"did you mean '{at}proofs'"):
            open_repository(f"{at}{place}")
    with pytest.raises(RepositoryError, match="there is no bucket 'no-such-bucket'"):
        open_repository("s3://no-such-bucket/x")


def test_a_folder_in_which_another_run_makes_one_just_now_is_that_one(tmp_path, monkeypatch):
    listed, at = Path.iterdir, str(tmp_path / "proofs")

    def meanwhile(path):
        monkeypatch.setattr("pathlib.Path.iterdir", listed)
        open_repository(at, make=True).write("scans/1.json", b"{}")
        return listed(path)

    monkeypatch.setattr("pathlib.Path.iterdir", meanwhile)
    assert open_repository(at, make=True).read("scans/1.json") == b"{}"


def test_a_bucket_in_which_another_run_makes_one_just_now_is_that_one(bucket, monkeypatch):
    at, read = f"s3://{bucket.name}/meanwhile", marker.read

    def meanwhile(_repository):
        monkeypatch.setattr(marker, "read", read)
        open_repository(at, make=True).write("scans/1.json", b"{}")

    monkeypatch.setattr(marker, "read", meanwhile)
    assert open_repository(at, make=True).read("scans/1.json") == b"{}"
