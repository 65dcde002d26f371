"""A manifest and the platform that it is held against: what a plan is made of."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from reconciler.cli.context import Context
from reconciler.cli.inputs.ids import read_ids
from reconciler.cli.inputs.manifest import located, read_manifest
from reconciler.cli.inputs.platform import at_risk, choose_address, ids_for, open_at, reading
from reconciler.cli.inputs.scope import read_scopes
from reconciler.cli.inputs.warnings import with_own
from reconciler.cli.options.choices import Choices
from reconciler.diff import Diff, compare
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.manifest import Manifest
from reconciler.model import State
from reconciler.plan.document import Plan
from reconciler.platform import Platform, Reader
from reconciler.reconcile import Request, make_plan


class Source(NamedTuple):
    """A manifest and the platform that it is held against."""

    manifest: Manifest
    platform: Platform
    request: Request


def read_source(context: Context, choices: Choices | None = None) -> Source:
    """Read the manifest, choose the platform, and say what is wanted of it.

    Raises `UsageError` for choices that nobody may make here.
    """
    choices = choices or Choices()
    choices.check()
    scopes = read_scopes(context)
    ids = read_ids(choices.ids) if choices.ids is not None else None
    manifest = read_manifest(context)
    platform = open_at(context, *choose_address(context, manifest))
    manifest = replace(manifest, warnings=(*manifest.warnings, *at_risk(context, manifest)))
    if ids is None:
        ids = ids_for(context, manifest)
    request = Request(
        manifest.desired,
        scopes=scopes,
        ids=ids,
        targets=tuple(choices.target or ()),
        allow_remove=tuple(choices.allow_remove or ()),
        allow_empty=choices.allow_empty,
        lock=manifest.lock,
    )
    return Source(manifest, platform, request)


def plan_for(source: Source) -> Plan:
    """Read live and plan; the plan has the manifest's own warnings too.

    Problems of matching are given the lines that they arise from.
    """
    with reading(source.platform) as reader:
        return plan_by(source, reader)


def plan_by(source: Source, reader: Reader, state: State | None = None) -> Plan:
    """Return the same plan by a reader that is open, of what it has read already, if it has."""
    address, now = source.platform.address, timestamp(utc_now(), "seconds")
    with located(source.manifest):
        plan = make_plan(reader, source.request, address=address, now=now, state=state)
    return replace(plan, warnings=with_own(source.manifest, plan.warnings))


def compared(context: Context, manifest: Manifest, state: State) -> Diff:
    """Return in what live differs from a manifest, within its own scope, without a plan."""
    with located(manifest):
        return compare(manifest.desired, state.storages, ids=ids_for(context, manifest))
