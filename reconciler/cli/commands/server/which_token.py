"""Which token of a state server is meant: by its name, by its ID, or by the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.errors import ReconcilerError, UsageError
from reconciler.printable import quoted
from reconciler.server.calls.tokens import parts_of
from reconciler.server.store.values import Token

_ID_LENGTH = 16
_SEE = "see `reconciler token list`"


def which_token(tokens: Sequence[Token], subject: str) -> Token:
    """Return the token that is meant; of those with one name, the one that works.

    Raises `ReconcilerError` if there is none, or several.
    """
    parts = parts_of(subject.strip())
    id = subject if parts is None else parts[0]
    for token in tokens:
        if token.id == id:
            return token
    named = [token for token in tokens if token.name == id]
    if not named:
        raise _unknown(id)
    now = datetime.now(UTC)
    working = [token for token in named if token.state(now) == "valid"]
    if len(working) > 1:
        ids = ", ".join(token.id for token in working)
        raise ReconcilerError(
            f"{len(working)} tokens are called {quoted(id)}: say which by its ID, one of {ids}"
        )
    return (working or named)[-1]


def _unknown(subject: str) -> ReconcilerError:
    """Return why there is no such token; what is longer than an ID may be a secret, or hold one."""
    if len(subject) > _ID_LENGTH:
        return UsageError(f"this is neither a token, nor the name or the ID of one: {_SEE}")
    return ReconcilerError(f"there is no token with the name or ID {quoted(subject)}: {_SEE}")
