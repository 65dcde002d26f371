"""How the SDK is found and logged in to, and what is said when that fails."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reconciler.client import Client
from reconciler.environment.origin import CI_VARIABLES
from reconciler.errors import AddressError, PlatformError, ReconcilerError, UsageError
from reconciler.platform import Platform
from reconciler.platforms import open_platform
from support.platforms.organisation import TOKEN, Organisation

ALL = ["list_storages", "get_storage", "create_storage", "create_aws_s3_storage"]


def module(name: str, functions: list[str], **more: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update({function: lambda **_: [] for function in functions} | more)
    return made


def test_the_identity_is_the_organisation_on_its_host(platform: Platform) -> None:
    assert platform.reader().identity() == "jetraw:my-org@my-org.jetraw.com"
    assert platform.reader().about().account == "my-org@my-org.jetraw.com"


@pytest.mark.parametrize("host", ["https://Jetraw.Lab.example/", " https://jetraw.lab.example"])
def test_the_host_is_part_of_the_identity(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("JETRAW_HOST", host)
    assert platform.reader().identity() == "jetraw:my-org@jetraw.lab.example"


def test_one_login_serves_all_that_is_opened(
    platform: Platform, organisation: Organisation
) -> None:
    for opened in (platform.reader(), platform.writer(wait=1), platform.reader()):
        opened.read()
        opened.close()
    assert organisation.calls("Client") == [("Client", "my-org")]


def test_nothing_is_asked_before_something_is_opened(
    platform: Platform, organisation: Organisation
) -> None:
    assert platform.address == "jetraw://my-org"
    assert platform.lock() is None
    assert organisation.calls() == []


# Credentials


def test_the_api_key_may_lie_in_a_file(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(TOKEN + "\n")
    monkeypatch.delenv("JETRAW_REFRESH_TOKEN")
    monkeypatch.setenv("JETRAW_REFRESH_TOKEN_FILE", str(tmp_path / "key"))
    assert open_platform(organisation.address, base=None).reader().identity()


def test_a_token_that_is_given_comes_first(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JETRAW_REFRESH_TOKEN", "that of another account")
    with Client(organisation.address, token=TOKEN) as client, client.reading() as reader:
        assert reader.identity()


def test_a_wrong_api_key_is_not_shown(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JETRAW_REFRESH_TOKEN", "rt-wrong-but-still-a-secret")
    with pytest.raises(PlatformError, match="logging in failed: StateServerError") as caught:
        platform.reader()
    assert "wrong" not in str(caught.value)
    # A traceback with --debug would show the text of the cause.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_access_token_is_not_shown_either(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = platform.reader()

    def failing(*, client: object) -> None:
        raise ConnectionError(f"403 for {client.access_token[-10:]}")

    monkeypatch.setattr(importlib.import_module("jetraw.storages"), "list_storages", failing)
    with pytest.raises(PlatformError, match=r"ConnectionError \(its text is withheld"):
        reader.read()


@pytest.mark.parametrize("told", ["me:hunter2@Host", "https://me:hunter2@host/", "host?t=hunter2"])
def test_what_the_client_says_of_itself_is_cut_down_to_the_host(
    platform: Platform, organisation: Organisation, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    class Talkative(importlib.import_module("jetraw").Client):  # type: ignore[misc]
        host = property(lambda _: told, lambda *_: None)

    monkeypatch.setattr(importlib.import_module("jetraw"), "Client", Talkative)
    assert platform.reader().identity() == "jetraw:my-org@host"


def test_a_key_that_a_module_finds_by_itself_is_not_shown(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    body = "raise ConnectionError('bad API key ' + __import__('os').environ['LAB_KEY'])"
    monkeypatch.setenv("LAB_KEY", "rt-of-a-wrapper-9f8e7d6c5b4a")
    (tmp_path / "lab_one.py").write_text(body)
    (tmp_path / "lab_two.py").write_text(
        f"def list_storages():\n    {body}\n"
        "get_storage = create_storage = create_aws_s3_storage = list_storages\n"
    )
    for name in ("lab_one", "lab_two"):
        platform = open_platform(f"jetraw+module:{name}", base=None)
        with pytest.raises(ReconcilerError, match=r"bad API key \*\*\*") as caught:
            platform.reader().read()
        assert "9f8e" not in str(caught.value)


def test_a_key_of_the_environment_is_not_shown_by_a_module(
    organisation: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lab_three.py").write_text(
        "raise OSError('no: ' + __import__('os').environ['JETRAW_REFRESH_TOKEN'][:9])"
    )
    with pytest.raises(AddressError, match="its text is withheld"):
        open_platform("jetraw+module:lab_three", base=None).reader()


def test_a_key_of_an_earlier_login_is_not_shown(
    platform: Platform, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation.quirk("login", {"refresh_token": "rt-PERSONAL-key-1234567890"})
    monkeypatch.delenv("JETRAW_REFRESH_TOKEN")

    def failing(**_: object) -> None:
        raise ConnectionError("401: bad API key rt-PERSONAL-key-1234567890")

    monkeypatch.setattr(importlib.import_module("jetraw"), "Client", failing)
    with pytest.raises(PlatformError, match=r"bad API key \*\*\*$"):
        platform.reader()


@pytest.mark.parametrize("system", CI_VARIABLES)
def test_ci_systems_are_known_by_their_own_variables(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    monkeypatch.delenv("JETRAW_REFRESH_TOKEN")
    monkeypatch.setenv(system, "https://ci.example.org/")
    with pytest.raises(UsageError, match="set JETRAW_REFRESH_TOKEN"):
        platform.reader()


@pytest.mark.parametrize("ci", ["true", "1", "yes"])
def test_in_ci_nobody_has_logged_in_by_hand(
    platform: Platform, organisation: Organisation, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    organisation.quirk("login", {"refresh_token": TOKEN})
    monkeypatch.delenv("JETRAW_REFRESH_TOKEN")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(UsageError, match="set JETRAW_REFRESH_TOKEN to an API key") as caught:
        platform.reader()
    assert "JETRAW_REFRESH_TOKEN_FILE" in str(caught.value)
    assert organisation.calls() == []


@pytest.mark.parametrize("ci", [None, "", "false", "0"])
def test_outside_ci_an_earlier_login_is_used(
    platform: Platform,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
    ci: str | None,
) -> None:
    organisation.quirk("login", {"refresh_token": TOKEN})
    monkeypatch.delenv("JETRAW_REFRESH_TOKEN")
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    assert platform.reader().read().storages == ()


def test_in_ci_an_api_key_is_enough(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert platform.reader().read().storages == ()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("JETRAW_REFRESH_TOKEN", " ", "JETRAW_REFRESH_TOKEN is empty"),
        ("JETRAW_REFRESH_TOKEN_FILE", "/x", "are both set"),
        ("JETRAW_HOST", "", "JETRAW_HOST is set but empty"),
        ("JETRAW_HOST", "https://me:hunter2@host", "holds more than a host"),
        ("JETRAW_HOST", " https://me:hunter2@host", "holds more than a host"),
        ("JETRAW_HOST", "me:hunter2@host", "holds more than a host"),
        ("JETRAW_HOST", "//me:hunter2@host", "holds more than a host"),
        ("JETRAW_HOST", "host?token=hunter2", "holds more than a host"),
        ("JETRAW_HOST", "host#hunter2", "holds more than a host"),
    ],
)
def test_settings_that_make_no_sense(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=words) as caught:
        platform.reader()
    assert "hunter2" not in str(caught.value)


# The SDK itself


def test_a_missing_sdk_is_said_to_be_missing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jetraw", None)
    with pytest.raises(PlatformError, match="install jetraw-python-sdk") as caught:
        platform.reader()
    assert "the vendor's manual (docs.dotphoton.com) says where" in str(caught.value)


@pytest.mark.parametrize("part", ["jetraw.storages", "jetraw.spaces"])
def test_an_sdk_without_one_of_its_parts(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setitem(sys.modules, part, None)
    with pytest.raises(PlatformError, match="SDK can't be imported"):
        platform.reader()


@pytest.mark.parametrize("body", ["raise OSError('bad wheel')", "raise SystemExit(3)", "1 +"])
def test_a_broken_sdk_is_said_to_be_broken(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    (tmp_path / "jetraw.py").write_text(body)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PlatformError, match="SDK can't be imported"):
        platform.reader()


@pytest.mark.parametrize("answer", [False, None, "no"])
def test_an_sdk_that_does_not_fit_is_refused(
    platform: Platform, organisation: Organisation, answer: object
) -> None:
    organisation.quirk("compatible", answer)
    with pytest.raises(PlatformError, match="not compatible with it: install another version"):
        platform.reader()


@pytest.mark.parametrize("call", ["Client", "is_compatible"])
@pytest.mark.parametrize("kind", ["ConnectionError", "SystemExit", "StateServerError"])
def test_a_login_that_fails_is_tried_again_the_next_time(
    platform: Platform, organisation: Organisation, call: str, kind: str
) -> None:
    organisation.fail(call, kind)
    with pytest.raises(PlatformError, match=kind) as caught:
        platform.reader()
    assert TOKEN[:8] not in str(caught.value)
    assert platform.reader().read().storages == ()


def test_a_client_that_does_not_say_its_host(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JETRAW_STAND_IN_HOST", "")
    with pytest.raises(PlatformError, match="does not say which host"):
        platform.reader()


def test_the_version_that_is_installed_is_told(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert platform.reader().about().version == "jetraw-python-sdk 9.8.7"
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1.2.3 of {name}")
    assert platform.reader().about().version == "jetraw-python-sdk 1.2.3 of jetraw-python-sdk"


# Any other module


def test_a_module_with_the_documented_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "our_storages", module("our_storages", ALL))
    reader = open_platform("jetraw+module:our_storages", base=None).reader()
    state = reader.read()
    assert (state.storages, state.complete, state.account) == ((), None, None)
    assert state.platform_id == reader.identity() == "unknown"
    assert reader.about().version == "our_storages"
    assert not reader.abilities.spaces
    assert reader.spaces_using("x") == ()


def test_a_module_in_a_package_has_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    package = module("our_package", [], __version__="3.1", __path__=[])
    monkeypatch.setitem(sys.modules, "our_package", package)
    monkeypatch.setitem(sys.modules, "our_package.storages", module("our_package.storages", ALL))
    reader = open_platform("jetraw+module:our_package.storages", base=None).reader()
    assert reader.about().version == "our_package.storages 3.1"


@pytest.mark.parametrize("missing", ALL)
def test_a_module_that_is_not_like_the_vendors(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    functions = [name for name in ALL if name != missing]
    monkeypatch.setitem(sys.modules, "our_storages", module("our_storages", functions))
    with pytest.raises(PlatformError, match=f"not like jetraw.storages: it has no {missing}"):
        open_platform("jetraw+module:our_storages", base=None).reader()


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(AddressError, match=r"'no_such\.module' can't be imported|'no_such'"):
        open_platform("jetraw+module:no_such.module", base=None).reader()


@pytest.mark.parametrize("address", ["jetraw+module:our_storages", "sqlite:///x.db"])
def test_platforms_without_accounts_take_no_token(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setitem(sys.modules, "our_storages", module("our_storages", ALL))
    with (
        pytest.raises(ReconcilerError, match="takes no token"),
        Client(address, token=TOKEN) as client,
        client.reading(),
    ):
        pass
