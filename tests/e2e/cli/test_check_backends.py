"""`--check-backends`, through the installed command: plan warns, apply stops before it writes."""

from __future__ import annotations

import json

import pytest

MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {{name: nas, type: local, default_url: "{nas}"}}
  - {{name: minio, type: S3, default_url: "{minio}"}}
"""


@pytest.fixture
def declare(folder, s3):
    """Declare a folder and a bucket; give the environment that reaches the bucket."""

    def write(nas, bucket="shared", endpoint=s3.endpoint):
        folder.write(MANIFEST.format(nas=nas, minio=f"{endpoint}/{bucket}"))
        return s3.environment()

    return write


def warnings(folder, env):
    told = json.loads(folder("plan", "--check-backends", "-o", "json", env=env).stdout)
    return [(w["name"], w["message"]) for w in told["warnings"] if w["code"] == "backend"]


def is_untouched(folder):
    return not (folder.path / "platform.db").exists()


def test_what_is_there_is_created_without_a_word(folder, declare):
    nas = folder.path / "nas"
    nas.mkdir()
    env = declare(nas)
    assert warnings(folder, env) == []
    done = folder("apply", "-y", "--check-backends", env=env)
    assert "2 done" in done.stdout
    assert "Warning" not in done.stderr


def test_plan_warns_and_neither_its_digest_nor_its_exit_code_changes(folder, declare):
    env = declare(folder.path / "absent", "no-such-bucket")
    (minio, told), (nas, also_told) = warnings(folder, env)
    assert (minio, "does not exist" in told) == ("minio", True)
    assert (nas, "create or mount it" in also_told) == ("nas", True)
    digests = [
        json.loads(folder("plan", *options, "-o", "json", env=env).stdout)["digest"]
        for options in ([], ["--check-backends"])
    ]
    assert digests[0] == digests[1]
    text = folder("plan", "--check-backends", env=env).stdout
    assert "'nas': the folder" in text


@pytest.mark.parametrize("saved", [False, True], ids=["planned", "saved"])
def test_apply_stops_before_it_writes_anything(folder, declare, saved):
    env = declare(folder.path / "absent", "no-such-bucket")
    arguments = ["-y"]
    if saved:
        folder("plan", "--out", "plan.json", env=env)
        arguments = ["plan.json"]
    done = folder("apply", *arguments, "--check-backends", code=1, env=env)
    assert "nothing was written" in done.stderr
    assert "'nas': the folder" in done.stderr
    assert "'minio': the bucket 'no-such-bucket'" in done.stderr
    assert is_untouched(folder)
    (folder.path / "absent").mkdir()
    declare(folder.path / "absent")
    folder("apply", "-y", "--check-backends", env=env)


def test_what_nobody_can_tell_is_a_warning_and_stops_nothing(folder, declare):
    env = declare(folder.path) | {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}
    done = folder("apply", "-y", "--check-backends", env=env)
    assert "Warning: 'minio': the bucket 'shared'" in done.stderr
    assert "credentials (403)" in done.stderr
    assert "wrong-secret" not in done.stderr + done.stdout
    assert "2 done" in done.stdout


def test_without_the_option_nothing_is_looked_at(folder, declare):
    env = declare(folder.path / "absent", "no-such-bucket")
    assert "2 done" in folder("apply", "-y", env=env).stdout


def test_only_what_is_to_be_created_is_looked_at(folder, declare):
    env = declare(folder.path / "absent", "no-such-bucket")
    folder("apply", "-y", env=env)
    assert warnings(folder, env) == []
    folder("apply", "-y", "--check-backends", env=env)
