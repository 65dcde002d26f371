"""`scan --on`: workers of a real Dask cluster read; some of them, or the scheduler, are killed."""

import json
import os
import random
from contextlib import closing

import pytest
import trustme

from support.recovery.cloud_bucket import SOON, Bucket
from support.recovery.dask_cluster import Cluster, can_hide
from support.recovery.same import written_anew
from tests.e2e.recovery.conftest import Storages

FILES, MOMENTS = 150, 50
#: What a worker signs in with to the buckets of moto, which takes anybody.
SIGNED_IN = {"AWS_ACCESS_KEY_ID": "worker", "AWS_SECRET_ACCESS_KEY": "secret-of-worker"}
#: A scheduler and workers take a second of CPU each to start.
SOME = pytest.mark.sampled(2, of="clusters")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Give the one folder that is mounted on some machines only, and a cluster.

    `near` reads it, `far` lacks it; `frail` is there to be killed.
    """
    nas = tmp_path_factory.mktemp("lab") / "nas"
    nas.mkdir()
    with closing(Cluster(tmp_path_factory.mktemp("cluster"), environment=SIGNED_IN)) as cluster:
        cluster.worker("near", "storage:nas=1,storage:frail=1")
        cluster.worker("far", hidden=nas if can_hide() else None)
        yield nas, cluster


@pytest.fixture
def nas(lab, folder, request):
    """Give a storage that lies there, filled anew; its name is `nas`, or what a mark says."""
    at, cluster = lab
    cluster.forget()
    storages = Storages(folder)
    storages.at, storages.cluster = at, cluster
    for i in range(FILES):
        path = at / f"seen-{i:03}"
        path.write_bytes(b"%d" % i * (i + 1))
        os.utime(path, (1_600_000_000, 1_600_000_000))
    storages.place = f"local:file://{at}"
    storages.declare(**{getattr(request, "param", "nas"): at})
    yield storages
    for path in at.iterdir():
        path.unlink()


def on(storages, *arguments, into="proofs", code=0, **more):
    told = storages.folder(
        "scan", "--into", into, "-o", "json", "--on", storages.cluster.address, *arguments,
        code=code, **more,
    )  # fmt: skip
    return json.loads(told.stdout)["scans"][0]


def same(storages, tmp_path):
    """Check that what was scanned is what threads find, byte for byte."""
    storages.folder("scan", "--into", "threads")
    one, other = (str(storages.path / name) for name in ("proofs", "threads"))
    assert written_anew(storages.place, one, tmp_path) == written_anew(
        storages.place, other, tmp_path
    )


@SOME
def test_only_the_worker_that_has_the_mount_reads(nas, tmp_path):
    ended = on(nas)
    assert (ended["status"], ended["files_read"]) == ("complete", FILES)
    assert len(nas.cluster.seen("near")) == FILES
    assert not nas.cluster.seen("far")
    same(nas, tmp_path)


@SOME
@pytest.mark.skipif(not can_hide(), reason="no process may have mounts of its own here")
@pytest.mark.parametrize("nas", ["other"], indirect=True)
def test_a_worker_that_lacks_the_mount_concludes_nothing(nas):
    ended = on(nas, "--workers", "4", code=8)
    assert ended["status"] == "not_reachable"
    assert "declare the resource 'storage:other' on those" in ended["reason"]
    assert ended["missing"]["count"] == 0


@SOME
@pytest.mark.parametrize("nas", ["frail"], indirect=True)
def test_a_worker_that_is_killed_is_replaced_by_another(nas, tmp_path):
    nas.cluster.worker("frail", "storage:frail=1")
    (nas.at / "seen-deadly").write_bytes(b"x")
    nas.cluster.kills.write_text(str(nas.cluster.processes["frail"].pid))
    ended = on(nas)
    assert nas.cluster.processes["frail"].wait(timeout=60)
    assert (ended["status"], ended["files_read"]) == ("complete", FILES + 1)
    same(nas, tmp_path)


@SOME
def test_what_a_cloud_tells_is_taken_here_and_workers_read_the_rest(lab, folder, moto):
    raw = Bucket(folder, moto, moto.endpoint, versioned=True)
    for key in ("a", "b", "c"):
        raw.put(key, key.encode())
    job = raw.report(*(raw.line(key, key.encode()) for key in ("a", "b")))
    raw.put("b", b"other")
    told = ("--from-report", job, "--listing", raw.listing(later=SOON))
    ended = raw.scan("--on", lab[1].address, "--due", *told)
    assert (ended["status"], ended["files_read"]) == ("complete", 2)
    assert ended["scan"]["counts"]["proofs"] == {"attested": 1, "read": 2}
    assert ended["scan"]["listed_at"]
    by_workers = raw.sums()
    raw.scan("--full")
    assert raw.sums() == by_workers


@SOME
def test_damage_that_a_worker_reads_is_found(nas):
    on(nas)
    path = nas.at / "seen-007"
    path.write_bytes(b"9" * 8)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    ended = on(nas, "--full", code=7)
    assert (ended["status"], ended["altered"]["first"]) == ("complete", ["seen-007"])


@SOME
def test_what_a_cluster_can_not_do_is_refused(nas):
    told = nas.folder("scan", "--into", "p", "--on", "localhost:8786", code=64).stderr
    assert "is no address of a scheduler: write tcp://HOST:8786" in told
    at = nas.cluster.address
    told = nas.folder("scan", "--into", "p", "--on", at, "--limit-rate", "1MB", code=64).stderr
    assert "--limit-rate counts what this process reads" in told
    assert "leave --limit-rate out. --workers N has at most N tasks read at once" in told


@SOME
def test_tls_lets_in_whom_the_authority_knows(nas, tmp_path, tmp_path_factory):
    ours, foreign = trustme.CA(), trustme.CA()
    options = certified(ours, tmp_path / "ours")
    with closing(Cluster(tmp_path_factory.mktemp("tls"), *options)) as cluster:
        nas.cluster = cluster
        cluster.worker("known")
        assert cluster.address.startswith("tls://")
        assert on(nas, env=configured(tmp_path / "ours"))["status"] == "complete"
        certified(foreign, tmp_path / "foreign")
        plain = cluster.address.replace("tls://", "tcp://")
        strangers = (cluster.address, configured(tmp_path / "foreign")), (plain, {})
        for address, env in strangers:
            told = refused(nas, address, env)
            assert "no scheduler of Dask answers there within 0.5 s" in told
            assert f"Asking the scheduler at {address!r}, for 10 s at most.\n" in told


def refused(storages, address, env):
    quick = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "500ms"}
    at = ("scan", "--into", "other", "--on", address)
    told = storages.folder(*at, code=1, env={**env, **quick}).stderr
    assert not (storages.path / "other/scans").exists()
    return told


def certified(authority, folder):
    """Write the certificate of a machine, and give the options by which Dask takes it."""
    folder.mkdir()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    files = {"--tls-ca-file": "ca.pem", "--tls-cert": "cert.pem", "--tls-key": "key.pem"}
    each = [(option, str(folder / name)) for option, name in files.items()]
    return ["--protocol", "tls", *(word for pair in each for word in pair)]


def configured(folder):
    """Give the variables by which a client of Dask takes it."""
    tls = "DASK_DISTRIBUTED__COMM__TLS"
    return {
        f"{tls}__CA_FILE": str(folder / "ca.pem"),
        f"{tls}__CLIENT__CERT": str(folder / "cert.pem"),
        f"{tls}__CLIENT__KEY": str(folder / "key.pem"),
    }


@SOME
def test_a_scheduler_that_is_killed_costs_one_more_run(nas, tmp_path):
    """It is the last one: nobody reads after that."""
    (nas.at / "seen-deadly").write_bytes(b"x")
    nas.cluster.kills.write_text(str(nas.cluster.processes["scheduler"].pid))
    ended = on(nas, code=8)
    assert ended["status"] == "unfinished"
    assert "what was read is kept: run it again when it is there" in ended["reason"]
    told = nas.folder("scan", "--into", "proofs", "-o", "json")
    again = json.loads(told.stdout)["scans"][0]
    assert again["status"] == "complete"
    assert again["files_read"] <= FILES + 1
    same(nas, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(MOMENTS))
def test_kills_at_any_moment_cost_at_most_one_more_run(folder, tmp_path_factory, seed):
    """Of a worker, or of the scheduler, when any file is opened; any way to go on will do."""
    chance = random.Random(seed)
    storages = Storages(folder)
    storages.at = folder.path / "nas"
    storages.place = f"local:file://{storages.at}"
    deadly = chance.randrange(FILES)
    for i in range(FILES):
        name = f"seen-{i:03}" if i != deadly else f"seen-deadly-{i:03}"
        storages.file(f"nas/{chance.choice('abc')}/{name}", b"%d" % i * (i + 1))
    storages.declare(nas=storages.at)
    with closing(Cluster(tmp_path_factory.mktemp("cluster"))) as cluster:
        storages.cluster = cluster
        resources = chance.choice(["", "storage:nas=1"])
        for name in ("one", "two"):
            cluster.worker(name, resources)
        victim = chance.choice(["scheduler", "one", "two"])
        cluster.kills.write_text(str(cluster.processes[victim].pid))
        arguments = chance.choice([(), ("--workers", "1"), ("--workers", "8")])
        told = folder.start(
            "scan", "--into", "proofs", "--on", cluster.address, *arguments, stdout=-1, stderr=-1
        )
        _, errors = told.communicate(timeout=120)
        assert told.returncode in ((8,) if victim == "scheduler" else (0, 8)), errors
    if told.returncode:
        folder("scan", "--into", "proofs")
    same(storages, tmp_path_factory.mktemp("parts"))
