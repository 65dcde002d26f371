"""In CI a token goes where the pipeline says, not only where a pull request does."""

import json

import pytest

from support.server.state_server import StateServer

TOKENS = ["RECONCILER_TOKEN", "RECONCILER_TOKEN_FILE"]
CODE = "platform_unconfirmed"


@pytest.fixture
def pipeline(folder, tmp_path_factory):
    """Give a folder whose manifest leads to a server, and the server."""
    place = tmp_path_factory.mktemp("server")
    with StateServer(f"sqlite:///{place}/server.db", token="admin") as server:
        folder.write(f"version: 1\nplatform: {server.url}\nstorages: []\n")
        folder.write(f"{server.token}\n", "ci.token")
        yield folder, server


def environ(server, token="RECONCILER_TOKEN"):
    return {token: "ci.token" if token.endswith("_FILE") else server.token, "CI": "true"}


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_without_a_platform_is_warned_of(pipeline, token):
    folder, server = pipeline
    told = folder("plan", "-o", "json", env=environ(server, token))
    (warning,) = [w for w in json.loads(told.stdout)["warnings"] if w["code"] == CODE]
    assert f"{token} is set in CI" in warning["message"]
    assert f"Set RECONCILER_PLATFORM={server.url}" in warning["message"]
    assert "a pull request" in folder("plan", env=environ(server, token)).stdout
    for command in ("list", "drift", "doctor", "export", "lock show"):
        told = folder(*command.split(), env=environ(server, token))
        assert told.stderr.count("a pull request that changes `platform:`") == 1, command


def test_a_job_that_confirms_the_platform_is_not_warned(pipeline):
    folder, server = pipeline
    token = environ(server)
    for arguments, env in (
        (("plan",), {**token, "RECONCILER_PLATFORM": server.url}),
        (("plan", "--platform", server.url), token),
        (("plan",), {"RECONCILER_TOKEN": server.token}),
        (("plan",), {**token, "CI": "false"}),
        (("plan", "--platform", "sqlite:///platform.db"), token),
    ):
        told = folder(*arguments, "-o", "json", env=env)
        assert CODE not in told.stdout + told.stderr


def test_a_saved_plan_that_was_not_reviewed_by_its_digest(pipeline):
    folder, server = pipeline
    entry = "{name: a, type: local, default_url: /a}"
    folder.write(f"version: 1\nplatform: {server.url}\nstorages: [{entry}]\n")
    token = environ(server)
    folder("plan", "--out", "plan.json", "--digest-file", "digest", env=token)
    digest = folder.read("digest").strip()
    told = folder("apply", "plan.json", "--expect", digest, env=token)
    assert "only the plan says" not in told.stderr
    assert "only the plan says" in folder("apply", "plan.json", env=token).stderr
