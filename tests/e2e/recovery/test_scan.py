"""`scan`, as a user runs it on real folders."""

import json
import os
import shutil
import signal
import sys

import pytest

from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.scanning.known import record
from support.recovery.scans import rows, table

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that is trusted")


def statuses(report):
    return [scan["status"] for scan in report["scans"]]


def contents(path, name="nas"):
    """Give the last scan of a storage, by path."""
    repository = open_repository(str(path / "proofs"))
    scan = record.latest(repository, f"local:file://{path / name}", complete=False)
    return table(rows(repository, scan))


def test_a_first_scan_says_what_there_is_and_what_it_did(storages):
    told = storages.folder("scan", "--into", "proofs")
    assert "'" in told.stderr
    assert "is a new repository, which knows of no earlier scan." in told.stderr
    assert "nas: 20 files, 30 B, as was just counted;" in told.stderr
    assert told.stdout.startswith("nas: complete: 20 files, 30 B, 20 read (30 B), oldest proof ")
    assert told.stdout.endswith("\n\nScan: 1 storage, complete.\n")
    storages.private()


@pytest.mark.parametrize("command", [["scan", "--into"], ["snapshot", "create"]])
def test_a_repository_that_was_misspelt_is_told_also_where_all_is_to_be_quiet(storages, command):
    storages.scan()
    told = storages.folder(*command, "proof", "-q").stderr
    assert "proof' is a new repository, which knows of no earlier scan (did you mean '" in told
    assert told.count("/proofs'?).\n") == 1
    assert storages.folder(*command, "proof", "-q").stderr == ""


@pytest.mark.parametrize("command", [["scan", "--into"], ["snapshot", "create", "--scan"]])
def test_what_runs_by_itself_begins_no_repository_in_a_mount_that_is_missing(storages, command):
    (storages.path / "proofs").mkdir()  # what the mount leaves behind
    told = storages.folder(*command, "proofs", "--existing", "-q", code=1)
    assert "there is no repository at '" in told.stderr
    assert "If one should be in it, mount it; if it is to be new, " in told.stderr
    assert "makes one there, unless --existing" in told.stderr
    assert list((storages.path / "proofs").iterdir()) == []
    storages.scan()
    storages.folder(*command, "proofs", "--existing", "-q")


def test_a_repository_that_is_to_exist_wants_a_name(storages):
    told = storages.folder("scan", "nas", "--existing", code=64).stderr
    assert "--existing wants a repository that is there: say where scans are kept" in told
    told = storages.folder("snapshot", "list", "proofs", "--existing", code=64).stderr
    assert "--existing belongs to `snapshot create`" in told


@LINUX
def test_the_next_one_reads_what_has_changed(storages):
    storages.scan()
    storages.file("nas/raw/03.tif", b"other", 1_600_000_001)
    storages.file("nas/new", b"1")
    (storages.path / "nas/raw/04.tif").unlink()
    report = storages.scan(code=7)
    assert (report["scans"][0]["files_read"], report["scans"][0]["files_kept"]) == (2, 18)
    assert report["scans"][0]["missing"] == {"count": 1, "first": ["raw/04.tif"]}
    found = contents(storages.path)
    assert len(found) == 20
    assert found[b"raw/05.tif"]["proof"] == "kept"
    assert found[b"raw/03.tif"]["size"] == 5
    assert storages.scan("--full", code=7)["scans"][0]["files_read"] == 20
    assert (
        "FINDINGS: 1 missing. Scan: 1 storage"
        in storages.folder("scan", "--into", "proofs", code=7).stdout
    )


def test_more_than_one_marker_at_a_root_is_told_and_so_is_one_that_is_gone(storages):
    for name in (".a", ".b"):
        storages.file(f"nas/{name}.jetraw-storage", name.encode())
    (note,) = storages.scan()["scans"][0]["notes"]
    assert note.startswith(
        "2 markers (*.jetraw-storage) lie at its root, and it is known again by "
    )
    assert " by '.a.jetraw-storage' alone: look which storages of Jetraw were made there" in note
    (storages.path / "nas/.b.jetraw-storage").unlink()
    (note,) = storages.scan()["scans"][0]["notes"]
    assert note.startswith(
        "2 markers (*.jetraw-storage) lay at its root at the last scan, and 1 now"
    )
    assert storages.scan()["scans"][0]["notes"] == []


@LINUX
def test_a_bit_that_has_flipped_is_told_by_a_full_scan(storages):
    storages.scan()
    path = storages.path / "nas/raw/07.tif"
    path.write_bytes(b"6")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    report = storages.scan("--full", code=7)
    assert report["scans"][0]["altered"] == {"count": 1, "first": ["raw/07.tif"]}
    told = storages.folder("scan", "--into", "proofs", "--full", code=7).stdout
    assert "1 file damaged" in told  # as long as the good bytes are not back


def test_a_storage_that_is_gone_does_not_stop_the_others(storages):
    storages.file("other/1")
    storages.declare(nas=storages.path / "nas", other=storages.path / "other")
    storages.scan()
    shutil.rmtree(storages.path / "nas")
    report = storages.scan(code=8)
    assert statuses(report) == ["not_reachable", "complete"]
    (storages.path / "nas").mkdir()
    report = storages.scan(code=8)
    assert statuses(report) == ["not_reachable", "complete"]
    assert len(contents(storages.path)) == 20  # what was known stays known


def test_names_choose_and_a_name_that_means_nothing_is_an_error(storages):
    storages.file("other/1")
    storages.declare(nas=storages.path / "nas", other=storages.path / "other")
    assert [scan["storage"] for scan in storages.scan("o*")["scans"]] == ["other"]
    told = storages.folder("scan", "nass", "--into", "proofs", code=64)
    assert "did you mean 'nas'?" in told.stderr


def test_nothing_to_scan_is_no_success(storages):
    storages.folder.write("version: 1\nplatform: sqlite:///empty.db\n", "empty.yaml")
    told = storages.folder("scan", "-f", "empty.yaml", "--into", "proofs", code=8)
    assert "Nothing was scanned: there is no storage." in told.stdout


def test_wrong_usage(storages):
    assert "--into" in storages.folder("scan", code=64).stderr
    for wrong in (
        ("--workers", "0"),
        ("--max-bytes", "much"),
        ("--limit-rate", "fast"),
        ("--max-duration", "soon"),
        ("--relocate", "/nowhere=/mnt"),
        ("--exclude", "a//b"),
    ):
        storages.folder("scan", "--into", "proofs", *wrong, code=64)
    assert "proofs" not in storages.folder.files()


@pytest.mark.parametrize("into", ["nas", "nas/proofs", "./nas/../nas/deep/proofs", "file://{}/nas"])
def test_a_repository_in_what_it_is_to_prove_is_refused(storages, into):
    told = storages.folder("scan", "--into", into.format(storages.path), code=64)
    assert "lies in the storage 'nas'" in told.stderr
    assert [path.name for path in (storages.path / "nas").iterdir()] == ["raw"]


def test_exclusions_are_left_out_and_recorded(storages):
    storages.file("nas/.snapshot/1/raw/00.tif")
    globs = [word for glob in (".snapshot/", "0?.tif", "*.tmp") for word in ("--exclude", glob)]
    told = storages.folder("scan", "--into", "proofs", "-o", "json", *globs)
    assert told.stderr.count("Warning: ") == 1
    assert "Warning: --exclude '*.tmp' left nothing out" in told.stderr
    scan = json.loads(told.stdout)["scans"][0]["scan"]
    assert scan["excluded"] == [".snapshot/", "0?.tif", "*.tmp"]
    assert scan["counts"]["left_out"] == [
        {"glob": ".snapshot/", "files": 0, "folders": 1},
        {"glob": "0?.tif", "files": 10, "folders": 0},
        {"glob": "*.tmp", "files": 0, "folders": 0},
    ]
    assert sorted(contents(storages.path)) == [b"raw/%02d.tif" % i for i in range(10, 20)]


def test_a_storage_is_read_where_it_is_mounted_here(storages):
    (storages.path / "nas").rename(storages.path / "elsewhere")
    move = f"{storages.path}/nas={storages.path}/elsewhere"
    report = storages.scan("--relocate", move)
    assert statuses(report) == ["complete"]
    assert len(contents(storages.path)) == 20  # kept under its own location


def test_budgets_end_a_scan_and_the_next_goes_on(storages):
    large = storages.file("nas/large", b"x" * 1_000_000)
    report = storages.scan("--max-bytes", "900000", code=8)
    assert statuses(report) == ["unfinished"]
    assert report["scans"][0]["files_read"] == 20
    assert "no room for 1 file:" in report["scans"][0]["reason"]
    assert storages.scan("--max-duration", "0", code=8)["scans"][0]["status"] == "not_begun"
    report = storages.scan()
    assert statuses(report) == ["complete"]
    assert report["scans"][0]["went_on_from"]
    assert contents(storages.path)[b"large"]["size"] == large.stat().st_size


def test_what_cannot_be_read_is_told_and_the_rest_is_there(storages):
    locked = storages.file("nas/locked/1").parent
    locked.chmod(0)
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("root can read anything")
        report = storages.scan(code=8)
    finally:
        locked.chmod(0o700)
    assert statuses(report) == ["incomplete"]
    assert report["scans"][0]["scan"]["unproved"][0]["path"] == "locked/"
    assert storages.scan()["scans"][0]["files_read"] == 1


def test_strange_names_are_carried(storages):
    nas = storages.path / "nas"
    strange = [b"\xff\xfe", b"a\nb", b"n" * 255, b"caf\xc3\xa9", b"cafe\xcc\x81", b"A", b"a"]
    for name in strange:
        (nas / os.fsdecode(name)).write_bytes(name)
    (nas / "link").symlink_to(os.fsdecode(b"raw/\xff"))
    told = storages.folder("scan", "--into", "proofs").stdout
    assert "2 pairs of paths" in told
    found = contents(storages.path)
    assert set(strange) <= set(found)
    assert (found[b"link"]["kind"], found[b"link"]["detail"]) == ("link", b"raw/\xff")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_was_read_and_ends_within_a_large_file(storages, number):
    for i in range(300):
        storages.file(f"nas/many/{i:03}", b"x" * 1000)
    storages.file("nas/many/064", b"x" * 6_000_000)  # the first of the second task: 100 s
    process = storages.folder.start(
        "scan", "--into", "proofs", "--limit-rate", "60KB", "--workers", "1", stderr=-1, stdout=-1
    )
    repository = open_when_there(storages.path / "proofs", process)
    while not any(True for _ in repository.names("unfinished/")):
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"nas: unfinished: 64 read" in out
    assert b"Stopping: what was read whole is kept" in err
    report = storages.scan()
    assert 0 < report["scans"][0]["files_read"] < 320
    assert report["scans"][0]["went_on_from"]


def open_when_there(path, process):
    while not (path / "reconciler-repository.json").exists():
        assert process.poll() is None
    return open_repository(str(path))


def test_a_line_on_a_terminal_and_nothing_without_one(storages):
    for i in range(300):
        storages.file(f"nas/many/{i:03}", b"x" * 1000)
    shown = storages.folder.on_terminal("scan", "--into", "proofs", "--limit-rate", "150KB")
    assert "\r\x1b[Knas: " in shown
    assert " of 320 files" in shown
    assert "Scan: 1 storage, complete." in shown
    told = storages.folder("scan", "--into", "proofs", "--full", "-q")
    assert told.stderr == ""


def test_a_root_that_was_changed_on_purpose_is_accepted_once(storages):
    storages.scan()
    shutil.rmtree(storages.path / "nas/raw")
    told = storages.scan(code=8)["scans"][0]
    assert told["status"] == "not_reachable"
    assert told["reason"].endswith("if that was meant, scan it once with --accept-root")
    # What it is, is accepted; not that files which were there are gone.
    told = storages.scan("--accept-root", "nas", code=7)["scans"][0]
    assert (told["status"], told["missing"]["count"]) == ("complete", 20)
    assert contents(storages.path) == {}
    assert statuses(storages.scan(code=7)) == ["complete"]


def test_only_the_root_of_what_is_scanned_is_accepted(storages):
    told = storages.folder("scan", "--into", "proofs", "--accept-root", "nsa", code=64)
    assert "--accept-root 'nsa' is the name of no storage that is to be scanned" in told.stderr


@LINUX
def test_that_a_storage_was_read_elsewhere_proves_nothing_of_its_own_root(storages):
    storages.file("other/x")
    link = storages.path / "link"
    link.symlink_to(storages.path / "nas")
    storages.declare(nas=storages.path / "nas", via=link)
    storages.scan("via")
    storages.scan("via", "--relocate", f"{link}={storages.path / 'nas'}")
    link.unlink()
    link.symlink_to(storages.path / "other")
    report = storages.scan("via", code=8)
    assert statuses(report) == ["not_reachable"]
    link.unlink()
    link.symlink_to(storages.path / "nas")
    assert statuses(storages.scan("via")) == ["complete"]


def test_a_declared_storage_that_is_not_live_is_told_with_what_makes_it_so(storages):
    entry = "  - {name: late, label: Late, type: local, default_url: /late}\n"
    manifest = storages.path / "storages.yaml"
    manifest.write_text(manifest.read_text() + entry)
    told = storages.folder("scan", "--into", "proofs").stderr
    warning = "Warning: declared and not live yet, so not scanned: 'late'; `reconciler apply`"
    assert f"{warning} creates it." in told
    told = storages.folder("scan", "late", "--into", "proofs", code=64).stderr
    assert "'late' is declared and not live yet: `reconciler apply` creates it" in told
    told = storages.folder("scan", "lat", "--into", "proofs", code=64).stderr
    assert "no storage 'lat' (did you mean 'late', which is declared and not live yet?)" in told
    told = storages.folder("scan", "new", code=64).stderr
    assert told.endswith("; a repository is named with --into\n")
