"""Names that a package hands out from its modules, each imported when somebody wants it."""

from __future__ import annotations

import sys
from collections.abc import Callable


def handing_out(package: str, **homes: str) -> Callable[[str], object]:
    """Make the `__getattr__` of a package, told the names that each of its modules has."""
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def get(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = f"{package}.{home_of[name]}"
        __import__(module)
        return getattr(sys.modules[module], name)

    return get
