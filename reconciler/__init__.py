"""Reconciler: storages as code for Jetraw.

For scripts: `reconciler.scripting` plans and applies a manifest. `reconciler.storages` has the
surface of `jetraw.storages`, on every platform, and `Client` opens a platform for it. Nothing of
that is imported before it is used.
"""

from __future__ import annotations

from reconciler.version import __version__

__all__ = ["Client", "__version__", "get_default_client", "set_default_client"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reconciler.client import Client, get_default_client, set_default_client


def __getattr__(name: str) -> object:
    """Import what scripts use when somebody wants it: the command line has no use for it."""
    if name not in (*__all__, "storages"):  # `storages`, as `import jetraw` has it
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import reconciler.storages  # it imports the client, too; the command line needs neither

    return reconciler.storages if name == "storages" else getattr(reconciler.client, name)
