"""What somebody has to see to, in one shape, whatever found it: all that a format need know."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from reconciler.model import Notice, Problem, path_text

ERROR, WARNING = "error", "warning"
#: The rule of whatever is wrong with a manifest.
MANIFEST = "manifest"


class Finding(Struct, frozen=True):
    """One thing that is wrong, or probably not meant."""

    #: What kind of thing: the code of a reason or warning, or `manifest`.
    rule: str
    level: str
    message: str
    #: What would be right, where something better than the message can be said.
    hint: str = ""
    #: The storage that it is about, where it is about one.
    name: str = ""
    #: Where it stands, as far as that is known; lines and columns count from 1.
    file: str = ""
    line: int = 0
    column: int = 0
    #: Where it ends: the column behind its last character, in the same line; 0: nobody knows.
    end_column: int = 0
    path: str = ""

    @property
    def subject(self) -> tuple[str, ...]:
        """What a sentence about it begins with: where it stands, or else what kind of thing."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return tuple(filter(None, (place or self.rule, self.path)))

    def text(self) -> str:
        """Return all of it in a line."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{': '.join([*self.subject, self.message])}{hint}"


def of_problems(problems: Iterable[Problem]) -> list[Finding]:
    """Find what is wrong with a manifest."""
    return [
        Finding(
            MANIFEST,
            ERROR,
            problem.message,
            problem.hint,
            file=problem.file,
            line=problem.line,
            column=problem.column,
            end_column=problem.end_column,
            path=path_text(problem.path),
        )
        for problem in problems
    ]


def of_notices(notices: Iterable[Notice], level: str) -> list[Finding]:
    """Find what blocks a plan, or what is warned of."""
    return [Finding(notice.code, level, notice.message, name=notice.name) for notice in notices]
