"""Reconciler: storages as code for Jetraw.

For scripts: `reconciler.storages` has the surface of `jetraw.storages`, on every platform, and
`Client` opens a platform for it. Nothing of that is imported before it is used.
"""

from __future__ import annotations

from reconciler.version import __version__

__all__ = ["Client", "__version__", "get_default_client", "set_default_client"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reconciler.client import Client, get_default_client, set_default_client


def __getattr__(name: str) -> object:
    """Import the client when somebody wants it: the command line has no use for it."""
    if name == "storages":  # as `import jetraw` has it
        import reconciler.storages

        return reconciler.storages
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reconciler import client

    return getattr(client, name)
