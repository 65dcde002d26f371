"""What `verify --objective` does: hold what a repository has against what the manifest wants."""

from __future__ import annotations

from contextlib import closing

from reconciler.cli.commands.recovery.verify import VerifyOptions
from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import read_manifest_if_any
from reconciler.cli.inputs.scope import read_scopes
from reconciler.cli.recovery.proving.declared import WRITE
from reconciler.environment.timestamps import utc_now
from reconciler.errors import FINDINGS, SUCCESS, UNPROVED, UsageError
from reconciler.location import location
from reconciler.names import Scope
from reconciler.printable import listed
from reconciler.recovery.proving import results
from reconciler.recovery.proving.judging import Declared, prove
from reconciler.recovery.repository.opening import open_repository

_CODES = {results.PROVED: SUCCESS, results.WRONG: FINDINGS, results.UNPROVED: UNPROVED}


def run(context: Context, options: VerifyOptions) -> int:
    """Say which bytes were proved within their cycle, and return the exit code."""
    declared, without = _declared(context)
    notes = [f"No objective is declared for {listed(without)}"] if without else []
    with closing(open_repository(options.repository or "")) as repository:
        proved = prove(repository, declared, int(utc_now().timestamp()), notes)
    context.result(context.report().proved(proved, context.style))
    return _CODES[proved.verdict]


def _declared(context: Context) -> tuple[list[Declared], list[str]]:
    """Return the storages in scope that have an objective, and the names of those that have none.

    Raises `UsageError` if none has.
    """
    manifest = read_manifest_if_any(context)
    if manifest is None:
        raise UsageError("--objective wants a manifest that says how often all is to be read: -f")
    scope = Scope.of(("*",), read_scopes(context))
    found, without = [], []
    every = sorted(manifest.desired.entries, key=lambda entry: entry.name)
    held = [entry for entry in every if scope.holds(entry.name)]
    if every and not held:
        raise UsageError(
            f"no storage of the manifest is in scope: it has {listed([e.name for e in every])}"
        )
    for entry in held:
        objective = manifest.desired.objective(entry)
        if objective is None:
            without.append(entry.name)
            continue
        place = location(entry.type, entry.default_url).place
        found.append(Declared(entry.name, place, objective))
    if not found:
        raise UsageError(f"no storage in scope has an objective: {WRITE}")
    return found, without
