"""`doctor` through the installed command."""

import json
import os
from contextlib import ExitStack

import pytest

from support.platforms.organisation import Organisation
from support.server.state_server import StateServer

PLATFORM = ("--platform", "sqlite:///platform.db")


def test_a_platform_that_is_well(applied):
    told = applied("doctor").stdout
    assert "storages: 3 live storages; the list is complete" in told
    assert "write access: apply may write" in told
    assert "\nHealthy: " in told
    assert "failed" not in told


def test_it_works_without_a_manifest(applied):
    (applied.path / "storages.yaml").unlink()
    by_option = applied("doctor", *PLATFORM, "-o", "json").stdout
    by_variable = applied("doctor", "-o", "json", env={"RECONCILER_PLATFORM": PLATFORM[1]}).stdout
    assert json.loads(by_option)["live"] == json.loads(by_variable)["live"] == 3
    applied("doctor", code=64)


def test_a_scope_is_taken_and_changes_nothing(applied):
    told = applied("doctor", "--scope", "n*")
    assert "Note: --scope changes nothing for `doctor`." in told.stderr
    assert "3 live storages" in told.stdout


def test_an_embedded_file_that_does_not_exist_is_new_and_stays_so(folder):
    told = folder("doctor", *PLATFORM)
    assert "it does not exist yet" in told.stdout
    assert folder.files() == []


def test_what_can_not_be_read_is_exit_code_1_with_the_reason(folder):
    folder.write("this is no database", "platform.db")
    told = folder("doctor", *PLATFORM, code=1)
    assert "failed   platform:" in told.stdout
    assert "NOT healthy: " in told.stdout
    assert told.stderr == ""
    document = json.loads(folder("doctor", *PLATFORM, "-o", "json", code=1).stdout)
    assert document["healthy"] is False
    assert document["live"] is None
    assert folder("doctor", *PLATFORM, "-o", "markdown", code=1).stdout.startswith("### NOT")


def lock_of(report):
    return {check["topic"]: check for check in json.loads(report)["checks"]}["lock"]


def test_the_embedded_platform_keeps_its_own_lease(quickstart):
    text = quickstart.read("storages.yaml")
    quickstart.write(text.replace("storages:", "lock: s3://locks/lab\nstorages:", 1))
    told = quickstart("doctor", "-o", "json").stdout
    assert json.loads(told)["lock"] is None
    assert lock_of(told)["message"] == "the platform keeps the lease; nobody holds it"


class TestOrganisation:
    """The vendor's SDK, as the stand-in plays it."""

    @pytest.fixture
    def organisation(self, tmp_path_factory):
        made = Organisation(tmp_path_factory.mktemp("organisation") / "organisation.db")
        made.add("nas")
        return made

    def test_what_it_can_not_do_is_a_warning(self, folder, organisation):
        told = folder("doctor", "--platform", organisation.address, env=organisation.environ)
        assert "1 live storage: what 'my-org@my-org.jetraw.com' may see" in told.stdout
        assert "warning  lock: nothing keeps two applies apart" in told.stdout
        assert "warning  write access: " in told.stdout
        assert "parallelism        1 " in told.stdout

    def test_the_lock_of_the_manifest_is_looked_at(self, folder, organisation):
        lock = f"file://{folder.path.parent}/lock"
        folder.write(f"version: 1\nplatform: {organisation.address}\nlock: {lock}\n")
        told = folder("doctor", "-o", "json", env=organisation.environ).stdout
        assert json.loads(told)["lock"] == lock
        assert lock_of(told)["message"] == f"the manifest's, {lock}; nobody holds it"

    def test_a_wrong_key_is_told_without_it(self, folder, organisation):
        wrong = "rt-0123456789-wrong"
        given = {**organisation.environ, "JETRAW_REFRESH_TOKEN": wrong}
        told = folder("doctor", "--platform", organisation.address, code=1, env=given)
        assert "failed   platform: " in told.stdout
        assert "wrong" not in told.stdout + told.stderr

    def test_without_the_sdk_it_says_how_to_get_it(self, folder, organisation):
        given = {**organisation.environ, "PYTHONPATH": ""}
        told = folder("doctor", "--platform", organisation.address, code=1, env=given)
        assert "jetraw-python-sdk" in told.stdout


class TestServer:
    """A state server, over HTTP."""

    @pytest.fixture
    def start(self, tmp_path_factory):
        with ExitStack() as stack:

            def start(token=None):
                folder = tmp_path_factory.mktemp("server")
                server = StateServer(f"sqlite:///{folder}/server.db", token=token)
                return stack.enter_context(server)

            yield start

    def test_an_open_server_is_well(self, folder, start):
        told = folder("doctor", "--platform", start().url).stdout
        assert "account: 'anonymous', role 'admin'" in told
        assert "clock: the platform's and ours agree to the second" in told
        assert "lock: the platform keeps the lease; nobody holds it" in told
        assert "\nHealthy: 7 ok.\n" in told

    @pytest.mark.parametrize(("role", "code"), [("reader", 1), ("operator", 0), ("admin", 0)])
    def test_the_role_of_the_token_says_whether_it_may_write(self, folder, start, role, code):
        server = start(role)
        secret = folder.write(f"{server.token}\n", "token")
        given = {"RECONCILER_TOKEN_FILE": str(secret)}
        told = folder("doctor", "--platform", server.url, "-o", "json", env=given, code=code)
        document = json.loads(told.stdout)
        assert document["about"]["role"] == role
        assert document["about"]["account"] == "test"
        assert document["about"]["may_write"] == (code == 0)
        assert document["healthy"] == (code == 0)
        assert server.token not in told.stdout + told.stderr
        told = folder("doctor", "--read", "--platform", server.url, env=given).stdout
        assert told.endswith("Healthy: 7 ok.\n")

    def test_who_may_only_read_is_advised_to_use_another_token(self, folder, start):
        server = start("reader")
        given = {"RECONCILER_TOKEN": server.token}
        told = folder("doctor", "--platform", server.url, env=given, code=1).stdout
        assert "next: use a token with the role operator" in told
        assert "make the file" not in told

    def test_no_token_and_a_wrong_one_are_told_without_it(self, folder, start):
        server = start("reader")
        wrong = f"{server.token[:-8]}01234567"
        for given in ({}, {"RECONCILER_TOKEN": wrong}):
            told = folder("doctor", "--platform", server.url, env=given, code=1)
            assert "failed   platform: " in told.stdout
            assert "token" in told.stdout
            assert wrong not in told.stdout + told.stderr

    def test_a_server_that_is_gone_is_said_not_to_answer(self, folder, start):
        server = start()
        assert server.stop() == 0
        told = folder("doctor", "--platform", server.url, code=1)
        assert "failed   platform: " in told.stdout
        assert "1 ok, 1 failed" in told.stdout


def test_an_invalid_manifest_is_said_to_be_one(folder):
    folder.write("version: 1\nstorages: 7\n")
    assert "storages.yaml:2:" in folder("doctor", *PLATFORM, code=65).stderr


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_nothing_of_the_environment_is_told(applied, output):
    secret = "rct_7_4cb1f7c0"
    told = applied("doctor", "-v", "-o", output, env={"RECONCILER_TOKEN": secret})
    assert secret not in told.stdout + told.stderr


def test_a_file_that_may_not_be_written_is_broken(applied):
    (applied.path / "platform.db").chmod(0o400)
    # What an ordinary user would be told; nothing stops root.
    code = 0 if os.access(applied.path / "platform.db", os.W_OK) else 1
    told = applied("doctor", code=code).stdout
    assert ("may only read" in told) == (code == 1)
