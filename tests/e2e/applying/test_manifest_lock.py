"""`lock:` of the manifest, through the installed command, on a platform that can't lock itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.lease.contract import SECONDS
from reconciler.lease.opening import open_lock
from support.faults.careless_s3 import careless_s3
from support.faults.two_at_once import two_at_once
from support.locks.lock_making import ALICE
from support.platforms.organisation import Organisation
from support.server.certificates import Authority

MANIFEST = """\
version: 1
platform: {platform}
lock: {lock}
storages: [{entries}]
"""


class Setting:
    """A folder with a manifest for the stand-in organisation, and where its lock is kept."""

    def __init__(self, folder, organisation, lock, environ):
        self.folder, self.organisation, self.lock = folder, organisation, lock
        self.env = organisation.environ | environ

    def declare(self, *names):
        entries = ", ".join(
            f"{{name: {name}, type: local, default_url: /data/{name}}}" for name in names
        )
        platform = self.organisation.address
        self.folder.write(MANIFEST.format(platform=platform, lock=self.lock, entries=entries))

    def apply(self, *options, code=0):
        return self.folder("apply", "-y", *options, code=code, env=self.env)


@pytest.fixture(params=["file", "s3"])
def setting(request, folder, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    organisation = Organisation(elsewhere / "organisation.db")
    if request.param == "file":
        return Setting(folder, organisation, f"file://{elsewhere}/lock", {})
    server = request.getfixturevalue("s3")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return Setting(folder, organisation, f"s3://{server.new_bucket()}/jetraw", {})


def test_apply_gives_the_lock_back(setting):
    setting.declare("a", "b")
    done = setting.apply()
    assert "2 done" in done.stdout
    assert "Warning: nothing keeps" not in done.stderr
    lock = open_lock(setting.lock)
    assert lock.current() is None
    assert lock.acquire(ALICE, SECONDS).fence == 2


def test_apply_ends_with_6_and_names_the_holder_while_another_has_it(setting):
    setting.declare("a")
    lock = open_lock(setting.lock)
    lease = lock.acquire(ALICE, SECONDS)
    told = setting.apply("--lock-timeout", "0", code=6).stderr
    assert "the platform is locked by 'alice' on 'build-7'" in told
    assert setting.organisation.records() == {}
    lock.release(lease)
    setting.apply("--lock-timeout", "0")
    assert set(setting.organisation.records()) == {"a"}


def test_plan_takes_no_lock(setting):
    setting.declare("a")
    open_lock(setting.lock).acquire(ALICE, SECONDS)
    setting.folder("plan", env=setting.env)


def test_a_damaged_lock_keeps_everybody_out_until_it_is_set_aside(setting, request):
    setting.declare("a")
    where = damage(setting, request)
    for command in (["lock", "show"], ["apply", "-y"], ["lock", "release"]):
        code = 64 if command[1] == "release" else 1
        told = setting.folder(*command, code=code, env=setting.env).stderr
        assert where in told
        assert "did not write as a lock (" in told
    assert setting.organisation.records() == {}
    told = setting.folder("lock", "release", "-y", env=setting.env)
    assert f"Set aside: it is '{where}.set-aside-" in told.stderr
    assert told.stdout == "Not locked.\n"
    setting.apply()
    assert set(setting.organisation.records()) == {"a"}


def damage(setting, request):
    """Cut short what the lock keeps; give where that is."""
    open_lock(setting.lock).acquire(ALICE, SECONDS)
    if setting.lock.startswith("file://"):
        record = Path(setting.lock[7:]) / "0000000001.json"
        record.write_bytes(record.read_bytes()[:-20])
        return str(record)
    bucket, key = setting.lock[5:].split("/")
    client = request.getfixturevalue("s3").client()
    client.put_object(Bucket=bucket, Key=key, Body=b'{"format_version":1,')
    return setting.lock


def test_two_applies_at_once_double_nothing(setting, long):
    names = []
    for number in range(50 if long else 5):
        names += [f"n{number}-{which}" for which in range(2)]
        setting.declare(*names)
        two_at_once(setting.folder, wait=True, env=(setting.env, setting.env))
        assert sorted(setting.organisation.records()) == sorted(names)


def test_a_server_that_ignores_conditional_writes_is_refused_before_anything_is_written(folder):
    organisation = Organisation(folder.path / "organisation.db")
    with careless_s3() as server:
        environ = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        setting = Setting(folder, organisation, "s3://careless/jetraw", environ)
        setting.declare("a")
        told = setting.apply(code=1).stderr
    assert "can't keep a lock: it overwrites in spite of If-None-Match" in told
    assert organisation.records() == {}
    assert server.objects == {}


def test_an_s3_server_with_an_authority_of_its_own(folder, tmp_path):
    organisation = Organisation(folder.path / "organisation.db")
    authority = Authority(tmp_path)
    with careless_s3("If-None-Match", "If-Match", tls=authority.server()) as server:
        environ = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_CA_BUNDLE": "",
        }
        setting = Setting(folder, organisation, "s3://locks/jetraw", environ)
        setting.declare("a")
        told = setting.apply(code=1).stderr
        assert "name that authority's certificate in AWS_CA_BUNDLE" in told
        assert "Waiting" not in told
        setting.env["AWS_CA_BUNDLE"] = str(authority.file)
        setting.apply()
        assert list(server.objects) == ["/locks/jetraw"]


@pytest.mark.parametrize("lock", ["s3://bucket", "file://relative"])
def test_an_address_that_is_none_makes_the_manifest_invalid(folder, lock):
    organisation = Organisation(folder.path / "organisation.db")
    setting = Setting(folder, organisation, lock, {})
    setting.declare("a")
    told = setting.apply(code=65).stderr
    assert "s3://BUCKET/KEY" in told
    assert told.startswith("storages.yaml:")
