"""A real checkout of a real remote: it goes forward, or stays as it is and says why."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.watching.pulling.checkout import Checkout
from reconciler.watching.pulling.git import Said
from reconciler.watching.pulling.refused import (
    CHANGED_HERE,
    NOT_FORWARD,
    UNREACHABLE,
    UNSIGNED,
    UNUSABLE,
)
from support.watching.watcher import until

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
OF_PART = ("-f", ".gitmodules", "submodule.storages/part.ignore")
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(folder, *arguments):
    done = subprocess.run(
        ["git", *WHO, *arguments],
        cwd=folder,
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


class Repository:
    """A remote, the clone that its authors work in, and the checkout that is watched."""

    def __init__(self, tmp_path: Path) -> None:
        self.remote, self.author, self.here = (tmp_path / n for n in ("remote", "author", "here"))
        git(tmp_path, "init", "-q", "--bare", "-b", "main", str(self.remote))
        git(tmp_path, "clone", "-q", str(self.remote), str(self.author))
        self.first = self.push("one")
        git(tmp_path, "clone", "-q", str(self.remote), str(self.here))

    def push(self, text, *options, name="storages.yaml"):
        (self.author / name).parent.mkdir(parents=True, exist_ok=True)
        (self.author / name).write_text(text)
        git(self.author, "add", "-A")
        git(self.author, "commit", "-q", "-m", text[:40] or "nothing", *options)
        git(self.author, "push", "-q", "--force", "origin", "HEAD:main")
        return git(self.author, "rev-parse", "HEAD")

    def checkout(self, **options):
        environ = options.pop("environ", ENVIRON)
        return Checkout([str(self.here / "storages.yaml")], environ, **options)

    def text(self, name="storages.yaml"):
        return (self.here / name).read_text()


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


#: A git that holds its lock until somebody lets it go on, as on a slow disk.
SLOW = """\
#!/bin/sh
if [ "$1" = merge ] && [ ! -e .git/index.lock ]; then
  echo 'first line of two' > storages.yaml
  : > .git/index.lock; echo begun > {0}/begun; read go < {0}/go; rm .git/index.lock
  {1} restore storages.yaml
fi
exec {1} "$@"
"""


@pytest.fixture
def slow(tmp_path):
    """Give an environment in which git is slow to write, and what lets it go on."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(SLOW.format(tmp_path, shutil.which("git")))
    (tmp_path / "bin/git").chmod(0o700)
    for fifo in ("begun", "go"):
        os.mkfifo(tmp_path / fifo)
    begun = os.open(tmp_path / "begun", os.O_RDWR)  # nobody waits for a reader
    yield {**ENVIRON, "PATH": f"{tmp_path / 'bin'}:{ENVIRON['PATH']}"}, tmp_path
    os.close(begun)


def test_git_that_writes_files_is_not_ended_and_the_next_pull_waits_for_it(repository, slow):
    environ, around = slow
    second = repository.push("two")
    checkout = repository.checkout(environ=environ, patience=2.0)
    assert "no end after 2 s: git goes on" in refused(checkout.pull(), UNUSABLE)
    lock = repository.here / ".git/index.lock"
    for another in (checkout, repository.checkout(environ=environ)):
        assert f"git is writing in the checkout, or was killed: '{lock}'" in refused(
            another.pull(), UNUSABLE
        )
    (repository.here / "storages.yaml").write_text("one")  # it writes other files now
    assert "git still writes" in refused(checkout.pull(), UNUSABLE)
    assert "index.lock" in refused(repository.checkout(environ=environ).pull(), UNUSABLE)
    (around / "go").write_text("on\n")
    until(lambda: git(repository.here, "rev-parse", "HEAD") == second)
    until(lambda: checkout._git._writing.poll() is not None)
    assert checkout.pull().problem is None
    assert (repository.text(), lock.exists()) == ("two", False)


def test_git_that_is_ended_takes_its_locks_away(repository, slow):
    environ, around = slow
    lock = repository.here / ".git/fetched.lock"
    fetching = f"trap 'rm {lock}; exit 1' TERM; : > {lock}; sleep 60 & wait"
    script = around / "bin/git"
    real = shutil.which("git")
    script.write_text(f'#!/bin/sh\nif [ "$1" = fetch ]; then {fetching}; fi\nexec {real} "$@"\n')
    message = refused(repository.checkout(environ=environ, patience=2.0).pull(), UNREACHABLE)
    assert "no end after 2 s" in message
    assert not lock.exists()


def test_git_that_has_ended_is_not_waited_for_on_account_of_what_it_left_behind(repository, slow):
    """As ssh does that keeps its connection for later: it has left, and holds what git says."""
    environ, around = slow
    second = repository.push("two")
    script = around / "bin/git"
    real = shutil.which("git")
    go = os.open(around / "go", os.O_RDWR)
    leaves = f"setsid timeout 60 sh -c 'read go < {around}/go' &"
    script.write_text(f'#!/bin/sh\nif [ "$1" = fetch ]; then {leaves} fi\nexec {real} "$@"\n')
    pulled = repository.checkout(environ=environ, patience=10.0).pull()
    os.write(go, b"on\n")
    os.close(go)
    assert (pulled.problem, pulled.commit) == (None, second)


@pytest.fixture
def full(tmp_path):
    """Give an environment in which git has no room for a large file while it merges."""
    (tmp_path / "bin").mkdir()
    bounds = "case $1 in merge) trap '' XFSZ; ulimit -f 100;; esac"
    script = f'#!/bin/sh\n{bounds}\nexec {shutil.which("git")} "$@"\n'
    (tmp_path / "bin/git").write_text(script)
    (tmp_path / "bin/git").chmod(0o700)
    return {**ENVIRON, "PATH": f"{tmp_path / 'bin'}:{ENVIRON['PATH']}"}


def commit_that_is_large(repository):
    """Push a commit that changes, adds and removes files, of which one is large."""
    repository.push("gone", name="gone.yaml")
    repository.push("0123456789", name="name with\nlines/ü.yaml")
    git(repository.here, "pull", "-q")
    (repository.author / "gone.yaml").unlink()
    repository.push("9876543210", name="name with\nlines/ü.yaml")
    repository.push("x" * 1_000_000, name="a/large")
    repository.push("new", name="z/new.yaml")
    return repository.push("two")


def test_what_git_wrote_of_a_commit_for_which_there_was_no_room_is_taken_back(repository, full):
    last = commit_that_is_large(repository)
    (repository.here / "mine.txt").write_text("mine")
    before = {file: file.read_bytes() for file in repository.here.glob("[!.]*") if file.is_file()}
    asking = repository.checkout(environ=full)
    assert "unable to write file" in refused(asking.pull(), UNUSABLE)
    assert git(repository.here, "status", "--porcelain") == "?? mine.txt"
    assert {f: f.read_bytes() for f in repository.here.glob("[!.]*") if f.is_file()} == before
    assert "unable to write file" in refused(asking.pull(), UNUSABLE)
    assert (repository.checkout().pull().problem, repository.text()) == (None, "two")
    assert git(repository.here, "rev-parse", "HEAD") == last


@pytest.mark.parametrize("name", ["a/large", "z/new.yaml", "gone.yaml"])
def test_what_somebody_here_has_changed_is_never_taken_back(repository, full, name):
    commit_that_is_large(repository)
    mine = repository.here / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    refused(repository.checkout(environ=full).pull(), UNUSABLE)
    assert mine.read_text() == "mine"


def refused(pulled, code):
    assert pulled.problem is not None
    assert pulled.problem.code == code, pulled.problem
    return pulled.problem.message


def test_it_goes_forward(repository):
    checkout = repository.checkout()
    assert checkout.pull().commit == repository.first
    newest = repository.push("two")
    pulled = checkout.pull()
    assert (pulled.commit, pulled.problem) == (newest, None)
    assert repository.text() == "two"
    assert git(repository.here, "status", "--porcelain") == ""


def test_what_was_forced_or_set_back_is_not_taken(repository):
    checkout = repository.checkout()
    newest = repository.push("two")
    assert checkout.pull().commit == newest
    repository.push("other", "--amend")
    pulled = checkout.pull()
    assert "has diverged" in refused(pulled, NOT_FORWARD)
    git(repository.author, "reset", "-q", "--hard", repository.first)
    git(repository.author, "push", "-q", "--force", "origin", "HEAD:main")
    assert "was set back" in refused(checkout.pull(), NOT_FORWARD)
    assert repository.text() == "two"
    assert pulled.commit == newest


def test_a_remote_that_is_away_is_told_and_is_back_later(repository):
    checkout = repository.checkout()
    repository.remote.rename(repository.remote.with_name("away"))
    message = refused(checkout.pull(), UNREACHABLE)
    assert "does not appear to be a git repository" in message
    repository.remote.with_name("away").rename(repository.remote)
    assert checkout.pull().problem is None


def test_a_remote_that_never_answers_is_given_up_with_all_that_was_started(repository, tmp_path):
    script = tmp_path / "ssh"
    script.write_text(f"#!/bin/sh\nexec 3> {tmp_path}/pipe\necho here >&3\nexec sleep 60\n")
    script.chmod(0o755)
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    git(repository.here, "remote", "set-url", "origin", "ssh://nobody@localhost/x")
    environ = {**ENVIRON, "GIT_SSH": str(script)}
    checkout = repository.checkout(environ=environ, patience=1.5)
    assert "no end after 1.5 s" in refused(checkout.pull(), UNREACHABLE)
    assert os.read(pipe, 100) == b"here\n"
    os.set_blocking(pipe, True)
    assert os.read(pipe, 100) == b""  # as soon as nobody is left who could write
    os.close(pipe)


@pytest.mark.parametrize("signer", ["ours", "theirs", None])
def test_only_what_somebody_vouches_for_is_taken(repository, tmp_path, signer):
    for name in ("ours", "theirs"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(command, check=True)
    public = (tmp_path / "ours.pub").read_text()
    (tmp_path / "signers").write_text(f"ada@example.org {public}")
    git(repository.here, "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "signers"))
    if signer:
        git(repository.author, "config", "gpg.format", "ssh")
        git(repository.author, "config", "user.signingKey", str(tmp_path / signer))
    newest = repository.push("two", *(["-S"] if signer else []))
    pulled = repository.checkout(signed=True).pull()
    if signer == "ours":
        assert (pulled.commit, pulled.problem, repository.text()) == (newest, None, "two")
    else:
        message = refused(pulled, UNSIGNED)
        assert newest in message
        why = "with the ED25519 key SHA256:" if signer else "it has no signature"
        assert why in message
        assert "Good" not in message
        assert (pulled.commit, repository.text()) == (repository.first, "one")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("", "git ended with 128"),
        ("fatal: gone\nSee more", "fatal: gone"),
        ("a: warned\nb: denied (publickey).\nfatal: no\n", "fatal: no (b: denied (publickey).)"),
        ("gpg: Signature made today\ngpg: Can't check: No key\n", "gpg: Can't check: No key"),
    ],
)
def test_what_git_calls_says_why(error, told):
    assert Said(128, "", error).reason == told


@pytest.mark.parametrize(
    ("name", "text"), [("storages.yaml", "mine"), ("more/new.yaml", "mine"), ("more/x.YML", "")]
)
def test_a_manifest_that_was_changed_here_is_told(repository, name, text):
    (repository.here / "more").mkdir()
    (repository.here / ".gitignore").write_text("*.YML\n")
    (repository.here / name).write_text(text)
    (repository.here / "more" / "notes.txt").write_text("of no interest")
    paths = [str(repository.here / "storages.yaml"), str(repository.here / "more")]
    repository.push("two")
    assert name in refused(Checkout(paths, ENVIRON).pull(), CHANGED_HERE)
    assert repository.text() == ("mine" if name == "storages.yaml" else "one")


@pytest.mark.parametrize("named", ["storages.yaml", "linked/more", "of/links"])
@pytest.mark.parametrize("changed", ["real/more/a.conf", "real/more/c.yaml", "real/b.yaml"])
def test_what_a_link_leads_to_is_of_the_manifest(repository, named, changed):
    author = repository.author
    repository.push("one", name="real/more/a.conf")
    repository.push("one", name="real/more/c.yaml")
    (author / "of/links").mkdir(parents=True)
    for link, to in (
        ("linked", "real"),
        ("real/more/b.yaml", "../b.yaml"),
        ("of/links/more", "../../linked/more"),
        ("real/more/a.yaml", "a.conf"),
        ("real/more/back", ".."),
    ):
        (author / link).symlink_to(to)
    (author / "storages.yaml").unlink()
    (author / "storages.yaml").symlink_to(changed)
    repository.push("one", name="real/b.yaml")
    git(repository.here, "pull", "-q")
    paths = [str(repository.here / named)]
    assert Checkout(paths, ENVIRON).pull().problem is None
    (repository.here / changed).write_text("mine")
    assert changed in refused(Checkout(paths, ENVIRON).pull(), CHANGED_HERE)


def _replace_by_link(path: Path, to: str) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    path.symlink_to(to)


def _replace_by_folder(path: Path, name: str) -> None:
    path.unlink()
    path.mkdir()
    (path / name).write_text("mine")


#: Of the links in Git below: what is turned here, to what, and what is told to be changed.
TURNED = {
    "the file itself": ("vars.env", "test.env"),
    "a folder on the way": ("current", "v2"),
    "a link in the middle": ("x/l.env", "../v2/m.env"),
    "a folder that was none": ("x", "v2"),
}


@pytest.fixture
def linked(repository):
    """A checkout in which links of Git lead to files, each of which is as committed."""
    author = repository.author
    for name in ("v1/m.env", "v2/m.env", "v2/l.env", "test.env", "v1/sub/deep.env"):
        repository.push(name, name=name)
    (author / "x").mkdir()
    for link, to in (
        ("vars.env", "v1/m.env"),
        ("current", "v1"),
        ("x/l.env", "../current/m.env"),
        ("many.env", "x/l.env"),
        ("of", "current/sub"),
    ):
        (author / link).symlink_to(to)
    repository.push("one")
    git(repository.here, "pull", "-q")
    elsewhere = repository.here.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "m.env").write_text("mine")
    (elsewhere / "to").symlink_to(repository.here)
    return repository


def _asks(here: Path, named: str, of: str) -> Checkout:
    """Ask about a file, which the manifest consists of, or which it takes values from."""
    if of == "manifest":
        return Checkout([named], ENVIRON)
    return Checkout([str(here / "storages.yaml")], ENVIRON, variables=[named])


@pytest.mark.parametrize("of", ["manifest", "variables"])
@pytest.mark.parametrize(
    ("named", "turned"),
    [
        ("vars.env", "the file itself"),
        ("current/m.env", "a folder on the way"),
        ("../elsewhere/to/current/m.env", "a folder on the way"),
        ("of/../m.env", "a folder on the way"),
        ("many.env", "a link in the middle"),
        ("many.env", "a folder that was none"),
        ("many.env", "a folder on the way"),
    ],
)
def test_a_link_of_git_that_was_turned_here_is_told(linked, of, named, turned):
    checkout = _asks(linked.here, str(linked.here / named), of)
    assert checkout.pull().problem is None
    link, to = TURNED[turned]
    _replace_by_link(linked.here / link, to)
    for asking in (checkout, _asks(linked.here, str(linked.here / named), of)):
        assert f"changed here, and not committed: '{link}" in refused(asking.pull(), CHANGED_HERE)


@pytest.mark.parametrize("of", ["manifest", "variables"])
def test_a_link_of_git_that_leads_out_of_the_checkout_now_is_told(linked, of):
    checkout = _asks(linked.here, str(linked.here / "current/m.env"), of)
    _replace_by_link(linked.here / "current", "../elsewhere")
    assert "'current'" in refused(checkout.pull(), CHANGED_HERE)


@pytest.mark.parametrize("of", ["manifest", "variables"])
def test_a_folder_in_place_of_a_link_of_git_is_told(linked, of):
    checkout = _asks(linked.here, str(linked.here / "current/m.env"), of)
    _replace_by_folder(linked.here / "current", "m.env")
    assert "'current'" in refused(checkout.pull(), CHANGED_HERE)


@pytest.mark.parametrize("of", ["manifest", "variables"])
def test_a_link_that_git_was_told_not_to_look_at_is_told(linked, of):
    git(linked.here, "update-index", "--assume-unchanged", "current")
    _replace_by_link(linked.here / "current", "v2")
    checkout = _asks(linked.here, str(linked.here / "current/m.env"), of)
    assert "told not to look" in refused(checkout.pull(), CHANGED_HERE)


def test_links_of_this_machine_lead_to_variables_but_to_no_manifest(linked):
    """Which of its files a manifest consists of is for Git to say; its values may be local."""
    (linked.here / "here").symlink_to("v1")
    named = str(linked.here / "here/m.env")
    assert _asks(linked.here, named, "variables").pull().problem is None
    assert "'here'" in refused(_asks(linked.here, named, "manifest").pull(), CHANGED_HERE)
    (linked.here / "v1/m.env").write_text("mine")  # which Git has, whatever leads to it
    assert "m.env" in refused(_asks(linked.here, named, "variables").pull(), CHANGED_HERE)


def test_a_manifest_that_a_link_leads_out_of_the_checkout_is_told(linked, tmp_path):
    named = tmp_path / "elsewhere/to"
    checkout = _asks(linked.here, str(named / "storages.yaml"), "manifest")
    assert checkout.pull().problem is None
    _replace_by_link(named, str(linked.author))
    assert "in this checkout no more" in refused(checkout.pull(), UNUSABLE)


def test_links_in_a_circle_are_refused_like_others(linked):
    checkout = _asks(linked.here, str(linked.here / "vars.env"), "manifest")
    _replace_by_link(linked.here / "vars.env", "vars.env")
    assert "'vars.env'" in refused(checkout.pull(), CHANGED_HERE)


@pytest.mark.parametrize(
    "what", ["ignored folder", "repository", "like our own", "other name", "variables"]
)
def test_what_git_does_not_have_is_no_part_of_what_it_vouches_for(repository, what):
    repository.push("storages/drafts/\n", name=".gitignore")
    repository.push("ORG=lab\n", name="lab.env")
    repository.push("one", name="storages/a.yaml")
    git(repository.here, "pull", "-q")
    folder, variables = repository.here / "storages", repository.here / "lab.env"
    paths, name = [str(folder)], "storages/drafts/"
    (folder / ".reconciler" / "journal").mkdir(parents=True)
    (folder / ".reconciler" / "journal" / "run.jsonl").write_text("{}")
    (repository.here / "mine.env").write_text("A=b\n")
    mine = [str(variables), str(repository.here / "mine.env")]
    assert Checkout(paths, ENVIRON, variables=mine).pull().problem is None
    if what == "ignored folder":
        (folder / "drafts").mkdir()
        (folder / "drafts" / "d.yaml").write_text("evil")
    elif what in ("repository", "like our own"):
        name = "nested" if what == "repository" else "my.reconciler"
        git(repository.here, "init", "-q", str(folder / name))
        (folder / name / "n.yaml").write_text("evil")
        name = f"storages/{name}/"
    elif what == "other name":
        (repository.here / "my.conf").write_text("evil")
        paths, name = [str(repository.here / "my.conf")], "my.conf"
    else:
        variables.write_text("ORG=evil\n")
        name = "lab.env"
    assert name in refused(Checkout(paths, ENVIRON, variables=mine).pull(), CHANGED_HERE)


def test_nothing_that_the_remote_sends_is_run(repository, tmp_path):
    """Hooks in a tracked folder, filters and monitors that are scripts of the checkout, links."""
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\necho $0 >> {ran}\ncat\n"
    secret = tmp_path / "secret"
    secret.write_text("secret")
    hooks = ("hooks/post-merge", "hooks/post-checkout", "hooks/reference-transaction")
    for name in (*hooks, "filter.sh"):
        (repository.author / name).parent.mkdir(exist_ok=True)
        (repository.author / name).write_text(script)
        (repository.author / name).chmod(0o755)
    repository.push("* filter=evil=x", name=".gitattributes")
    assert repository.checkout().pull().problem is None
    here = repository.here
    for key, value in (
        ("core.hooksPath", "hooks"),
        ("core.fsmonitor", "./filter.sh"),
        ("filter.evil=x.smudge", "./filter.sh"),
        ("filter.evil=x.clean", "./filter.sh"),
        ("filter.evil=x.process", "./filter.sh"),
        ("filter.evil=x.required", "true"),
    ):
        git(here, "config", key, value)
    (repository.author / "link.yaml").symlink_to(secret)
    newest = repository.push("two")
    pulled = repository.checkout().pull()
    assert (pulled.commit, pulled.problem, repository.text()) == (newest, None, "two")
    assert not ran.exists()
    assert repository.text("link.yaml") == str(secret)
    assert repository.checkout().pull().problem is None


def test_settings_that_the_remote_can_write_are_not_heeded(repository):
    repository.push("[core]\n\tsshCommand = false\n", name="settings")
    checkout = repository.checkout()
    assert checkout.pull().problem is None
    git(repository.here, "config", "include.path", "../settings")
    repository.push("two")
    assert "whoever can push" in refused(checkout.pull(), UNUSABLE)
    assert repository.text() == "one"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["checkout", "-q", "--detach"], "no branch is checked out"),
        (["branch", "-q", "--unset-upstream"], "follows no remote one"),
    ],
)
def test_a_checkout_that_follows_nothing_says_what_to_do(repository, command, says):
    git(repository.here, *command)
    assert says in refused(repository.checkout().pull(), UNUSABLE)


def test_variables_of_another_checkout_and_our_secrets_do_not_reach_git(repository, tmp_path):
    script = tmp_path / "ssh"
    script.write_text(f"#!/bin/sh\nenv > {tmp_path}/env\nexit 1\n")
    script.chmod(0o755)
    git(repository.here, "remote", "set-url", "origin", "ssh://user:hunter2@localhost/x")
    environ = {
        **ENVIRON,
        "GIT_DIR": str(tmp_path),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_SSH_COMMAND": str(script),
        "RECONCILER_TOKEN": "s3cret",
        "JETRAW_REFRESH_TOKEN": "s3cret",
    }
    refused(repository.checkout(environ=environ).pull(), UNREACHABLE)
    told = (tmp_path / "env").read_text()
    assert "s3cret" not in told
    assert "GIT_INDEX_FILE" not in told
    assert "GIT_TERMINAL_PROMPT=0" in told


def test_what_lies_in_no_checkout_or_in_two_is_refused_at_the_start(repository, tmp_path):
    with pytest.raises(UsageError, match="not a git repository"):
        Checkout([str(tmp_path / "storages.yaml")], ENVIRON)
    both = [str(repository.here / "storages.yaml"), str(repository.author / "storages.yaml")]
    with pytest.raises(UsageError, match="several checkouts"):
        Checkout(both, ENVIRON)
    with pytest.raises(UsageError, match="none in PATH"):
        Checkout([str(repository.here)], {"PATH": str(tmp_path)})


@pytest.mark.parametrize("how", ["--skip-worktree", "--assume-unchanged"])
@pytest.mark.parametrize("name", ["storages.yaml", "values.env"])
def test_a_change_that_git_was_told_not_to_look_for_is_refused(repository, how, name):
    repository.push("A=1", name="values.env")
    variables = [str(repository.here / "values.env")]
    checkout = repository.checkout(variables=variables)
    assert checkout.pull().problem is None
    git(repository.here, "update-index", how, name)
    assert "git was told not to look" in refused(checkout.pull(), CHANGED_HERE)
    git(repository.here, "update-index", how.replace("--", "--no-"), name)
    assert checkout.pull().problem is None


def test_what_git_was_told_not_to_look_for_elsewhere_is_none_of_the_manifest(repository):
    repository.push("text", name="README")
    checkout = repository.checkout()
    assert checkout.pull().problem is None
    git(repository.here, "update-index", "--skip-worktree", "README")
    assert checkout.pull().problem is None


@pytest.mark.parametrize("ignored", [False, True])
def test_a_part_of_the_manifest_that_is_a_submodule_is_refused_as_soon_as_it_is(
    repository, tmp_path, ignored
):
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", "-b", "main", str(other))
    (other / "part.yaml").write_text("part")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "part")
    repository.push("one", name="storages/a.yaml")
    git(repository.here, "pull", "-q")
    checkout = Checkout([str(repository.here / "storages")], ENVIRON)
    assert checkout.pull().problem is None
    allow = ("-c", "protocol.file.allow=always")
    git(repository.author, *allow, "submodule", "add", "-q", str(other), "storages/part")
    if ignored:
        git(
            repository.author,
            "config",
            "-f",
            ".gitmodules",
            "submodule.storages/part.ignore",
            "all",
        )
    newest = repository.push("two", name="storages/a.yaml")
    for _ in range(2):
        pulled = checkout.pull()
        assert "is a submodule" in refused(pulled, UNUSABLE)
        assert pulled.commit == newest
