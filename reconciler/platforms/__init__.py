"""Where storages live: open a platform by its address.

The address of a file is read as text, once and literally: a percent sign, `?` or `#` in it
belongs to the file's name, and `~` is a folder of that name. Nothing is looked up or created here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.environment.secret_values import Secret, read_secret
from reconciler.errors import AddressError
from reconciler.masking import quoted_url
from reconciler.platform import Left, Platform, forever
from reconciler.platforms.http.address import SCHEMES as _HTTP
from reconciler.platforms.http.address import TOKEN_VARIABLE, parse_address
from reconciler.platforms.jetraw.address import SCHEMES as _JETRAW
from reconciler.platforms.jetraw.address import understand

#: Where the address stands if neither the command line nor the manifest gives one.
PLATFORM_VARIABLE = "RECONCILER_PLATFORM"
_SQLITE = "sqlite:///"
_EXAMPLE = (
    f"write {_SQLITE}platform.db (relative) or {_SQLITE}/srv/platform.db (absolute: four slashes)"
)
_EVERY = (
    f"write {_SQLITE}platform.db for a file, https://HOST for a state server, or "
    "jetraw://my-org for Jetraw"
)
_CLASSES = {"sqlite": "SqlitePlatform", "http": "HttpPlatform", "jetraw": "JetrawPlatform"}


def open_platform(
    address: str,
    *,
    base: str | os.PathLike[str] | None,
    environ: Mapping[str, str] | None = None,
    token: Secret | None = None,
    origin: Mapping[str, str] | None = None,
    left: Left = forever,
) -> Platform:
    """Understand an address; nothing is read yet but the token's file.

    A relative path counts from `base`, a folder; None means the current one. A platform with
    accounts takes `token`, or without one what `environ` (None: the process's) says. One with an
    audit is told by writers where they come from: `origin` has run, actor, commit and job_url. One
    behind a network asks `left` how many seconds are left for all that it is asked (None: no end).
    Raises `AddressError` if this is no address, or one that this version can't open, and
    `UsageError` if the token can't be used.
    """
    scheme = _split(address)[0]
    environ = os.environ if environ is None else environ
    platform: Platform
    if scheme in _HTTP:
        where = parse_address(address)
        token = token or read_secret(environ, TOKEN_VARIABLE)
        platform = _class("http")(where, token, origin, left)
    elif scheme in _JETRAW:
        platform = _class("jetraw")(understand(address), environ, token, left)
    else:
        path = _path(address, base)
        if token is not None:
            raise AddressError(f"{quoted_url(address)} takes no token: a file has no accounts")
        platform = _class("sqlite")(path)
    return platform


def _class(kind: str) -> Any:  # noqa: ANN401 - each takes what its addresses say
    """Import one kind of platform: a command has use for one, and the libraries of all are dear."""
    module = f"{__name__}.{kind}.platform"
    __import__(module)
    return getattr(sys.modules[module], _CLASSES[kind])


def runs_foreign_code(address: str) -> bool:
    """Return whether a platform is reached through code that is not ours, and may do anything."""
    return address.partition(":")[0].lower() in _JETRAW


def check_address(address: str) -> None:
    """Raise `AddressError` if this is no address of a platform; nothing is opened."""
    _place(address, os.path.sep)  # which folder a path counts from changes nothing


def address_in(folder: str, address: str, *, base: str | os.PathLike[str] | None) -> str | None:
    """Return a file's relative address, which counts from `base`, as it counts from `folder`.

    None for any other address: it means the same wherever it stands.
    """
    scheme, rest = _split(address)
    if scheme in (*_HTTP, *_JETRAW) or Path(rest[3:]).is_absolute():
        return None
    path, start = _path(address, base), os.path.abspath(folder)  # noqa: PTH100 - links stay
    if os.pardir in Path(os.path.relpath(path, start)).parts:
        # `..` leads up from where a link leads to, not from where the link is.
        path, start = Path(os.path.realpath(path)), os.path.realpath(start)
    try:
        return _SQLITE + Path(os.path.relpath(path, start)).as_posix()
    except ValueError:  # another drive of Windows
        return None


def absolute_address(address: str) -> str:
    """Return a file's address as it counts from the root; any other, and a wrong one, as it is."""
    if not address.startswith(_SQLITE):
        return address
    try:
        return _SQLITE + _path(address, None).as_posix()
    except AddressError:  # whoever opens it says so
        return address


def same_address(
    a: str,
    base_a: str | os.PathLike[str] | None,
    b: str,
    base_b: str | os.PathLike[str] | None,
) -> bool:
    """Return whether two addresses mean one platform: as text, but for files, where links count.

    Raises `AddressError` like `open_platform`.
    """
    one, other = _place(a, base_a), _place(b, base_b)
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist yet
        return _real(one) == _real(other)


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _place(address: str, base: str | os.PathLike[str] | None) -> Path | str:
    """Return the path of a file, or any other address in the one way that it is written."""
    scheme = _split(address)[0]
    if scheme in _JETRAW:
        return understand(address).address
    if scheme not in _HTTP:
        return _path(address, base)
    return parse_address(address).text


def _path(address: str, base: str | os.PathLike[str] | None) -> Path:
    scheme, rest = _split(address)
    if scheme != "sqlite":
        raise AddressError(
            f"{quoted_url(address)} is not the address of a platform that reconciler knows: "
            f"{_meant(address) or _EVERY}"
        )
    if not rest.startswith("///"):
        raise AddressError(
            f"{quoted_url(address)} needs three slashes before the path of the file: {_EXAMPLE}"
        )
    return _file(address, rest[3:], base)


def _split(address: str) -> tuple[str, str]:
    """Return the scheme in small letters and what follows its colon; raise if there is none."""
    if not address:
        raise AddressError(f"the address of the platform is empty: {_EVERY}")
    scheme, colon, rest = address.partition(":")
    if not colon or not scheme:
        raise AddressError(
            f"{quoted_url(address)} is not the address of a platform: {_meant(address) or _EVERY}"
        )
    return scheme.lower(), rest


def _meant(address: str) -> str:
    """Return what to write for a host or a path without a scheme; empty for anything else."""
    host = re.fullmatch(r"(localhost|[\w-]+(?:\.[\w-]+)*):[0-9]+(?:/.*)?", address, re.ASCII)
    if host:
        near = host[1] == "localhost" or host[1].startswith("127.")
        return f"write {'http' if near else 'https'}://{address} for a state server"
    if re.fullmatch(r"[\w./-]+\.(db|sqlite3?)", address, re.ASCII):
        return f"write {_SQLITE}{address} for a file"
    return ""


def _file(address: str, text: str, base: str | os.PathLike[str] | None) -> Path:
    if not text or text[-1] in "/\\":
        raise AddressError(f"{quoted_url(address)} names no file: {_EXAMPLE}")
    if text == ":memory:":
        raise AddressError(
            f"{quoted_url(address)} would be forgotten when the command ends; a platform is kept "
            f"in a file: {_EXAMPLE}"
        )
    path = Path(base or "", text)
    # `..` after a symbolic link means what the system makes of it, not what the text looks like.
    path = Path(os.path.realpath(path)) if ".." in path.parts else path.absolute()
    if "\0" in text or not _is_unicode(str(path)):
        raise AddressError(
            f"{quoted_url(str(path))} holds characters that can't stand in a plan: rename the file"
        )
    return path


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
