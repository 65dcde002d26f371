"""What a commit brings ends no watch: it says that it can't look, and the next commit mends it."""

import json
import shutil
import signal
from contextlib import contextmanager
from subprocess import DEVNULL, PIPE

import pytest

from support.server.state_server import StateServer
from support.watching.remote import ENVIRON, git
from support.watching.watcher import until

MANIFEST = """\
version: 1
platform: {0}
storages:
  - {{name: nas, label: NAS, type: local, default_url: /data/nas}}
"""

#: Serves a fetch; just before the second one of a round, that under the lease, somebody pushes.
UPLOAD = """\
#!/bin/sh
here=$PWD
if [ -e {0}/looked ]; then
  unset GIT_DIR; cd {0} && echo "# as before" >> storages.yaml && git commit -qam as && git push -q
fi > {0}.log 2>&1
cd "$here"
: > {0}/looked
exec git-upload-pack "$@"
"""


def told(done):
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


@pytest.fixture
def pulled(folder, tmp_path_factory):
    """Give a checkout whose platform is made, and the folder of an author who pushes to it."""
    around = tmp_path_factory.mktemp("around")
    here, author = folder.path, around / "author"
    ours = f"sqlite:///{here}/platform.db"
    for name in ("storages.yaml", "conf/storages.yaml"):
        folder.write(MANIFEST.format(ours), name)
    folder.write("LABEL=NAS\n", "conf/values.env")
    git(here, "init", "-q", "-b", "main", ".")
    git(here, "add", "storages.yaml", "conf")
    git(here, "commit", "-qm", "one")
    git(here, "clone", "-q", "--bare", ".", str(around / "remote"))
    git(here, "remote", "add", "origin", str(around / "remote"))
    git(here, "fetch", "-q")
    git(here, "branch", "-q", "-u", "origin/main")
    git(around, "clone", "-q", str(around / "remote"), str(author))
    folder("apply", "-y", "-q")
    return folder, author, {**ENVIRON, "RECONCILER_PLATFORM": ours}


def push(author):
    git(author, "add", "-A")
    git(author, "commit", "-qm", "next")
    git(author, "push", "-q")


def another_platform(author):
    (author / "storages.yaml").write_text(MANIFEST.format("https://elsewhere.example.org"))


def renamed(author):
    git(author, "mv", "storages.yaml", "other.yaml")


def two_of_them(author):
    (author / "storages.yml").write_text((author / "storages.yaml").read_text())


def without_folder(author):
    shutil.rmtree(author / "conf")


COMMITS = [
    (another_platform, [], "the manifest says"),
    (renamed, [], "there is no storages.yaml"),
    (renamed, ["-f", "storages.yaml"], "does not exist"),
    (two_of_them, [], "say which one"),
    (without_folder, ["-f", "conf/storages.yaml"], "does not exist"),
    (without_folder, ["--env-file", "conf/values.env"], "conf/values.env"),
]


@pytest.mark.parametrize(("commit", "options", "says"), COMMITS)
def test_what_a_commit_brings_is_told_also_by_the_next_start_and_is_over_once_it_is_mended(
    pulled, commit, options, says
):
    folder, author, env = pulled
    once = ("watch", "--once", "--pull", *options)
    assert told(folder(*once, env=env)) == []
    commit(author)
    push(author)
    (line,) = told(folder(*once, env=env, code=64))
    assert line.startswith("can't look: ")
    assert says in line
    again = folder(*once, env=env, code=64)
    assert (told(again), again.stderr) == ([], "")
    git(author, "revert", "--no-edit", "HEAD")
    git(author, "push", "-q")
    (line,) = told(folder(*once, env=env))
    assert line.startswith("can look again, after: ")


def test_a_file_of_which_a_commit_makes_a_folder_is_the_same_manifest_and_can_be_one_again(pulled):
    folder, author, env = pulled
    once = ("watch", "--once", "--pull", "-f", "conf/storages.yaml")
    (author / "conf/storages.yaml").write_text(folder.read("storages.yaml") + "unknown: 1\n")
    push(author)
    (line,) = told(folder(*once, env=env, code=65))
    assert line.startswith("can't look: ")
    git(author, "mv", "conf/storages.yaml", "conf/part.yaml")
    (author / "conf/storages.yaml").mkdir()
    git(author, "mv", "conf/part.yaml", "conf/storages.yaml/part.yaml")
    push(author)
    for _ in range(2):
        assert told(folder(*once, env=env, code=65)) == []
    git(author, "revert", "--no-edit", "HEAD")
    (author / "conf/storages.yaml").write_text(folder.read("storages.yaml"))
    push(author)
    (line,) = told(folder(*once, env=env))
    assert line.startswith("can look again, after: ")
    assert (folder.path / "conf/.reconciler/watch/watch.json").exists()


@contextmanager
def watching(folder, env, *more):
    streams = {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE, "text": True}
    keeps = ("watch", "--pull", "--interval", "1h", *more)
    with folder.start(*keeps, env=env, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_watch_that_is_started_where_a_commit_names_another_platform_stays_and_pulls(pulled):
    folder, author, env = pulled
    folder("watch", "--once", "--pull", env=env)
    another_platform(author)
    push(author)
    with watching(folder, env) as process:
        assert "can't look: the manifest says" in process.stdout.readline()
        git(author, "revert", "--no-edit", "HEAD")
        git(author, "push", "-q")
        process.send_signal(signal.SIGHUP)
        assert "can look again, after: " in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_manifest_that_a_commit_gives_another_name_of_those_that_need_no_option_is_the_same(
    pulled,
):
    folder, author, env = pulled
    folder("watch", "--once", "--pull", env=env)
    git(author, "mv", "storages.yaml", "storages.yml")
    push(author)
    assert told(folder("watch", "--once", "--pull", env=env)) == []


@pytest.mark.parametrize("new", ["storages.yml", "storages/of/nas.yaml"])
@pytest.mark.parametrize("how", ["changed", "hidden", "added"])
def test_what_is_in_no_commit_is_applied_under_no_name_that_a_commit_gives_the_manifest(
    pulled, new, how
):
    folder, author, env = pulled
    here = folder.path
    folder("watch", "--once", "--pull", env=env)
    with watching(folder, env, "--apply") as process:
        (author / new).parent.mkdir(parents=True, exist_ok=True)
        git(author, "rm", "-q", "storages.yaml")
        if how != "added":
            (author / new).write_text(folder.read("storages.yaml") + "# moved\n")
        push(author)
        process.send_signal(signal.SIGHUP)
        until(lambda: git(here, "rev-parse", "HEAD") == git(author, "rev-parse", "HEAD"))
        (here / new).parent.mkdir(parents=True, exist_ok=True)
        if how == "hidden":
            git(here, "update-index", "--skip-worktree", new)
        mine = MANIFEST.format(env["RECONCILER_PLATFORM"]).replace("label: NAS", "label: Mine")
        (here / new).write_text(mine)
        process.send_signal(signal.SIGHUP)
        lines = [process.stdout.readline()]
        while " can't pull: " not in lines[-1]:
            assert lines[-1], lines
            assert "applied, run" not in lines[-1]
            lines.append(process.stdout.readline())
        assert new.partition("/")[0] in lines[-1]
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert "applied, run" not in out


@pytest.mark.parametrize("commit", [another_platform, renamed])
def test_what_makes_no_sense_at_the_very_first_start_ends_it(pulled, commit):
    folder, author, env = pulled
    commit(author)
    push(author)
    assert told(folder("watch", "--pull", env=env, code=64)) == []


def test_journal_and_audit_name_the_commit_that_was_pulled_under_the_lease(pulled):
    folder, author, env = pulled
    with StateServer(f"sqlite:///{folder.path}/server.db", token="admin") as server:
        env |= {"RECONCILER_TOKEN": server.token, "RECONCILER_PLATFORM": server.url}
        (author / "storages.yaml").write_text(MANIFEST.format(server.url))
        push(author)
        for setting in (("user.name", "Ada"), ("user.email", "ada@example.org")):
            git(author, "config", *setting)
        script = author.with_name("upload")
        script.write_text(UPLOAD.format(author))
        script.chmod(0o700)
        git(folder.path, "config", "remote.origin.uploadpack", str(script))
        lines = told(folder("watch", "--once", "--pull", "--apply", env=env))
        audit = json.loads(folder("history", "-o", "json", env=env).stdout)
    (run,) = (line.split()[2].rstrip(":") for line in lines if line.startswith("applied, run"))
    head = git(author, "rev-parse", "HEAD")
    assert git(folder.path, "rev-parse", "HEAD") == head
    assert [one["commit"] for one in audit["runs"] if one["run"] == run] == [head]
    journal = folder.read(f".reconciler/journal/{run}.jsonl").splitlines()
    assert json.loads(journal[0])["commit"] == head
