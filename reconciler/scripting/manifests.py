"""A manifest, for scripts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from reconciler.applying.apart import Lying, live
from reconciler.given import read_scopes
from reconciler.given.manifest import load_given
from reconciler.given.platform import choose_address
from reconciler.given.source import plan_for, source_of
from reconciler.manifest import Manifest as _Manifest
from reconciler.model import Notice
from reconciler.platforms import open_platform
from reconciler.scripting.applying import Planned
from reconciler.scripting.arguments import AnyPath, Arguments, Names, here, texts
from reconciler.scripting.plans import Plan


def load(
    *files: AnyPath,
    platform: str | None = None,
    env_file: AnyPath | Iterable[AnyPath] = (),
    scope: Names = (),
) -> Manifest:
    """Read files and folders as one manifest; without any, the default ones of this folder.

    The arguments are those of the command's options: `-f`, `--platform`, `--env-file`, `--scope`.
    No platform is opened. Paths mean what they mean in the current folder, wherever the script goes
    then.

    Raises:
        ManifestError: it is invalid; `problems` has all that is wrong with it.
        UsageError: a file that is not there, or arguments that make no sense.
    """
    given = Arguments(
        os.environ,
        texts("files", files),
        texts("env_file", env_file),
        platform,
        texts("scope", scope),
    )
    manifest = load_given(given)
    if manifest.platform_file is not None and manifest.platform_file not in manifest.streams:
        manifest = replace(manifest, platform_file=str(Path(manifest.platform_file).absolute()))
    return Manifest(here(given), read_scopes(given), manifest)


class Manifest:
    """What `load` has read."""

    def __init__(
        self, given: Arguments, scopes: tuple[tuple[str, ...], ...], manifest: _Manifest
    ) -> None:
        """For `load`."""
        self._given = given
        self._scopes = scopes
        self._manifest = manifest

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the storages that it declares."""
        return tuple(entry.name for entry in self._manifest.desired.entries)

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What is allowed, but probably not meant; a plan has these too."""
        return self._manifest.warnings

    def plan(self) -> Plan:
        """Read live and plan what turns it into what is declared. Nothing is written.

        Raises:
            MatchingError: what it declares can't be matched with what is live.
            AddressError: nobody says on which platform, or two say different ones.
            PlatformError: live could not be read.
        """
        given, manifest = self._given, self._manifest
        address, base = choose_address(given, manifest)
        platform = open_platform(address, base=base, environ=given.environ)
        source = source_of(given, manifest, platform, self._scopes)
        lying: list[Lying] = []
        plan = plan_for(source, lambda state: lying.extend(live(state.storages)))
        return Plan(given, Planned(plan, source.request, tuple(lying)))

    def __repr__(self) -> str:
        """Name its files."""
        return f"Manifest({', '.join(map(repr, self._manifest.files))})"
