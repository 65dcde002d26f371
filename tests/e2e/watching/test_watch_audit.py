"""The page of a watch tells what was done elsewhere, where a state server keeps an audit."""

import json
import signal
import urllib.request
from subprocess import DEVNULL, PIPE

import pytest

from support.platforms.live_file import local, manifest
from support.server.state_server import StateServer
from support.watching.watcher import until

ORIGIN = {
    "GITHUB_ACTOR": "anna",
    "GITHUB_SHA": "c0ffee",
    "CI_JOB_URL": "https://anna:hush@ci.lab/7",
}


@pytest.fixture
def team(folder):
    """Give a folder whose manifest was applied to a state server, and the environment for it."""
    with StateServer(f"sqlite:///{folder.path}/server.db", token="admin") as server:
        folder.write(manifest(local("nas"), local("old"), platform=server.url))
        env = {"RECONCILER_TOKEN": server.token}
        folder("apply", "-y", "-q", "--journal", "elsewhere", env={**env, **ORIGIN})
        yield folder, env, server


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def test_a_storage_removed_by_another_machine_is_on_the_page_with_who_commit_and_job(team):
    folder, env, server = team
    with folder.start(
        *("watch", "--interval", "1h", "--listen", "127.0.0.1:0"),
        env=env,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            url = process.stderr.readline().split()[-1]
            assert process.stderr.readline().startswith("Watching ")

            def status():
                return json.loads(get(f"{url}/v1/status"))

            assert [len(one["removals"]) for one in status()["runs"]] == [0, 0]  # the token is one
            gone = [{"name": "old"}]
            folder.write(manifest(local("nas"), removed=gone, platform=server.url), "gone.yaml")
            options = ("-f", "gone.yaml", "--journal", "elsewhere")
            folder("apply", "-y", "-q", *options, env={**env, **ORIGIN})
            process.send_signal(signal.SIGHUP)
            until(lambda: status()["rounds"] == 2)
            run = status()["runs"][0]
            page = get(f"{url}/")
        finally:
            process.kill()
    assert not (folder.path / ".reconciler/journal").exists()
    assert [(one["name"], one["status"]) for one in run["removals"]] == [("old", "done")]
    assert (run["actor"], run["commit"], run["state"]) == ("anna as test", "c0ffee", "recorded")
    assert run["job"] == "https://***@ci.lab/7"
    for text in ("1 operation: 1 done.", "anna as test", "c0ffee", "ci.lab/7", run["run"]):
        assert text in page
    assert "hush" not in page
    assert server.token not in page
