"""What a run is given: by the options of a command, or by the arguments of a script.

Both come to a manifest, a platform and a plan by the modules of this folder, and by no other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from reconciler.environment.at_hand import journals_beside
from reconciler.errors import PlanFileError, UsageError
from reconciler.manifest.reading.encodings import BYTE_ORDER_MARK, other_encoding
from reconciler.printable import quoted

SCOPE_VARIABLE = "RECONCILER_SCOPE"


class Given(Protocol):
    """What is known before anything is read."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of the environment."""

    @property
    def files(self) -> Sequence[str]:
        """The files and folders of the manifest; empty for the default ones."""

    @property
    def env_files(self) -> Sequence[str]:
        """Files with variables for the manifest."""

    @property
    def platform(self) -> str | None:
        """The address of the platform, whatever else says one."""

    @property
    def scope(self) -> tuple[str, ...]:
        """Names and globs that narrow the scope; empty for the whole."""

    @property
    def journal(self) -> str | None:
        """The folder of journals; None for the default one."""


def variable(given: Given, name: str) -> str | None:
    """Return a variable of the environment; raises `UsageError` if it is set and empty."""
    value = given.environ.get(name)
    if value is not None and not value.strip():
        raise UsageError(f"{name} is set but empty: give it a value, or unset it")
    return value


def read_scopes(given: Given) -> tuple[tuple[str, ...], ...]:
    """Return the lists that narrow the scope: all that was given, and the environment's."""
    lists = [given.scope] if given.scope else []
    text = variable(given, SCOPE_VARIABLE)
    if text is not None:
        globs = tuple(part.strip() for part in text.split(","))
        if not all(globs):
            raise UsageError(
                f"{SCOPE_VARIABLE} holds an empty name: write globs separated by single commas"
            )
        lists.append(globs)
    return tuple(lists)


def read_whole(path: str, maker: str = "") -> bytes:
    """Read a file that is named, without the byte order mark that some editors write.

    `maker` is the command that writes such files, for whoever has none. Raises `UsageError` if
    there is no file, `PlanFileError` if it can't be read or is no UTF-8.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        hint = f": `{maker}` writes one" if maker else ""
        raise UsageError(f"there is no file {quoted(path)}{hint}") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise PlanFileError(f"can't read {quoted(path)}: {reason}") from error
    encoding = other_encoding(data)
    if encoding is not None:
        raise PlanFileError(f"{quoted(path)} is {encoding}: save it as UTF-8")
    return data.removeprefix(BYTE_ORDER_MARK)


def journal_folder(given: Given) -> Path:
    """Return the folder in which journals lie: the one that is given, else beside the manifest."""
    return Path(given.journal or journals_beside(given.files))
