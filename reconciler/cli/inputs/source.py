"""What a command works on: the manifest, the platform, and what is wanted of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from msgspec.structs import replace

from reconciler.cli.context import Context
from reconciler.cli.inputs.ids import read_ids
from reconciler.cli.inputs.token_at_risk import token_at_risk
from reconciler.cli.inputs.warnings import with_own
from reconciler.cli.options.choices import Choices
from reconciler.diff import Diff, compare
from reconciler.environment.origin import in_ci
from reconciler.errors import AddressError, MatchingError, UsageError
from reconciler.lease import open_lock, understand
from reconciler.manifest import Manifest, default_paths, load, placed, read_variables
from reconciler.manifest.files import DEFAULTS
from reconciler.model import NEW_PLATFORM, Notice, State
from reconciler.plan.build import new_platform
from reconciler.plan.document import Plan
from reconciler.platform import Platform, Reader
from reconciler.platforms import (
    PLATFORM_VARIABLE,
    check_address,
    open_platform,
    runs_foreign_code,
    same_address,
)
from reconciler.printable import quoted_url, shown
from reconciler.reconcile import Request, make_plan
from reconciler.retry.reader import PatientReader
from reconciler.timestamps import timestamp, utc_now

SCOPE_VARIABLE = "RECONCILER_SCOPE"


class Source(NamedTuple):
    """A manifest and the platform that it is held against."""

    manifest: Manifest
    platform: Platform
    request: Request


def read_manifest(context: Context) -> Manifest:
    """Read the manifest that the options name, or the default one."""
    settings = context.settings
    variables = read_variables(context.environ, settings.env_files)
    addresses = {"platform": check_address, "lock": _understand_lock}
    return load(settings.files or default_paths(), variables, addresses)


def _understand_lock(address: str) -> object:
    return understand(address)


def read_manifest_if_any(context: Context) -> Manifest | None:
    """Read the manifest, unless none was named and there is no default one.

    An empty file is none: `export > storages.yaml` finds the one that the shell has just made.
    """
    there = any(os.path.isdir(path) or _has_bytes(path) for path in DEFAULTS)  # noqa: PTH112
    return read_manifest(context) if there or context.settings.files else None


def _has_bytes(path: str) -> bool:
    return os.path.lexists(path) and os.stat(path).st_size > 0  # noqa: PTH116


def read_source(context: Context, choices: Choices = Choices()) -> Source:  # noqa: B008 - frozen
    """Read the manifest, choose the platform, and say what is wanted of it."""
    scopes = read_scopes(context)
    ids = read_ids(choices.ids) if choices.ids is not None else None
    manifest = read_manifest(context)
    platform = _open(context, *choose_address(context, manifest))
    manifest = replace(manifest, warnings=(*manifest.warnings, *_at_risk(context, manifest)))
    if ids is None:
        ids = _ids(context, manifest)
    request = Request(
        manifest.desired,
        scopes=scopes,
        ids=ids,
        targets=choices.target,
        allow_remove=choices.allow_remove,
        allow_empty=choices.allow_empty,
        lock=manifest.lock,
    )
    return Source(manifest, platform, request)


def plan_for(source: Source) -> Plan:
    """Read live and plan; the plan has the manifest's own warnings too.

    Problems of matching are given the lines that they arise from.
    """
    if source.manifest.lock is not None:
        open_lock(source.manifest.lock).close()  # a wrong address is not to wait until apply
    address = source.platform.address
    with reading(source.platform) as reader, located(source.manifest):
        plan = make_plan(
            reader, source.request, address=address, now=timestamp(utc_now(), "seconds")
        )
    return replace(plan, warnings=with_own(source.manifest, plan.warnings))


def tell(context: Context, warnings: Iterable[Notice]) -> None:
    """Tell warnings on standard error, where the report has no place for them."""
    for notice in warnings:
        context.note(f"Warning: {shown(notice.message)}")


def compared(context: Context, manifest: Manifest, state: State) -> Diff:
    """Say in what live differs from a manifest, within its own scope, where no plan is wanted."""
    with located(manifest):
        return compare(manifest.desired, state.storages, ids=_ids(context, manifest))


def read_live(context: Context, platform: Platform) -> State:
    """Read all storages; say so if the platform does not exist yet."""
    with reading(platform) as reader:
        state = reader.read()
    if state.platform_id == NEW_PLATFORM:
        tell(context, [new_platform(platform.address)])
    return state


@contextmanager
def reading(platform: Platform) -> Iterator[Reader]:
    """Open a platform for reading, and let go of it afterwards."""
    reader = PatientReader(platform.reader())
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def located(manifest: Manifest) -> Iterator[None]:
    """Find the lines of matching problems, which know only their paths."""
    try:
        yield
    except MatchingError as error:
        raise MatchingError(placed(error.problems, manifest.streams)) from error


def choose_platform(context: Context, manifest: Manifest | None) -> Platform:
    """Open the platform that options, manifest and environment agree on.

    Warns if only the manifest says who gets a pipeline's token. Raises `UsageError` if there is
    no platform, or if manifest and environment differ.
    """
    platform = _open(context, *choose_address(context, manifest))
    tell(context, _at_risk(context, manifest))
    return platform


def _at_risk(context: Context, manifest: Manifest | None) -> tuple[Notice, ...]:
    own = manifest.platform if manifest else None
    if own is None or not in_ci(context.environ):
        return ()

    return token_at_risk(context, own, "the manifest")


def choose_address(context: Context, manifest: Manifest | None) -> tuple[str, str | None]:
    """Give the address of that platform as written, and the folder that it counts from."""
    option = context.settings.platform
    variable = _variable(context.environ, PLATFORM_VARIABLE)
    if option is not None:
        return option, None
    own = manifest.platform if manifest else None
    if manifest is None or own is None:
        if variable is None:
            raise AddressError(_no_platform(manifest))
        return variable, None
    base = _base(manifest)
    if variable is not None and not same_address(own, base, variable, None):
        raise AddressError(
            f"the manifest says platform {quoted_url(own)} and {PLATFORM_VARIABLE} says "
            f"{quoted_url(variable)}: unset the variable, or choose with --platform"
        )
    return own, base


def names_platform(context: Context, manifest: Manifest | None) -> bool:
    """Say whether options, manifest or environment name a platform at all."""
    named = context.settings.platform or (manifest and manifest.platform)
    return bool(named or PLATFORM_VARIABLE in context.environ)


def named_platform(context: Context, address: str) -> Platform:
    """Open a saved plan's own platform, which options and environment may only confirm."""
    for origin, given in (
        ("--platform", context.settings.platform),
        (PLATFORM_VARIABLE, _variable(context.environ, PLATFORM_VARIABLE)),
    ):
        if given is None:
            continue
        if not same_address(address, None, given, None):
            raise AddressError(
                f"the plan is for the platform {quoted_url(address)} and {origin} says "
                f"{quoted_url(given)}: apply the plan where it was made for, or plan again"
            )
        break
    return _open(context, address, None)


def _open(context: Context, address: str, base: str | None) -> Platform:
    if runs_foreign_code(address):
        context.streams.shield()
    return open_platform(
        address,
        base=base,
        environ=context.environ,
        origin=context.origin.claims(),
        left=context.limit.left,
    )


def read_scopes(context: Context) -> tuple[tuple[str, ...], ...]:
    """Give the lists that narrow the scope: all `--scope` together, and the environment's."""
    lists = [context.settings.scope] if context.settings.scope else []
    variable = _variable(context.environ, SCOPE_VARIABLE)
    if variable is not None:
        globs = tuple(part.strip() for part in variable.split(","))
        if not all(globs):
            raise UsageError(
                f"{SCOPE_VARIABLE} holds an empty name: write globs separated by single commas"
            )
        lists.append(globs)
    return tuple(lists)


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name)
    if value is not None and not value.strip():
        raise UsageError(f"{name} is set but empty: give it a value, or unset it")
    return value


def _base(manifest: Manifest) -> str | None:
    file = manifest.platform_file
    # What comes through a pipe lies in no folder: its paths count from the current one.
    if file is None or file in manifest.streams:
        return None
    return os.path.dirname(file)  # noqa: PTH120


def _ids(context: Context, manifest: Manifest) -> dict[str, str] | None:
    """Translate no id at all where `--platform` leads away from the manifest's own platform."""
    option = context.settings.platform
    if option is None or manifest.platform is None:
        return None
    same = same_address(manifest.platform, _base(manifest), option, None)
    return None if same else {}


def _no_platform(manifest: Manifest | None) -> str:
    where = "the manifest says no platform" if manifest else "there is no manifest to say one"
    return (
        f"which platform? {where}: write `platform: sqlite:///platform.db` into it, give "
        f"--platform, or set {PLATFORM_VARIABLE}"
    )
