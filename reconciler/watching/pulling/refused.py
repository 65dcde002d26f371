"""Why a checkout is not brought up to date."""

from __future__ import annotations

from typing import NoReturn

from reconciler.watching.conditions import NOT_PULLED, Condition
from reconciler.watching.pulling.git import Said

#: The remote can't be read; what it has does not follow what is here; nobody vouches for it; the
#: manifest was changed here; the checkout is not in order.
UNREACHABLE, NOT_FORWARD, UNSIGNED, CHANGED_HERE, UNUSABLE = (
    "unreachable",
    "not_forward",
    "unsigned",
    "changed_here",
    "unusable",
)


class Refused(Exception):  # noqa: N818 - it never leaves this folder
    """The checkout stays as it is."""

    def __init__(self, code: str, why: str) -> None:
        self.condition = Condition(NOT_PULLED, "", code, why)


def unusable(said: Said) -> NoReturn:
    """Refuse for what git says is wrong."""
    raise Refused(UNUSABLE, said.reason)
