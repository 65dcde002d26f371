"""What a script gives, as options of a command would."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

#: A path, as text or not; one name, or several.
AnyPath: TypeAlias = "str | os.PathLike[str]"
Names: TypeAlias = "str | Iterable[str]"


class Arguments(NamedTuple):
    """What a run of a script is `Given`."""

    environ: Mapping[str, str]
    files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    platform: str | None = None
    scope: tuple[str, ...] = ()
    journal: str | None = None


def texts(given: AnyPath | Iterable[AnyPath]) -> tuple[str, ...]:
    """Return paths or names as text; one alone is one, and not its characters."""
    each = (given,) if isinstance(given, str | os.PathLike) else given
    return tuple(os.fspath(one) for one in each)
