"""What a format is able to tell, from the module of its package that does, once it is wanted."""

from __future__ import annotations

import sys
from collections.abc import Callable

#: By the module that has them, what a format tells: the modules have one name in each package.
_TOLD = {
    "manifests": ("failure", "problems", "valid"),
    "plans": ("drift", "plan"),
    "objectives": ("proved",),
    "platforms": ("examined", "lease", "released", "storages", "tokens"),
    "rebuilds": ("rebuilt",),
    "results": ("applied", "operations", "run", "runs"),
    "scans": ("scanned",),
    "snapshots": ("checked", "overview", "pruned", "snapshot"),
    "stories": ("explained",),
    "verifications": ("accepted", "loss", "verified"),
}
_HOMES = {name: home for home, names in _TOLD.items() for name in names}


def handing_out(package: str) -> Callable[[str], object]:
    """Make the `__getattr__` of the package of a format."""

    def get(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = f"{package}.{_HOMES[name]}"
        __import__(module)
        return getattr(sys.modules[module], name)

    return get
