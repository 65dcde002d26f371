"""A manifest and the platform that it is held against: what a plan is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import NamedTuple

from msgspec.structs import replace

from reconciler.diff import Diff, compare
from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.given import Given
from reconciler.given.manifest import located, with_own
from reconciler.given.platform import at_risk, ids_for
from reconciler.manifest import Manifest
from reconciler.model import State
from reconciler.plan.document import Plan
from reconciler.platform import Platform, Reader
from reconciler.reconcile import Request, make_plan, read_live
from reconciler.retry.reader import PatientReader


class Source(NamedTuple):
    """A manifest and the platform that it is held against."""

    manifest: Manifest
    platform: Platform
    request: Request


def source_of(
    given: Given,
    manifest: Manifest,
    platform: Platform,
    scopes: tuple[tuple[str, ...], ...],
    *,
    ids: Mapping[str, str] | None = None,
    targets: tuple[str, ...] = (),
    allow_remove: tuple[str, ...] = (),
    allow_empty: bool = False,
) -> Source:
    """Put together what a plan is made of; `Request` says what the wishes mean."""
    request = Request(
        manifest.desired,
        scopes=scopes,
        ids=ids_for(given, manifest) if ids is None else ids,
        targets=targets,
        allow_remove=allow_remove,
        allow_empty=allow_empty,
        lock=manifest.lock,
    )
    warned = replace(manifest, warnings=(*manifest.warnings, *at_risk(given, manifest)))
    return Source(warned, platform, request)


def plan_for(source: Source, learn: Callable[[State], object] = lambda _: None) -> Plan:
    """Read live, let somebody `learn` of it, and plan; the plan has the manifest's warnings too.

    Problems of matching are given the lines that they arise from.
    """
    with reading(source.platform) as reader:
        state = read_live(reader)
        learn(state)
        return plan_by(source, reader, state)


def plan_by(source: Source, reader: Reader, state: State) -> Plan:
    """Return the same plan by a reader that is open, of what it has read already."""
    address, now = source.platform.address, timestamp(utc_now(), "seconds")
    with located(source.manifest):
        plan = make_plan(reader, source.request, address=address, now=now, state=state)
    return replace(plan, warnings=with_own(source.manifest, plan.warnings))


def compared(given: Given, manifest: Manifest, state: State) -> Diff:
    """Return in what live differs from a manifest, within its own scope, without a plan."""
    with located(manifest):
        return compare(manifest.desired, state.storages, ids=ids_for(given, manifest))


def reading(platform: Platform) -> closing[PatientReader]:
    """Open a platform for reading while entered."""
    return closing(PatientReader(platform.reader()))
