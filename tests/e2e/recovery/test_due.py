"""`scan --due`, as a user runs it on real folders; what is due when, unit tests say."""

import json

import jsonschema

from reconciler.schemas import schema_text


def prove(storages, text="proof: {every: 30d}", entry=""):
    """Declare an objective, for the manifest or for its entry."""
    manifest = (storages.path / "storages.yaml").read_text()
    storages.folder.write(text + "\n" + manifest.replace("label: nas", f"label: nas{entry}"))


def test_a_limit_leaves_a_record_and_the_next_night_goes_on(storages):
    prove(storages)
    first = storages.scan("--due", "--max-bytes", "20", code=8)["scans"][0]
    assert first["status"] == "incomplete"
    assert 0 < first["unread"] == first["scan"]["counts"]["kinds"]["unreadable"] < 20
    told = storages.folder("snapshot", "create", "proofs", code=8)
    assert "incomplete" in told.stdout.lower()
    assert storages.scan("--due")["scans"][0]["unread"] == 0
    storages.folder("snapshot", "create", "proofs")
    told = storages.folder("verify", "--against", "proofs@" + snapshots(storages)[0], code=8)
    assert "no hash in the snapshot" in told.stdout


def snapshots(storages):
    told = storages.folder("snapshot", "list", "proofs", "-o", "json").stdout
    return sorted(each["id"] for each in json.loads(told)["snapshots"])


def test_a_text_says_how_much_was_left(storages):
    prove(storages, "", ", proof: {every: 7d}")
    told = storages.folder("scan", "--due", "--into", "proofs", "--max-bytes", "20", code=8).stdout
    assert " not read yet, " in told
    assert "A limit left no room for " in told
    assert "unreadable" not in told
    assert "limit." not in told


def test_what_the_objective_leaves_out_every_scan_leaves_out(storages):
    prove(storages, "proof: {exclude: ['0*.tif']}")
    scan = storages.scan("--exclude", "19.tif")["scans"][0]["scan"]
    assert scan["excluded"] == ["19.tif", "0*.tif"]
    assert scan["counts"]["rows"] == 9


def test_what_means_nothing_is_refused_before_anything_is_made(storages):
    told = storages.folder("scan", "--due", "--into", "proofs", code=64).stderr
    assert "write `proof: {every: 30d}` into the manifest" in told
    prove(storages)
    told = storages.folder("scan", "--due", "--full", "--into", "proofs", code=64).stderr
    assert "leave one of them out" in told
    told = storages.folder("scan", "--due", "nas", code=64).stderr
    assert "say where scans are kept" in told
    assert not (storages.path / "proofs").exists()


def test_a_glob_that_means_nothing_is_told(storages):
    prove(storages, "proof: {exclude: ['[z-a]']}")
    told = storages.folder("validate", code=65).stderr
    assert (
        "storages.yaml:1:19: proof.exclude[0]: the exclusion '[z-a]' has a set that is none" in told
    )


def test_storages_without_an_objective_are_named(storages):
    storages.file("other/1")
    storages.declare(nas=storages.path / "nas", other=storages.path / "other")
    prove(storages, "", ", proof: {}")
    told = storages.folder("scan", "--due", "--into", "proofs")
    assert "No objective: of 'other' only what is new or shows a change is read." in told.stderr
    assert told.stdout.endswith("Scan: 2 storages, complete.\n")


def objective(storages, *arguments, code=0):
    told = storages.folder(
        "verify", "proofs", "--objective", "-o", "json", *arguments, code=code
    ).stdout
    report = json.loads(told)
    jsonschema.validate(report, json.loads(schema_text("objective")))
    return report


def test_whether_the_objective_is_reached(storages):
    prove(storages)
    storages.scan("--due", "--max-bytes", "20", code=8)
    files = objective(storages, code=8)["storages"][0]["files"]
    assert files["proved"]["files"] + files["not_read_yet"] == 20
    storages.scan("--due", "--exclude", "0*.tif")
    one = objective(storages, code=8)["storages"][0]
    assert one["files"]["proved"]["files"] == 10
    assert one["left_out"] == [{"glob": "0*.tif", "files": 10, "folders": 0}]
    storages.scan("--due")
    assert objective(storages)["verdict"] == "proved"
    (storages.path / "nas").rename(storages.path / "away")
    storages.scan("--due", code=8)
    told = storages.folder("verify", "proofs", "--objective")
    assert "    not reachable since " in told.stdout or "  not reachable since " in told.stdout
    assert "Proved: every byte of 1 of 1 storage proved within 30 days" in told.stdout


def test_bytes_that_are_wrong_are_no_success(storages):
    prove(storages)
    storages.scan("--due")
    storages.file("nas/raw/07.tif", b"6")
    storages.scan("--full", code=7)
    report = objective(storages, code=7)
    assert (report["verdict"], report["storages"][0]["wrong"]) == ("wrong", {"damaged": 1})
    assert (
        "### FINDINGS: 1 damaged; every byte of 1 of 1 storage proved"
        in storages.folder("verify", "proofs", "--objective", "-o", "markdown", code=7).stdout
    )


def test_an_objective_has_to_be_declared(storages):
    storages.scan()
    told = storages.folder("verify", "proofs", "--objective", code=64).stderr
    assert "write `proof: {every: 30d}` into the manifest" in told
    prove(storages)
    assert (
        "leave the snapshot out"
        in storages.folder("verify", "proofs@20261129", "--objective", code=64).stderr
    )
    assert (
        "leave it out"
        in storages.folder("verify", "proofs", "--objective", "--redact", code=64).stderr
    )
    told = storages.folder("verify", "proofs", "--objective", "--scope", "x", code=64).stderr
    assert "no storage of the manifest is in scope: it has 'nas'" in told
    (storages.path / "storages.yaml").unlink()
    told = storages.folder("verify", "proofs", "--objective", code=64).stderr
    assert "wants a manifest" in told


def test_the_manifest_says_when_a_file_has_settled(storages):
    prove(storages, "", ", proof: {settled: 9999d}")
    storages.scan()
    storages.folder("snapshot", "create", "proofs")
    storages.file("nas/raw/07.tif", b"other", 1_700_000_000)

    def changed(*arguments, code):
        told = storages.folder("verify", "proofs", "--deep", "-o", "json", *arguments, code=code)
        return json.loads(told.stdout)["summary"]["found"]

    assert changed(code=0) == {}
    assert changed("--settled", "1d", code=7) == {"changed": 1}
    manifest = storages.path / "storages.yaml"
    whole = manifest.read_text()
    manifest.write_text(whole.replace("9999d", "1d"))
    assert changed(code=7) == {"changed": 1}
    manifest.write_text(whole.replace("9999d", "soon"))
    told = storages.folder("verify", "proofs", "--deep", code=7)
    assert "Warning: the manifest can't be used" in told.stderr
    storages.folder("verify", "proofs", "--deep", "--settled", "9999d")


def test_a_platform_that_is_lost_is_told_as_that_and_not_as_a_manifest_without_objective(storages):
    prove(storages)
    storages.scan("--due")
    storages.folder("snapshot", "create", "proofs")
    kept = "".join(snapshots(storages))
    (storages.path / "platform.db").unlink()
    lost = storages.folder("scan", "--due", "--into", "proofs", code=8)
    assert "Nothing was scanned: there is no storage." in lost.stdout
    made = storages.folder("snapshot", "create", "proofs", code=1)
    for told in (lost.stderr, made.stderr):
        assert f"platform.db has 'nas' no more, and the snapshot {kept} in proofs has it. " in told
        assert "do not apply: `reconciler rebuild proofs` brings it back with all records" in told
    assert "objective" not in lost.stderr
    storages.folder("rebuild", "proofs", "-y")
    told = storages.folder("scan", "--due", "--into", "proofs").stderr
    assert "Warning" not in told
