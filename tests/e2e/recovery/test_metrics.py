"""`--metrics`, as a user runs it: one file for each command of a night, however it ends."""

from __future__ import annotations

import os
import stat

import pytest
from prometheus_client.parser import text_string_to_metric_families

NEVER = "proof: {every: 30d}\n"


@pytest.fixture
def lab(storages):
    """Declare an objective; give what runs a command with `--metrics`, and what it wrote."""
    manifest = (storages.path / "storages.yaml").read_text()
    storages.folder.write(NEVER + manifest)
    return Lab(storages)


class Lab:
    def __init__(self, storages):
        self.storages = storages
        self.file = storages.path / "reconciler.prom"

    def __call__(self, *arguments, code=0):
        return self.storages.folder(*arguments, "--metrics", "reconciler.prom", code=code)

    def scan(self, code=0):
        return self("scan", "--due", "--into", "proofs", code=code)

    def told(self):
        found = {}
        for family in text_string_to_metric_families(self.file.read_text(encoding="utf-8")):
            for sample in family.samples:
                labels = [v for k, v in sorted(sample.labels.items()) if k != "repository"]
                assert sample.labels["repository"] == str(self.storages.path / "proofs")
                found[sample.name.removeprefix("reconciler_"), *labels] = sample.value
        return found


def test_a_night_is_told_in_one_file_that_another_user_can_read(lab):
    old = os.umask(0o077)
    try:
        lab.scan()
        lab("snapshot", "create", "proofs")
        lab("verify", "proofs", "--objective")
    finally:
        os.umask(old)
    found = lab.told()
    assert found["last_snapshot_timestamp_seconds",] > 0
    for command in ("scan --due", "snapshot create", "verify --objective"):
        assert found["last_run_exit_code", command] == 0
        ended = found["last_run_timestamp_seconds", command]
        assert found["last_success_timestamp_seconds", command] == ended
    assert found["storage_files", "proved", "nas"] == 20
    assert found["storage_objective_met", "nas"] == 1
    assert ".tif" not in lab.file.read_text()
    assert stat.S_IMODE(lab.file.stat().st_mode) == 0o644
    assert {path.name for path in lab.storages.path.glob(".*.tmp")} == set()
    lab.storages.private()


def test_what_is_found_is_told_and_the_last_success_stays_where_it_was(lab):
    lab.scan()
    success = lab.told()["last_success_timestamp_seconds", "scan --due"]
    (lab.storages.path / "nas/raw/07.tif").unlink()
    lab.scan(code=7)
    found = lab.told()
    assert found["storage_findings", "missing", "nas"] == 1
    assert found["storage_objective_met", "nas"] == 0
    assert found["last_run_exit_code", "scan --due"] == 7
    assert found["last_run_timestamp_seconds", "scan --due"] > success
    assert found["last_success_timestamp_seconds", "scan --due"] == success


def test_an_error_is_told_with_what_the_repository_knows_all_the_same(lab):
    lab.scan()
    success = lab.told()["last_success_timestamp_seconds", "scan --due"]
    lab.storages.path.joinpath("platform.db").write_bytes(b"damaged" * 1000)
    lab.scan(code=1)
    found = lab.told()
    assert found["last_run_exit_code", "scan --due"] == 1
    assert found["last_success_timestamp_seconds", "scan --due"] == success
    assert found["storage_files", "proved", "nas"] == 20
    lab.storages.path.joinpath("proofs").rename(lab.storages.path / "elsewhere")
    told = lab("verify", "proofs", "--objective", code=1)
    assert "what is known of storages could not be read" in told.stderr
    found = lab.told()
    assert found["last_run_exit_code", "verify --objective"] == 1
    assert found["last_success_timestamp_seconds", "scan --due"] == success
    assert not [key for key in found if key[0].startswith("storage_")]


def test_a_success_of_a_time_to_come_is_not_kept(lab):
    lab.scan()
    text = lab.file.read_text()
    seconds = lab.told()["last_success_timestamp_seconds", "scan --due"]
    lab.file.write_text(text.replace(f"{seconds:.3f}", f"{seconds + 86_400:.3f}"))
    assert lab.told()["last_success_timestamp_seconds", "scan --due"] > seconds
    (lab.storages.path / "nas/raw/07.tif").unlink()
    lab.scan(code=7)
    assert ("last_success_timestamp_seconds", "scan --due") not in lab.told()


def test_a_scan_of_one_storage_tells_of_all_that_are_declared(lab):
    lab.storages.file("other/1")
    lab.storages.declare(nas=lab.storages.path / "nas", other=lab.storages.path / "other")
    lab("scan", "nas", "--into", "proofs")
    found = lab.told()
    assert (found["storage_scanned", "nas"], found["storage_scanned", "other"]) == (1, 0)
    # No objective is declared now: neither is met nor missed.
    assert found["storage_files", "proved", "nas"] == 20
    assert ("storage_objective_met", "nas") not in found
    assert ("storage_files", "proved", "other") not in found


@pytest.mark.parametrize(("way", "code"), [("--deep", 7), ("--against", 7)])
def test_a_comparison_tells_of_the_storages_of_its_snapshot(lab, way, code):
    lab.storages.scan()
    lab.storages.folder("snapshot", "create", "proofs")
    (lab.storages.path / "nas/raw/07.tif").unlink()
    if way == "--against":
        lab.storages.scan(code=7)
        lab.storages.folder("snapshot", "create", "proofs")
    lab.storages.path.joinpath("storages.yaml").unlink()
    lab("verify", "proofs", way, code=code)
    found = lab.told()
    assert found["last_run_exit_code", f"verify {way}"] == code
    assert found["storage_findings", "missing", "nas"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["scan", "nas"], 64, "say where scans are kept"),
        (
            ["scan", "--into", "proofs", "--shard", "1/2"],
            64,
            "`reconciler verify proofs --objective",
        ),
        (["verify", "proofs", "--explain", "nas", "x"], 64, "--metrics tells of all storages"),
        (["verify", "proofs", "--withdraw", "nas"], 64, "--metrics tells of all storages"),
    ],
)
def test_what_means_nothing_is_refused(lab, arguments, code, told):
    assert told in lab(*arguments, code=code).stderr
    assert not lab.file.exists()


@pytest.mark.parametrize("name", ["storages.yaml", "platform.db", "nas", "no/such/folder.prom"])
def test_what_is_no_file_of_metrics_is_left_as_it_is_before_anything_is_read(lab, name):
    path = lab.storages.path / name
    before = path.read_bytes() if path.is_file() else None
    arguments = ("scan", "--into", "proofs", "--metrics", name)
    told = lab.storages.folder(*arguments, code=64 if name == "nas" else 1).stderr
    assert f"'{name}'" in told
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not (lab.storages.path / "proofs").exists()


def test_each_repository_wants_a_file_of_its_own(lab):
    lab.scan()
    before = lab.file.read_bytes()
    told = lab("scan", "--due", "--into", "others", code=64).stderr
    assert "give each a file of its own" in told
    assert lab.file.read_bytes() == before


def test_a_name_that_nobody_reads_is_told(lab):
    arguments = ("scan", "--into", "proofs", "--metrics", "numbers.txt")
    assert "node_exporter reads only files whose names end with .prom" in (
        lab.storages.folder(*arguments).stderr
    )
