"""Where storages live: open a platform by its address.

An address is read as text, once and literally: a percent sign, `?` or `#` in it belongs to the
file's name, and `~` is a folder of that name. Nothing is looked up or created here.
"""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.errors import AddressError
from reconciler.model import masked
from reconciler.names import quoted
from reconciler.platform import Platform

_SQLITE = "sqlite:///"
_EXAMPLE = (
    f"write {_SQLITE}platform.db (relative) or {_SQLITE}/srv/platform.db (absolute: four slashes)"
)
_LATER = ("jetraw", "http", "https")


def open_platform(address: str, *, base: str | os.PathLike[str] | None) -> Platform:
    """Understand an address; nothing is read yet.

    A relative path counts from `base`, a folder; None means the current one.
    Raises `AddressError` if this is no address, or one that this version can't open.
    """
    path = _path(address, base)
    from reconciler.platforms.sqlite import SqlitePlatform

    return SqlitePlatform(path)


def same_address(
    a: str,
    base_a: str | os.PathLike[str] | None,
    b: str,
    base_b: str | os.PathLike[str] | None,
) -> bool:
    """Say whether two addresses mean one platform, symbolic links followed.

    Raises `AddressError` like `open_platform`.
    """
    one, other = _path(a, base_a), _path(b, base_b)
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist yet
        return _real(one) == _real(other)


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _path(address: str, base: str | os.PathLike[str] | None) -> Path:
    scheme, rest = _split(address)
    if scheme in _LATER or scheme.startswith("jetraw+"):
        raise AddressError(
            f"can't open the platform {_named(address)}: this version of reconciler opens "
            f"{_SQLITE}… only; {_EXAMPLE}"
        )
    if scheme != "sqlite":
        raise AddressError(
            f"{_named(address)} is not the address of a platform that reconciler knows: {_EXAMPLE}"
        )
    if not rest.startswith("///"):
        raise AddressError(
            f"{_named(address)} needs three slashes before the path of the file: {_EXAMPLE}"
        )
    return _file(address, rest[3:], base)


def _split(address: str) -> tuple[str, str]:
    """Give the scheme in small letters and what follows its colon; raise if there is none."""
    if not address:
        raise AddressError(f"the address of the platform is empty: {_EXAMPLE}")
    scheme, colon, rest = address.partition(":")
    if not colon or not scheme:
        raise AddressError(f"{_named(address)} is not the address of a platform: {_EXAMPLE}")
    return scheme.lower(), rest


def _file(address: str, text: str, base: str | os.PathLike[str] | None) -> Path:
    if not text or text[-1] in "/\\":
        raise AddressError(f"{_named(address)} names no file: {_EXAMPLE}")
    if text == ":memory:":
        raise AddressError(
            f"{_named(address)} would be forgotten when the command ends; a platform is kept in "
            f"a file: {_EXAMPLE}"
        )
    path = Path(base or "", text)
    # `..` after a symbolic link means what the system makes of it, not what the text looks like.
    path = path.resolve() if ".." in path.parts else path.absolute()
    if "\0" in text or not _is_unicode(str(path)):
        raise AddressError(
            f"{_named(str(path))} holds characters that can't stand in a plan: rename the file"
        )
    return path


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _named(address: str) -> str:
    return quoted(masked(address))
