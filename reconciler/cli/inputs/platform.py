"""The platform that options, manifest and environment agree on."""

from __future__ import annotations

from contextlib import closing

from reconciler.cli.context import Context
from reconciler.cli.inputs.manifest import base_of
from reconciler.cli.inputs.token_at_risk import token_at_risk
from reconciler.cli.inputs.warnings import tell
from reconciler.errors import AddressError
from reconciler.manifest import Manifest
from reconciler.masking import quoted_url
from reconciler.model import NEW_PLATFORM, Notice, State
from reconciler.plan.build import new_platform
from reconciler.platform import Platform, Reader
from reconciler.platforms import PLATFORM_VARIABLE, open_platform, runs_foreign_code, same_address
from reconciler.retry.reader import PatientReader


def choose_platform(context: Context, manifest: Manifest | None) -> Platform:
    """Open the platform that options, manifest and environment agree on.

    Warns if only the manifest says who gets a pipeline's token. Raises `UsageError` if there is
    no platform, or if manifest and environment differ.
    """
    platform = open_at(context, *choose_address(context, manifest))
    tell(context, at_risk(context, manifest))
    return platform


def at_risk(context: Context, manifest: Manifest | None) -> tuple[Notice, ...]:
    """Warn if, in CI, only the manifest says who gets a token."""
    own = manifest.platform if manifest else None
    return () if own is None else token_at_risk(context, own, "the manifest")


def choose_address(context: Context, manifest: Manifest | None) -> tuple[str, str | None]:
    """Return the address of that platform as written, and the folder that it counts from."""
    option = context.settings.platform
    variable = context.variable(PLATFORM_VARIABLE)
    if option is not None:
        return option, None
    own = manifest.platform if manifest else None
    if manifest is None or own is None:
        if variable is None:
            raise AddressError(_no_platform(manifest))
        return variable, None
    base = base_of(manifest)
    if variable is not None and not same_address(own, base, variable, None):
        raise AddressError(
            f"the manifest says platform {quoted_url(own)} and {PLATFORM_VARIABLE} says "
            f"{quoted_url(variable)}: unset the variable, or choose with --platform"
        )
    return own, base


def names_platform(context: Context, manifest: Manifest | None) -> bool:
    """Return whether options, manifest or environment name a platform at all."""
    named = context.settings.platform or (manifest and manifest.platform)
    return bool(named or PLATFORM_VARIABLE in context.environ)


def named_platform(context: Context, address: str) -> Platform:
    """Open a saved plan's own platform, which options and environment may only confirm."""
    for origin, given in (
        ("--platform", context.settings.platform),
        (PLATFORM_VARIABLE, context.variable(PLATFORM_VARIABLE)),
    ):
        if given is None:
            continue
        if not same_address(address, None, given, None):
            raise AddressError(
                f"the plan is for the platform {quoted_url(address)} and {origin} says "
                f"{quoted_url(given)}: apply the plan where it was made for, or plan again"
            )
        break
    return open_at(context, address, None)


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


def ids_for(context: Context, manifest: Manifest) -> dict[str, str] | None:
    """Translate no id at all where `--platform` leads away from the manifest's own platform."""
    option = context.settings.platform
    if option is None or manifest.platform is None:
        return None
    same = same_address(manifest.platform, base_of(manifest), option, None)
    return None if same else {}


def reading(platform: Platform) -> closing[PatientReader]:
    """Open a platform for reading while entered."""
    return closing(PatientReader(platform.reader()))


def read_live(context: Context, platform: Platform, reader: Reader | None = None) -> State:
    """Read all storages, by a reader of the platform if one is open; warn if there is none yet."""
    if reader is None:
        with reading(platform) as own:
            return read_live(context, platform, own)
    state = reader.read()
    if state.platform_id == NEW_PLATFORM:
        tell(context, [new_platform(platform.address)])
    return state


def _no_platform(manifest: Manifest | None) -> str:
    where = "the manifest says no platform" if manifest else "there is no manifest to say one"
    return (
        f"which platform? {where}: write `platform: sqlite:///platform.db` into it, give "
        f"--platform, or set {PLATFORM_VARIABLE}"
    )
