"""What a script gives, as options of a command would."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from reconciler.errors import UsageError
from reconciler.given import journal_folder
from reconciler.platforms import absolute_address

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
    #: Where journals lie if `journal` is None: a script may go elsewhere before it applies.
    beside: str = ""

    @property
    def journals(self) -> Path:
        """The folder in which journals lie."""
        return Path(self.journal or self.beside)


def texts(argument: str, given: AnyPath | Iterable[AnyPath] | None) -> tuple[str, ...]:
    """Return paths or names as text; one alone is one, and not its characters.

    Raises `UsageError` if one is empty, as what an unset variable becomes.
    """
    each = (given,) if isinstance(given, str | os.PathLike) else given or ()
    found = tuple(os.fspath(one) for one in each)
    if not all(text.strip() for text in found):
        raise UsageError(f"`{argument}` has an empty value: give it one, or leave it out")
    return found


def here(given: Arguments) -> Arguments:
    """Return arguments whose paths mean what they mean in the current folder, wherever one goes."""
    platform = given.platform and absolute_address(given.platform)
    return given._replace(platform=platform, beside=str(journal_folder(given).absolute()))


def check_seconds(argument: str, given: float | None) -> None:
    """Raise `UsageError` for what is no number of seconds."""
    if given is not None and not 0 <= given < math.inf:
        raise UsageError(f"`{argument}` is {given}: give a number of seconds, 0 or more")
