"""The installed command when the SDK, its server or the credentials fail."""

import signal

import pytest

from support.platforms.jetraw_runs import NAS, PLATFORM, RAW, assert_no_secret, live, login, settled
from support.platforms.live_file import local, manifest
from support.platforms.organisation import ALWAYS, TOKEN

# What fails


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "call", ["create_storage", "create_aws_s3_storage", "set_name", "set_label", "remove"]
)
def test_one_lost_answer_is_settled_by_looking(folder, run, organisation, call, moment):
    organisation.add("old", default_url="file:///data/nas")
    organisation.add("scratch")
    entry = {**local("new", "nas"), "label": "New", "renamed_from": ["old"]}
    consents = [{"name": "scratch"}]
    folder.write(manifest(entry, local("more"), RAW, removed=consents, platform=PLATFORM))
    organisation.fail(call, "ConnectionError", moment=moment)
    # Nobody knows whether a create comes late, and whether names are kept unique: it is not made
    # again by the same run.
    unsafe = moment == "before" and call.startswith("create")
    done = run("apply", "-y", code=5 if unsafe else 0)
    # With the answer lost before or after: what took effect is not written again.
    made = [name for name, _ in organisation.calls(call)]
    assert len(made) == (2 if moment == "before" and not unsafe else 1)
    if unsafe:
        assert "it is not made again, as there might then be two" in " ".join(done.stdout.split())
        run("apply", "-y")
    assert live(organisation) == {"new": "New", "more": "more", "raw": "Raw frames"}
    settled(run)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("Client", "ConnectionError"),
        ("is_compatible", "StateServerError"),
        ("list_storages", "KeyError"),
        ("list_storages", "SystemExit"),
        ("list_storages", "PanicException"),
        ("list_storages", "JSONDecodeError"),
    ],
)
def test_what_can_not_be_read_stops_everything(folder, run, organisation, call, kind):
    organisation.add("nas")
    folder.write(manifest(RAW, platform=PLATFORM, undeclared="remove"))
    organisation.fail(call, kind, times=ALWAYS)
    for command in (["plan"], ["apply", "-y"], ["list"], ["drift"]):
        assert kind in run(*command, code=1).stderr
    assert live(organisation) == {"nas": "nas"}


def test_a_refusal_is_told_in_the_platforms_words(folder, run, organisation):
    folder.write(manifest(NAS, platform=PLATFORM))
    organisation.fail("create_storage", "ValueError")
    done = run("apply", "-y", code=5, without=["JETRAW_REFRESH_TOKEN"], env=login(organisation))
    told = " ".join(done.stdout.split())
    assert "refuses creating 'nas', as it says: ValueError: ValueError at 'nas'" in told
    assert live(organisation) == {}


def test_ctrl_c_lets_a_slow_call_finish(folder, run, organisation):
    folder.write(manifest(local("a"), local("b"), platform=PLATFORM))
    hanging = organisation.hang("create_storage", moment="after")
    process = folder.start("apply", "-y", env=organisation.environ, stdout=-1, stderr=-2, text=True)
    hanging.wait_until_reached()
    process.send_signal(signal.SIGINT)
    hanging.go()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert_no_secret(told)
    assert len(live(organisation)) == 1
    run("apply", "-y")
    assert set(live(organisation)) == {"a", "b"}
    assert len(organisation.calls("create_storage")) == 2


# Credentials


def test_no_secret_is_shown_even_with_debug(folder, organisation):
    folder.write(manifest(NAS, platform=PLATFORM))
    organisation.fail("list_storages", "StateServerError", times=ALWAYS)
    for command in (["plan", "--debug"], ["apply", "-y", "-v", "--debug"]):
        process = folder.start(*command, env=organisation.environ, stdout=-1, stderr=-2, text=True)
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "Traceback" in told
        assert "StateServerError (its text is withheld" in told
        assert_no_secret(told)


def test_ci_needs_a_key(folder, run, organisation):
    folder.write(manifest(NAS, platform=PLATFORM))
    login(organisation)
    without = ["JETRAW_REFRESH_TOKEN"]
    run("plan", without=without)
    done = run("plan", without=without, env={"CI": "true"}, code=64)
    assert "set JETRAW_REFRESH_TOKEN to an API key" in done.stderr
    assert len(organisation.calls("Client")) == 1


def test_a_key_in_a_file(folder, run, organisation, tmp_path_factory):
    key = tmp_path_factory.mktemp("secrets") / "key"
    key.write_text(TOKEN + "\n")
    folder.write(manifest(NAS, platform=PLATFORM))
    env = {"CI": "true", "JETRAW_REFRESH_TOKEN_FILE": str(key)}
    run("apply", "-y", without=["JETRAW_REFRESH_TOKEN"], env=env)
    assert live(organisation) == {"nas": "NAS"}


def test_a_missing_sdk_is_said_to_be_missing(folder, run):
    folder.write(manifest(NAS, platform=PLATFORM))
    run("validate", without=["PYTHONPATH"])
    done = run("plan", without=["PYTHONPATH"], code=1)
    assert "the vendor's SDK is not installed: install jetraw-python-sdk" in done.stderr


def test_a_module_that_is_not_there(folder, run):
    folder.write(manifest(NAS, platform="jetraw+module:no_such_module"))
    assert "'no_such_module' can't be imported" in run("plan", code=64).stderr
