"""The platform that arguments, manifest and environment agree on, and who gets its token."""

from __future__ import annotations

from reconciler.environment.origin import in_ci
from reconciler.errors import AddressError
from reconciler.given import Given, variable
from reconciler.given.manifest import base_of
from reconciler.manifest import Manifest
from reconciler.masking import masked, quoted_url
from reconciler.model import Notice
from reconciler.plan.document import leads_to_file
from reconciler.platforms import PLATFORM_VARIABLE, same_address
from reconciler.platforms.http.address import TOKEN_VARIABLE as OF_SERVERS
from reconciler.platforms.jetraw.address import TOKEN_VARIABLE as OF_JETRAW
from reconciler.printable import shown

UNCONFIRMED = "platform_unconfirmed"


def choose_address(given: Given, manifest: Manifest | None) -> tuple[str, str | None]:
    """Return the address of that platform as written, and the folder that it counts from.

    Raises `AddressError` if there is no platform, or if manifest and environment differ.
    """
    if given.platform is not None:
        return given.platform, None
    named = variable(given, PLATFORM_VARIABLE)
    own = manifest.platform if manifest else None
    if manifest is None or own is None:
        if named is None:
            raise AddressError(_no_platform(manifest))
        return named, None
    base = base_of(manifest)
    if named is not None and not same_address(own, base, named, None):
        raise AddressError(
            f"the manifest says platform {quoted_url(own)} and {PLATFORM_VARIABLE} says "
            f"{quoted_url(named)}: unset the variable, or choose with --platform"
        )
    return own, base


def names_platform(given: Given, manifest: Manifest | None) -> bool:
    """Return whether arguments, manifest or environment name a platform at all."""
    named = given.platform or (manifest and manifest.platform)
    return bool(named or PLATFORM_VARIABLE in given.environ)


def ids_for(given: Given, manifest: Manifest) -> dict[str, str] | None:
    """Translate no id at all where another platform is given than the manifest's own."""
    if given.platform is None or manifest.platform is None:
        return None
    same = same_address(manifest.platform, base_of(manifest), given.platform, None)
    return None if same else {}


def at_risk(given: Given, manifest: Manifest | None) -> tuple[Notice, ...]:
    """Warn if, in CI, only the manifest says who gets a token."""
    own = manifest.platform if manifest else None
    return () if own is None else token_at_risk(given, own, "the manifest")


def token_at_risk(given: Given, address: str, source: str) -> tuple[Notice, ...]:
    """Warn if, in CI, only `source` says to which platform a token goes: else there is none.

    A pull request can change that file, but neither the pipeline's variables nor its commands.
    """
    environ = given.environ
    confirmed = given.platform is not None or PLATFORM_VARIABLE in environ
    if confirmed or not in_ci(environ) or leads_to_file(address):
        return ()

    both = (OF_SERVERS, f"{OF_SERVERS}_FILE", OF_JETRAW, f"{OF_JETRAW}_FILE")
    tokens = [name for name in both if name in environ]
    if not tokens:
        return ()
    return (
        Notice(
            UNCONFIRMED,
            "",
            f"{' and '.join(tokens)} is set in CI, and only {source} says where it goes: a pull "
            f"request that changes `platform:` would send it elsewhere. Set {PLATFORM_VARIABLE}="
            f"{shown(masked(address))} beside it: another platform is then refused",
        ),
    )


def _no_platform(manifest: Manifest | None) -> str:
    where = "the manifest says no platform" if manifest else "there is no manifest to say one"
    return (
        f"which platform? {where}: write `platform: sqlite:///platform.db` into it, give "
        f"--platform, or set {PLATFORM_VARIABLE}"
    )
