"""The platform that options, manifest and environment agree on, opened."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.applying.apart import live
from reconciler.cli.context import Context
from reconciler.cli.inputs.ids import read_ids
from reconciler.cli.inputs.manifest import read_manifest
from reconciler.cli.options.choices import Choices
from reconciler.given import read_scopes
from reconciler.given.platform import at_risk, choose_address
from reconciler.given.source import Source, plan_for, reading, source_of
from reconciler.manifest import Manifest
from reconciler.model import NEW_PLATFORM, State
from reconciler.plan.build import new_platform
from reconciler.plan.document import Plan
from reconciler.platform import Platform, Reader
from reconciler.platforms import open_platform, runs_foreign_code


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
    return source_of(
        context,
        manifest,
        platform,
        scopes,
        ids=ids,
        targets=tuple(choices.target or ()),
        allow_remove=tuple(choices.allow_remove or ()),
        allow_empty=choices.allow_empty,
    )


def plan_apart(
    context: Context, source: Source, learn: Callable[[State], object] = lambda _: None
) -> Plan:
    """Read live, let somebody `learn` of it, and plan, as `plan_for` does.

    Raises `WithinStorageError` if a file of the run is to go to a storage that is live.
    """

    def known(state: State) -> None:
        context.apart.know(live(state.storages))
        learn(state)

    return plan_for(source, known)


def choose_platform(context: Context, manifest: Manifest | None) -> Platform:
    """Open the platform that options, manifest and environment agree on.

    Warns if only the manifest says who gets a pipeline's token. Raises `UsageError` if there is
    no platform, or if manifest and environment differ.
    """
    platform = open_at(context, *choose_address(context, manifest))
    context.warn(at_risk(context, manifest))
    return platform


def open_at(context: Context, address: str, base: str | None) -> Platform:
    """Open the platform at an address that counts from a folder."""
    if runs_foreign_code(address):
        context.streams.shield()
    return open_platform(
        address,
        base=base,
        environ=context.environ,
        origin=context.origin.claims(),
        left=context.limit.left,
    )


def read_live(context: Context, platform: Platform, reader: Reader | None = None) -> State:
    """Read all storages, by a reader of the platform if one is open; warn if there is none yet.

    Raises `WithinStorageError` if a file of the run is to go to one of them.
    """
    if reader is None:
        with reading(platform) as own:
            return read_live(context, platform, own)
    state = reader.read()
    context.apart.know(live(state.storages))
    if state.platform_id == NEW_PLATFORM:
        context.warn([new_platform(platform.address)])
    return state
