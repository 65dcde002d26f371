"""Names that a package hands out from its modules, each imported when somebody wants it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping


def handing_out(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Make the `__getattr__` of a package.

    `homes` says in which module each name stands: one of the package's, or any by its whole name.
    """

    def get(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = home if "." in home else f"{package}.{home}"
        __import__(module)
        return getattr(sys.modules[module], name)

    return get
