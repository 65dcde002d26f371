"""How long a file has to be unchanged to be expected to stay as it is: said, declared, or usual."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.recovery.proving.declared import objectives
from reconciler.errors import ManifestError
from reconciler.manifest import Manifest
from reconciler.model import Objective

_USUAL = Objective().settled
_NANO = 10**9


class Settling:
    """What `--settled` says, else `proof:` of the manifest."""

    def __init__(self, context: Context, options: VerifyOptions) -> None:
        """Read the manifest, if it is wanted and there is one.

        Where a comparison needs no platform, one that can't be read is told, and does not stop it.
        """
        self._said = options.settled
        self.manifest: Manifest | None = None
        without = options.deep or options.against is not None or options.explain is not None
        if without and options.settled is not None:
            return
        try:
            self.manifest = read_manifest_if_any(context)
        except ManifestError:
            if not without:
                raise
            context.streams.note(
                "Warning: the manifest can't be used (`reconciler validate` says why), so nobody "
                "knows what its `proof:` says of `settled`: 7d is taken."
            )

    @property
    def usual_ns(self) -> int:
        """Nanoseconds, where the manifest says nothing of a storage."""
        return int((_USUAL if self._said is None else self._said) * _NANO)

    @property
    def by_place(self) -> Mapping[str, int]:
        """Nanoseconds, by the location of a storage."""
        if self._said is not None:
            return {}
        said = objectives(self.manifest)
        return {place: objective.settled * _NANO for place, objective in said.items()}
