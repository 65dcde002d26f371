"""Which organisation a module leads to, where it can tell: its name says nothing of that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

#: What a module may say of itself: a text, the same on every machine.
PLATFORM_ID = "platform_id"


def host_name(host: str) -> str:
    """Return a host in the form in which it identifies a platform; no user name, no query."""
    name = host.lower().partition("?")[0].partition("#")[0].rstrip("/").removeprefix("https://")
    return name.rpartition("@")[2]


def organisation_of(module: ModuleType) -> str | None:
    """Return what tells the organisation of a module from others; None if nothing does.

    That is its own `platform_id`, or the host of the client that its functions use by default:
    `get_default_client()` of the module, of its package, or of the package that `list_storages`
    is from (a wrapper takes the vendor's). It is foreign code: whatever it raises tells nothing.
    """
    for told in _told(module):
        text = _answer(told)
        if isinstance(text, str) and text.strip():
            return str.__str__(text).strip()
    return None


def _answer(told: Callable[[], object]) -> object:
    try:
        return told()
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None


def _told(module: ModuleType) -> Iterator[Callable[[], object]]:
    yield lambda: getattr(module, PLATFORM_ID)
    origin = getattr(getattr(module, "list_storages", None), "__module__", None)
    names = [module.__name__, module.__name__.partition(".")[0]]
    names += [origin.partition(".")[0]] if isinstance(origin, str) else []
    for name in dict.fromkeys(names):
        if name in sys.modules:
            yield partial(_default_host, sys.modules[name])


def _default_host(package: ModuleType) -> str:
    return host_name(package.get_default_client().host)
