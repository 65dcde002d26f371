"""The foreign code: the one place that imports it, and that everything it says comes through."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from reconciler.environment.secret_values import Secret
from reconciler.errors import AddressError, PlatformError
from reconciler.model import UNKNOWN_PLATFORM
from reconciler.platforms.jetraw.address import Target
from reconciler.platforms.jetraw.causes import cause
from reconciler.platforms.jetraw.foreign import Foreign, SilentError
from reconciler.platforms.jetraw.identity import host_name, organisation_of
from reconciler.platforms.jetraw.login import Login, key_lying_about, read_login
from reconciler.platforms.jetraw.surface import Client
from reconciler.printable import quoted

_T = TypeVar("_T")
DISTRIBUTION = "jetraw-python-sdk"
_FUNCTIONS = ("list_storages", "get_storage", "create_storage", "create_aws_s3_storage")
_GET_IT = (
    f"install {DISTRIBUTION} into the same Python environment; the vendor's manual "
    "(docs.dotphoton.com) says where to get it and which versions of Python it takes"
)
#: Ctrl-C. Anything else may come from foreign code, not only what is an `Exception`: asyncio's
#: `CancelledError` and the panics of Rust are none.
OURS = KeyboardInterrupt


class Sdk(NamedTuple):
    """A module like `jetraw.storages`, and what goes with it."""

    address: str
    foreign: Foreign
    storages: ModuleType
    #: What tells its version: the package that the module is in.
    package: ModuleType
    #: None for a module that is named by `jetraw+module:`; its functions know their own client.
    client: Client | None = None
    spaces: ModuleType | None = None
    #: None for a module: it has found its own credentials.
    login: Login | None = None
    #: A key that is in the environment, whoever uses it.
    key: Secret | None = None
    #: The organisation and the host that its client talks to; of a module what it tells of that,
    #: None if it tells nothing.
    account: str | None = None

    @property
    def platform_id(self) -> str:
        """What makes this platform differ from others, the same on every machine."""
        if self.account is None:
            return UNKNOWN_PLATFORM
        return f"jetraw:{self.account}" if self.login else f"{self.address}@{self.account}"

    def keywords(self) -> dict[str, Any]:
        """Return the keywords that every call takes."""
        return {} if self.client is None else {"client": self.client}

    def ask(self, what: str, question: Callable[[], _T]) -> _T:
        """Let foreign code answer a question; whatever it raises becomes a `PlatformError`."""

        def asked() -> _T:
            try:
                return question()
            except (OURS, PlatformError):  # the latter is our own objection to an answer
                raise
            except BaseException as error:
                # `from None`: the text of the cause may hold what nobody must see.
                raise self.error(f"{what} failed: {self.cause(error)}") from None

        try:
            return self.foreign.call(asked)
        except SilentError as error:
            raise self.error(f"{what} failed: {error}") from None

    def error(self, text: str) -> PlatformError:
        """Return an error that names the platform."""
        return PlatformError(f"platform {quoted(self.address)}: {text}")

    def cause(self, error: BaseException) -> str:
        """Return what foreign code raised, without secrets."""
        secrets = _secrets(self.key, self.client)
        return cause(error, secrets, all_known=self.login is not None and self.key is not None)


def connect(
    target: Target, environ: Mapping[str, str], token: Secret | None, foreign: Foreign
) -> Sdk:
    """Import what `target` names and log in.

    Raises `AddressError` for a module that can't be imported, `UsageError` for credentials,
    `PlatformError` if the SDK is missing, or does not do what its reference says.
    """
    try:
        return foreign.call(lambda: _connect(target, environ, token, foreign))
    except SilentError as error:
        raise PlatformError(f"platform {quoted(target.address)}: logging in: {error}") from None


def _connect(
    target: Target, environ: Mapping[str, str], token: Secret | None, foreign: Foreign
) -> Sdk:
    if target.module:
        if token is not None:
            raise AddressError(f"{quoted(target.address)} takes no token: the module has its own")
        key = key_lying_about(environ)
        package, module = (
            _module(n, key) for n in (target.module.partition(".")[0], target.module)
        )
        account = organisation_of(module)
        return _checked(Sdk(target.address, foreign, module, package, key=key, account=account))
    login = read_login(target.organisation, environ, token)
    package = _vendors("jetraw", login.token)
    sdk = Sdk(
        target.address,
        foreign,
        _vendors("jetraw.storages", login.token),
        package,
        spaces=_vendors("jetraw.spaces", login.token),
        login=login,
        key=login.token,
    )
    client: Client = sdk.ask("logging in", lambda: package.Client(**login.arguments()))
    sdk = sdk._replace(client=client)
    _check_compatible(sdk, client)
    return _checked(sdk._replace(account=f"{login.organisation}@{_host(sdk, client)}"))


def _module(name: str, key: Secret | None) -> ModuleType:
    try:
        return importlib.import_module(name)
    except OURS:
        raise
    except BaseException as error:
        raise AddressError(
            f"the module {quoted(name)} can't be imported ({_why(error, key)}): check the name, "
            "and PYTHONPATH"
        ) from None


def _vendors(name: str, key: Secret | None) -> ModuleType:
    try:
        return importlib.import_module(name)
    except OURS:
        raise
    except BaseException as error:
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == "jetraw"
        what = "is not installed" if is_absent else f"can't be imported ({_why(error, key)})"
        raise PlatformError(f"the vendor's SDK {what}: {_GET_IT}") from None


def _why(error: BaseException, key: Secret | None) -> str:
    """Return why an import failed; what is imported may log in by itself, with any key."""
    return cause(error, _secrets(key, None), all_known=False)


def _checked(sdk: Sdk) -> Sdk:
    missing = [name for name in _FUNCTIONS if not callable(getattr(sdk.storages, name, None))]
    if missing:
        raise sdk.error(
            f"the module {quoted(sdk.storages.__name__)} is not like jetraw.storages: it has no "
            f"{', '.join(missing)}"
        )
    return sdk


def _check_compatible(sdk: Sdk, client: Client) -> None:
    fits = sdk.ask("the check of versions", lambda: client.is_compatible())  # noqa: PLW0108 - the look-up may fail too
    if fits is not True:
        raise sdk.error(
            "the installed SDK is not compatible with it: install another version of "
            f"{DISTRIBUTION}"
        )


def _host(sdk: Sdk, client: Client) -> str:
    """Return the host that the client talks to, in the form in which it identifies a platform."""
    host = sdk.ask("asking for the host", lambda: client.host)
    if not isinstance(host, str) or not host:
        raise sdk.error("the SDK does not say which host it talks to")
    return host_name(host)


def _secrets(key: Secret | None, client: Client | None) -> list[str]:
    """Return what must never be shown: the API key, and the access token made from it."""
    found = [key.reveal()] if key else []
    if client is None:
        return found
    try:
        access = client.access_token
    except OURS:
        raise
    except BaseException:
        return found
    return [*found, access] if isinstance(access, str) else found
