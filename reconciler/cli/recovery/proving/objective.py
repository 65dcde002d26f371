"""What `verify --objective` does: hold what a repository has against what the manifest wants."""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple, Self

from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.places import in_manifest
from reconciler.cli.recovery import codes
from reconciler.cli.recovery.proving.declared import WRITE
from reconciler.cli.recovery.proving.metering import About
from reconciler.cli.telling import Told, tell_all
from reconciler.environment.timestamps import utc_now
from reconciler.errors import UsageError
from reconciler.given import read_scopes
from reconciler.location import location
from reconciler.manifest import Manifest
from reconciler.names import Scope
from reconciler.printable import listed
from reconciler.recovery.proving.objective import Declared, prove
from reconciler.recovery.proving.results import Proved
from reconciler.recovery.repository.opening import open_repository
from reconciler.recovery.verifying.elsewhere import Asked, elsewhere
from reconciler.report.verdicts.verifications import of_proved


def run(context: Context, options: VerifyOptions, about: About) -> int:
    """Say which bytes were proved within their cycle, and return the exit code."""
    wanted = _Wanted.of(context, about)
    declared, without = wanted.declared, wanted.without
    notes = [f"No objective is declared for {listed(without)}"] if without else []
    with closing(open_repository(options.repository or "")) as repository:
        others = elsewhere(repository, Asked(wanted.names, wanted.places, wanted.scope.holds))
        proved = prove(repository, declared, int(utc_now().timestamp()), notes, others)
    about.keep(proved)
    return _tell(context, proved, wanted.manifest, codes.of_proved(proved))


class _Wanted(NamedTuple):
    """The storages in scope that have an objective, and the names of those that have none."""

    declared: list[Declared]
    without: list[str]
    scope: Scope
    #: All names of the manifest, earlier ones and those of what was removed too.
    names: set[str]
    manifest: Manifest
    #: Where those lie that have an objective, or are out of scope.
    places: set[str]

    @classmethod
    def of(cls, context: Context, about: About) -> Self:
        """Read the manifest; raises `UsageError` if no storage in scope has an objective."""
        manifest = read_manifest_if_any(context)
        if manifest is None:
            raise UsageError(
                "--objective wants a manifest that says how often all is to be read: -f"
            )
        about.keep_apart(())
        about.take(context, manifest)
        desired = manifest.desired
        scope = Scope.of(("*",), read_scopes(context))
        found = cls(
            [], [], Scope.of(desired.policy.scope, read_scopes(context)), set(), manifest, set()
        )
        every = sorted(desired.entries, key=lambda entry: entry.name)
        held = {entry.name for entry in every if scope.holds(entry.name)}
        if every and not held:
            raise UsageError(
                f"no storage of the manifest is in scope: it has {listed([e.name for e in every])}"
            )
        found.names.update(entry.name for entry in every)
        # What went by another name, or was here, is ours as well.
        found.names.update(name for entry in every for name in entry.renamed_from)
        found.names.update(removed.name for removed in desired.removed)
        for entry in every:
            place = location(entry.type, entry.default_url).place
            objective = desired.objective(entry)
            if entry.name not in held:
                found.places.add(place)
            elif objective is None:
                found.without.append(entry.name)
            else:
                found.places.add(place)
                found.declared.append(Declared(entry.name, place, objective))
        if not found.declared:
            raise UsageError(f"no storage in scope has an objective: {WRITE}")
        return found


def _tell(context: Context, proved: Proved, manifest: Manifest, code: int) -> int:
    """Tell of storages that were held against their objectives, and return the exit code."""
    told = Told(
        lambda report, style: report.proved(proved, style),
        lambda: in_manifest(manifest, of_proved(proved)),
    )
    return tell_all(context, told, code)
