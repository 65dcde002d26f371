"""`verify`, as a user runs it on real folders and buckets."""

import json
import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from reconciler.cli.settings import VERDICTS
from reconciler.recovery.findings import store
from reconciler.recovery.repository.opening import open_repository
from support.locks.seaweed import Account
from support.recovery import killed_at
from support.sampling import is_long, sample

HOOK = str(Path(killed_at.__path__[0]))
DAY = 86_400


class Verify:
    """A snapshot of a storage with twenty files in `proofs`."""

    def __init__(self, storages):
        self.storages, self.folder, self.path = storages, storages.folder, storages.path
        self.nas = self.path / "nas"
        self.scan()

    def scan(self, code=0):
        self.folder("scan", "--into", "proofs", "-q", code=code)
        self.folder("snapshot", "create", "proofs")

    def __call__(self, *arguments, code=0, **options):
        told = self.folder("verify", *arguments, "-o", "json", code=code, **options)
        return json.loads(told.stdout)

    def deep(self, *arguments, code=0):
        return self("proofs", "--deep", *arguments, code=code)

    def rot(self, name="raw/03.tif"):
        """Let a file rot: its size and times stay."""
        path = self.nas / name
        before = path.stat()
        path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def verify(storages):
    return Verify(storages)


def found(report):
    return [(f["what"], f["path"]) for one in report["storages"] for f in one["findings"]]


# What befalls a storage, of which nothing may be concluded.
def _not_mounted(nas):
    nas.rename(nas.with_name("elsewhere"))


def _mounted_empty(nas):
    _not_mounted(nas)
    nas.mkdir()


def _a_file(nas):
    _not_mounted(nas)
    nas.write_text("no folder")


def _dangling(nas):
    _not_mounted(nas)
    nas.symlink_to("nowhere")


@pytest.mark.parametrize("befall", [_not_mounted, _mounted_empty, _a_file, _dangling])
def test_what_can_not_be_reached_is_never_missing(verify, befall):
    befall(verify.nas)
    report = verify.deep(code=8)
    assert found(report) == [("not_reachable", "")]
    summary = {"of": 20, "compared": 0, "not_verified": 20, "found": {"not_reachable": 1}}
    assert (report["verdict"], report["summary"]) == ("not_verified", summary)


def test_a_storage_that_is_reached_again_resolves_that_and_keeps_what_was_found(verify):
    verify.rot()
    verify.deep(code=7)
    elsewhere = verify.nas.with_name("elsewhere")
    verify.nas.rename(elsewhere)
    (one,) = verify.deep(code=7)["storages"]  # what was damaged is so until it is proved again
    assert (found({"storages": [one]}), one["still_open"]) == ([("not_reachable", "")], 1)
    elsewhere.rename(verify.nas)
    (one,) = verify.deep(code=7)["storages"]
    assert [f["what"] for f in one["resolved"]] == ["not_reachable"]
    (damaged,) = one["findings"]
    assert damaged["first_seen"] < damaged["last_seen"]


@pytest.mark.parametrize("befall", ["bucket gone", "403", "wrong keys"])
def test_a_bucket_that_can_not_be_reached_is_never_missing(folder, s3, befall):
    bucket, client = s3.new_bucket(), s3.client()
    for number in range(3):
        client.put_object(Bucket=bucket, Key=f"{number}", Body=b"x")
    entry = {"name": "b", "type": "S3", "default_url": f"{s3.endpoint}/{bucket}"}
    platform = "sqlite:///platform.db"
    folder.write(json.dumps({"version": 1, "platform": platform, "storages": [entry]}))
    env = s3.environment()
    for line in ("apply -y", "scan --into proofs", "snapshot create proofs"):
        folder(*line.split(), env=env)
    if befall == "bucket gone":
        for number in range(3):
            client.delete_object(Bucket=bucket, Key=f"{number}")
        client.delete_bucket(Bucket=bucket)
    elif befall == "403":
        env = s3.environment(Account("reader"))
    else:
        env = env | {"AWS_SECRET_ACCESS_KEY": "another"}
    told = folder("verify", "proofs", "--deep", "-o", "json", code=8, env=env)
    assert found(json.loads(told.stdout)) == [("not_reachable", "")]


def test_neither_platform_nor_manifest_is_needed_to_read_bytes_again(verify):
    for name in ("platform.db", "storages.yaml"):
        (verify.path / name).unlink()
    report = verify.deep()
    assert (report["verdict"], report["summary"]["compared"]) == ("agrees", 20)


def test_a_storage_that_is_mounted_elsewhere_is_read_there(verify):
    other = verify.path / "mnt"
    verify.nas.rename(other)
    (other / "raw/03.tif").unlink()
    report = verify.deep("--relocate", f"{verify.nas}={other}", code=7)
    assert found(report) == [("missing", "raw/03.tif")]


def test_wrong_bytes_in_a_copy_of_young_files_are_no_work_of_anybody(storages):
    for name in ("new/1", "new/2"):
        os.utime(storages.file(f"nas/{name}", b"young"))
    verify = Verify(storages)
    back = verify.path / "back"
    shutil.copytree(verify.nas, back)
    (back / "new/2").write_bytes(b"garbage")
    moved = ("--relocate", f"{verify.nas}={back}")
    report = verify.deep(*moved, code=7)
    assert found(report) == [("changed", "new/2")]
    assert report["storages"][0]["only_counted"] == {}
    # If it is the storage itself, somebody works there.
    report = verify.deep(*moved, "--same-storage")
    assert (found(report), report["storages"][0]["only_counted"]) == ([], {"unsettled": 1})


def test_what_is_found_on_the_storage_itself_elsewhere_is_kept_as_its_own(verify):
    verify.rot()
    verify.deep(code=7)
    other = verify.path / "mnt"
    verify.nas.rename(other)
    moved = ("--relocate", f"{verify.nas}={other}")
    verify.nas = other
    verify.rot()  # its old bytes are back
    (one,) = verify.deep(*moved, "--same-storage")["storages"]
    assert [f["path"] for f in one["resolved"]] == ["raw/03.tif"]
    assert "it says nothing of the storage itself" not in str(one["notes"])
    assert list(verify.path.glob("proofs/snapshots/*/verified.json"))


def test_an_empty_folder_is_not_the_storage_itself(verify):
    (verify.path / "empty").mkdir()
    moved = ("--relocate", f"{verify.nas}={verify.path / 'empty'}")
    assert found(verify.deep(*moved, "--same-storage", code=8)) == [("not_reachable", "")]


def test_only_storages_in_scope_are_compared_and_that_verifies_no_snapshot(storages):
    storages.file("two/file")
    storages.declare(nas=storages.path / "nas", two=storages.path / "two")
    verify = Verify(storages)
    report = verify.deep("--scope", "two")
    assert [one["storage"] for one in report["storages"]] == ["two"]
    assert not list(verify.path.glob("proofs/snapshots/*/verified.json"))
    idle = verify.deep("--scope", "tow", code=8)
    assert idle["storages"] == []
    said = (
        "No storage of the snapshot is in the scope 'tow' (did you mean two?): it has 'nas', 'two'."
    )
    assert idle["notes"] == [said]
    verify.deep()
    assert list(verify.path.glob("proofs/snapshots/*/verified.json"))


def test_a_storage_that_was_never_scanned_is_not_verified(storages):
    storages.folder("scan", "--into", "proofs", "-q")
    storages.file("two/file")
    storages.declare(nas=storages.path / "nas", two=storages.path / "two")
    storages.folder("snapshot", "create", "proofs")
    ids = [p.parent.name for p in storages.path.glob("proofs/snapshots/*/snapshot.json")]
    told = storages.folder("verify", f"proofs@{ids[0]}", "--deep", "-o", "json", code=8)
    report = json.loads(told.stdout)
    two = report["storages"][1]
    assert (two["of"], two["compared"], two["verdict"]) == (None, 0, "not_verified")


def test_two_snapshots_are_compared_without_the_storage(verify):
    verify.rot()
    (verify.nas / "raw/04.tif").unlink()
    verify.scan(code=7)
    shutil.rmtree(verify.nas)
    report = verify("--against", "proofs", code=7)
    assert found(verify("proofs", "--against", code=7)) == found(report)
    assert found(report) == [("damaged", "raw/03.tif"), ("missing", "raw/04.tif")]
    ids = sorted(path.name for path in verify.path.glob("proofs/snapshots/*"))
    assert [report["was"]["id"], report["is"]["id"]] == ids
    # The same by name; the other way round; and with itself.
    earlier = f"proofs@{report['was']['id']}"
    assert found(verify("proofs", "--against", earlier, code=7)) == found(report)
    turned = verify(earlier, "--against", f"proofs@{report['is']['id']}", code=7)
    assert "older than what was" in turned["notes"][0]
    told = verify.folder("verify", earlier, "--against", earlier, code=64)
    assert "name an earlier one" in told.stderr


def test_tonight_is_compared_with_the_night_before_however_incomplete(verify):
    manifest = verify.path / "storages.yaml"
    manifest.write_text(manifest.read_text() + "proof: {every: 30d}\n")
    verify.storages.file("nas/new.tif", b"new")
    for _ in "12":
        verify.folder("scan", "--into", "proofs", "-q", "--due", "--max-bytes", "1", code=8)
        verify.folder("snapshot", "create", "proofs", code=8)
    ids = sorted(path.name for path in verify.path.glob("proofs/snapshots/*"))
    told = verify("--against", "proofs", code=8)
    assert [told["was"]["id"], told["is"]["id"]] == ids[1:]
    assert (told["verdict"], told["passed_over"]) == ("not_verified", [])
    assert verify.deep(code=7)["passed_over"] == ids[1:]
    shutil.rmtree(verify.path / "proofs/snapshots" / ids[0])
    assert verify.deep(code=8)["was"] == told["is"]
    assert verify(f"proofs@{ids[2]}", "--against", code=8)["was"] == told["was"]


def test_a_comparison_that_rests_on_earlier_proofs_says_so_and_verifies_nothing(verify):
    verify.scan()
    (one,) = verify("--against", "proofs")["storages"]
    assert (one["verdict"], one["is"]["read"], one["is"]["kept"]) == ("agrees", 0, 20)
    told = verify.folder("verify", "--against", "proofs").stdout
    assert "20 kept from earlier scans" in told
    assert not list(verify.path.glob("proofs/snapshots/*/verified.json"))


@pytest.mark.parametrize("harm", ["flipped", "gone", "swapped"])
def test_a_part_that_is_damaged_leaves_its_storage_unknown_and_nothing_is_missing(verify, harm):
    (snapshot,) = verify.path.glob("proofs/snapshots/*/snapshot.json")
    (storage,) = json.loads(snapshot.read_bytes())["storages"]
    sha = storage["contents"]["sha256"]
    part = verify.path / f"proofs/parts/{sha[:2]}/{sha}.parquet"
    if harm == "gone":
        part.unlink()
    elif harm == "flipped":
        data = bytearray(part.read_bytes())
        data[random.Random(7).randrange(len(data))] ^= 1
        part.chmod(0o600)
        part.write_bytes(data)
    else:
        other = next(p for p in verify.path.glob("proofs/parts/*/*.parquet") if p != part)
        shutil.copy(other, part)
    # Else what is read within the same second is the same part, and mends it.
    verify.storages.file("nas/new.tif", b"new")
    (one,) = verify.deep(code=8)["storages"]
    assert found({"storages": [one]}) == [("not_verified", "")]
    assert one["compared"] == 0
    assert sha[:12] in one["findings"][0]["note"]


def test_a_limit_of_time_leaves_what_was_not_read_unknown_and_the_next_run_goes_on(verify):
    report = verify.deep("--max-duration", "0s", code=8)
    assert found(report) == [("not_verified", "")]
    assert report["summary"]["not_verified"] == 20
    assert verify.deep()["verdict"] == "agrees"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("verify", "say which repository"),
        ("verify proofs --workers 3", "only with --deep"),
        ("verify proofs --relocate a=b", "only with --deep"),
        ("verify proofs --deep --same-storage", "means nothing alone"),
        ("verify proofs --deep --against proofs", "not allowed with"),
        ("verify proofs --deep --rows rows.txt", "must be .parquet or .csv"),
        ("verify proofs --explain tape x", "no snapshot or scan has a storage 'tape'"),
        ("verify proofs --explain nas a\\q", "can't be read"),
        ("verify proofs --deep --settled soon", "is no duration"),
        ("verify proofs --deep --relocate /no=/yes", "no storage that is to be read lies there"),
    ],
)
def test_what_can_not_be_meant_is_refused(verify, line, said):
    told = verify.folder(*line.split(" "), code=64)
    assert said in " ".join(told.stderr.split())


@pytest.mark.parametrize(
    "line",
    [
        "verify proofs --deep --rows nas/found.csv",
        "verify proofs --deep --relocate {path}/nas={path}/copy --rows copy/found.csv",
        "verify proofs --deep --metrics nas/m.prom",
        "scan --into proofs --metrics nas/m.prom",
        "snapshot create proofs --metrics nas/m.prom",
        "snapshot create proofs --digest-file nas/digest",
        "rebuild proofs -y --platform sqlite:///new.db --ids nas/ids.json",
        "rebuild proofs -y --platform sqlite:///new.db --journal nas/journal",
        "apply -y --platform sqlite:///new.db --journal nas/journal",
        "apply -y --platform sqlite:///new.db --events nas/events",
        "plan --out nas/plan.json",
        "plan --digest-file nas/digest",
        "drift --events nas/events",
        "list --events nas/events",
        "scan --into proofs --events nas/events",
        "snapshot create proofs --events nas/events",
        "verify proofs --deep --events nas/events",
        "snapshot list proofs --events nas/events",
        "snapshot check proofs --events nas/events",
        "snapshot prune proofs --keep-last 1 --events nas/events",
        "verify proofs --accept nas raw/00.tif --events nas/events",
        "verify proofs --accept-loss nas --events nas/events",
        "export --overwrite --out nas/storages.yaml",
    ],
)
def test_nothing_is_written_on_a_storage(verify, line):
    before = sorted(verify.path.glob("nas/**/*"))
    words = [word.format(path=verify.path) for word in line.split(" ")]
    told = " ".join(verify.folder(*words, code=64).stderr.split())
    assert f"{words[-2]} '{words[-1]}' lies in the storage 'nas', on which nothing" in told
    assert sorted(verify.path.glob("nas/**/*")) == before


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("scan nosuch --into proofs", 64),
        ("scan --into proofs --accept-root nosuch", 64),
        ("scan --into proofs --due", 64),
        ("snapshot create proofs --platform http://127.0.0.1:9", 1),
        ("verify proofs@2000 --deep", 1),
        ("verify nowhere --deep", 1),
    ],
)
def test_a_run_that_fails_early_writes_no_metrics_on_a_storage(verify, line, code):
    before = sorted(verify.path.glob("nas/**/*"))
    verify.folder(*line.split(" "), "--metrics", "nas/m.prom", code=64)
    assert sorted(verify.path.glob("nas/**/*")) == before
    verify.folder(*line.split(" "), "--metrics", "m.prom", code=code)
    assert (verify.path / "m.prom").exists()


def test_nothing_but_an_earlier_digest_or_table_is_written_over(verify):
    (verify.path / "table.csv").write_text("sample,site\n1,2\n")
    (verify.path / "table.parquet").write_bytes(b"PAR1 of somebody")
    for name in ("table.csv", "table.parquet"):
        told = verify.folder("verify", "proofs", "--deep", "--rows", name, code=1).stderr
        assert "no table that --rows wrote" in " ".join(told.split())
    told = verify.folder("snapshot", "create", "proofs", "--digest-file", "table.csv", code=1)
    assert "no digest is there" in told.stderr
    assert verify.folder.read("table.csv") == "sample,site\n1,2\n"
    assert (verify.path / "table.parquet").read_bytes() == b"PAR1 of somebody"
    (verify.path / "table.csv").write_text("")  # as `mktemp` makes it
    for _ in range(2):
        verify.folder("verify", "proofs", "--deep", "--rows", "table.csv")
    verify.folder("verify", "proofs", "--deep", "--rows", "new.parquet")
    verify.folder("verify", "proofs", "--deep", "--rows", "new.parquet")
    verify.folder("snapshot", "create", "proofs", "--digest-file", "digest")
    first = verify.folder.read("digest").strip()
    told = verify.folder("snapshot", "create", "proofs", "--digest-file", "digest").stderr
    assert f"Warning: 'digest' held another digest, {first}:" in told


def test_a_repository_that_is_none(folder):
    told = folder("verify", "proofs", "--deep", code=1)
    assert "there is no repository" in told.stderr.lower()


#: Names that must be nowhere in what is told and written.
SECRETS = ["patient-mueller", "cohort-7", "relapse"]


def test_a_redacted_report_has_no_name_in_any_format(storages):
    for number, secret in enumerate(SECRETS):
        storages.file(f"nas/{secret}/{secret}.tif", b"%d" % number)
    (storages.path / "nas/link").symlink_to(f"{SECRETS[0]}/target")
    verify = Verify(storages)
    verify.rot(f"{SECRETS[0]}/{SECRETS[0]}.tif")
    verify.nas.joinpath(SECRETS[1], f"{SECRETS[1]}.tif").rename(verify.nas / f"{SECRETS[1]}-moved")
    shutil.rmtree(verify.nas / SECRETS[2])
    (verify.nas / "link").unlink()
    (verify.nas / "link").symlink_to(f"{SECRETS[2]}/other")
    told = []
    for output in ("text", "json", "markdown"):
        for more in (["--all", "-v"], ["--rows", "rows.csv"], ["--rows", "rows.parquet"]):
            arguments = ("--deep", "--redact", "--settled", "0s", "-o", output, *more)
            done = verify.folder("verify", "proofs", *arguments, code=7)
            told += [done.stdout, done.stderr]
    files = [f"told.{output}" for output in VERDICTS]
    asked = [word for output in VERDICTS for word in ("-o", f"{output}=told.{output}")]
    verify.folder("verify", "proofs", "--deep", "--redact", "--settled", "0s", *asked, code=7)
    told += map(verify.folder.read, files)
    path = f"{SECRETS[0]}/{SECRETS[0]}.tif"
    for output in ("text", "json", "markdown"):
        explain = ("--explain", "nas", path, "--redact", "-o", output)
        done = verify.folder("verify", "proofs", *explain, code=7)
        told += [done.stdout, done.stderr]
    told += [(verify.path / f"rows.{kind}").read_bytes().decode("latin-1") for kind in ("csv",)]
    everything = "".join(told) + str((verify.path / "rows.parquet").read_bytes())
    assert "redacted-" in everything
    for secret in SECRETS:
        assert secret not in everything
    storages.private()


def test_a_path_is_read_back_as_it_is_shown_where_only_ascii_is(storages):
    storages.file("nas/raw/Gerät.tif", b"good")
    verify = Verify(storages)
    storages.file("nas/raw/Gerät.tif", b"evil")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    told = storages.folder("verify", "proofs", "--deep", code=7, env=ascii_only).stdout
    shown = "raw/Ger\\xc3\\xa4t.tif"
    assert f"  damaged  {shown}  " in told
    story = verify("proofs", "--explain", "nas", shown, code=7)
    assert story["path"] == "raw/Gerät.tif"


def test_names_of_every_kind_are_told_in_every_format_and_explained(storages):
    names = [
        b"\xff\xfe",
        b"line\nbreak",
        "é".encode(),
        b"Case",
        b"case",
        b"back\\slash",
        b"n" * 255,
    ]
    for name in names:
        storages.file(f"nas/{os.fsdecode(name)}", name)
    verify = Verify(storages)
    for name in names:
        (verify.nas / os.fsdecode(name)).unlink()
    report = verify.deep(code=7)
    assert len(found(report)) == len(names)
    for output in ("text", "markdown"):
        told = verify.folder("verify", "proofs", "--deep", "-o", output, code=7).stdout
        assert "\\xff\\xfe" in told
        assert "\n\tbreak" not in told
    for _, path in found(report):
        story = verify("proofs", "--explain", "nas", path, code=7)
        assert (story["path"], story["wrong"]) == (path, True)


def test_ctrl_c_ends_it_and_says_what_was_compared(verify):
    for number in range(2_000):
        verify.storages.file(f"nas/more/{number}", b"%d" % number)
    verify.scan()
    process = verify.folder.start(
        "verify", "proofs", "--deep", "--limit-rate", "500", stdout=-1, stderr=-1, text=True
    )
    line = process.stderr.readline()
    assert line
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "NOT VERIFIED" in out
    assert verify.deep()["verdict"] == "agrees"


MOMENTS, TRIED = 25, 2


def test_killed_at_any_moment_the_next_run_finds_the_same(verify, request):
    verify.rot()
    (verify.nas / "raw/04.tif").unlink()
    counted = verify.path / "counted"
    _killed(verify, counted=counted)
    touches = int(counted.read_text())
    seeds, since = range(MOMENTS), set()
    for seed in seeds if is_long(request.config) else sample(seeds, TRIED, "kills of verify"):
        at = random.Random(seed).randrange(1, touches)
        _killed(verify, at=at)
        repository = open_repository(str(verify.path / "proofs"))
        known = store.read(repository, f"local:file://{verify.nas}")
        assert known.damaged == ()
        assert {e.path for e in known.episodes} == {b"raw/03.tif", b"raw/04.tif"}
        report = verify.deep(code=7)
        assert found(report) == [("damaged", "raw/03.tif"), ("missing", "raw/04.tif")]
        (one,) = report["storages"]
        # No kill changes since when: damage is kept when it is read, what is gone at the end.
        since.add(tuple(f["first_seen"] for f in one["findings"]))
        assert len(since) == 1
        assert one["findings"][0]["first_seen"] < one["findings"][0]["last_seen"]


def _killed(verify, *, at=0, counted=""):
    env = {"PYTHONPATH": HOOK, "KILLED_AT": str(at), "COUNTED_IN": str(counted)}
    process = verify.folder.start("verify", "proofs", "--deep", "-q", env=env, stdout=-1, stderr=-1)
    _, errors = process.communicate(timeout=300)
    assert process.returncode in (-signal.SIGKILL, 7), (at, errors.decode())


def test_what_was_left_out_is_told_by_each_step_and_by_no_name_where_it_is_redacted(storages):
    folder, unknown = storages.folder, "nothing is known of what was left out of nas."
    scan = folder("scan", "--into", "proofs", "--exclude", "0?.tif").stdout
    taken = folder("snapshot", "create", "proofs").stdout
    for told in (scan, taken):
        assert "eft out by --exclude: '0?.tif' (10 files); nothing is known of that." in told
        assert told.rstrip().endswith(unknown)
    deep = folder("verify", "proofs", "--deep", "--redact").stdout
    assert "10 of 10 files compared, and all agree; " in deep
    assert "left out by --exclude: 'redacted-" in deep
    assert "0?.tif" not in deep
    folder("snapshot", "create", "proofs", "--scan", "--exclude", "1?.tif")
    against = folder("verify", "--against", "proofs", code=8).stdout
    assert "nas:  not verified  some of its files  left out by the later scan  10 files" in against
    assert "--exclude, in what was: '0?.tif' (10 files)" in against
    assert "--exclude, in what is: '1?.tif' (10 files)" in against
    assert against.rstrip().endswith(unknown)


def test_a_platform_that_does_not_exist_is_warned_of_and_nothing_of_it_is_kept(verify):
    away = ("proofs", "--platform", "sqlite:///typo.db")
    report = verify(*away, code=8)
    assert report["platform"].endswith("/typo.db")
    (one,) = report["storages"]
    assert (report["verdict"], one["compared"]) == ("not_verified", 0)
    assert one["findings"][0]["note"] == "the platform does not exist yet"
    told = verify.folder("verify", *away, code=8)
    assert "typo.db does not exist yet" in told.stderr
    assert "the address is wrong" in told.stderr
    assert "/typo.db, with snapshot" in " ".join(told.stdout.split())
    assert not verify.path.joinpath("typo.db").exists()
    assert not [path for path in verify.path.glob("proofs/findings/**/*") if path.is_file()]


def test_another_platform_is_told_and_what_it_lacks_was_not_compared(verify):
    verify.folder("scan", "nas", "-q")
    verify.folder("snapshot", "create", "proofs")
    text = (verify.path / "storages.yaml").read_text()
    (verify.path / "other.yaml").write_text(text.replace("nas", "two"))
    other = ("--platform", "sqlite:///other.db")
    verify.folder("apply", "-y", "-f", "other.yaml", *other)
    report = verify("proofs", *other, code=7)
    (one,) = report["storages"]
    assert (one["of"], one["compared"], one["found"]) == (20, 0, {"missing": 1})
    assert "The snapshot is of another platform, sqlite:///" in report["notes"][0]
    assert "as --platform says: so it is after a rebuild onto a new one." in report["notes"][0]
    assert report["notes"][0].count("/platform.db; compared is sqlite:///") == 1
    told = verify.folder("verify", "proofs", *other, code=7).stdout
    assert "1 missing; nothing was compared; no byte was read" in " ".join(told.split())
    assert len(verify("proofs")["notes"]) == 1


def test_a_platform_that_was_lost_and_made_anew_is_to_be_rebuilt(verify):
    verify.folder("scan", "nas", "-q")
    verify.folder("snapshot", "create", "proofs")
    (verify.path / "platform.db").unlink()
    verify.folder("apply", "-y")
    told = verify.folder("verify", "proofs", code=7).stdout
    assert "at the same address: it was lost, or replaced, and made anew since." in told
    assert "say --platform" not in told
    again = f"to have records again that the platform lacks: `reconciler rebuild {verify.path}"
    assert told.index(again) < told.index("only what may stay as it is")
    verify.folder("rebuild", "proofs", "-y")
    verify.folder("verify", "proofs")
