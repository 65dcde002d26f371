"""Tokens: what is kept of them, never the secrets themselves."""

from __future__ import annotations

from datetime import datetime

from reconciler.printable import quoted
from reconciler.server.store.refusals import NameTakenError, NotFoundError, RefusedValueError
from reconciler.server.store.session import Session, ViolationError, Writing
from reconciler.server.store.values import Token

_COLUMNS = "id, name, role, created_at, expires_at, revoked_at"
_LIST = f"SELECT {_COLUMNS} FROM tokens ORDER BY created_at, id"  # noqa: S608
_GET = f"SELECT {_COLUMNS}, digest FROM tokens WHERE id = ?"  # noqa: S608
_ANY = "SELECT EXISTS (SELECT 1 FROM tokens)"
_CREATE = f"INSERT INTO tokens ({_COLUMNS}, digest) VALUES (?, ?, ?, ?, ?, NULL, ?)"  # noqa: S608
_REVOKE = "UPDATE tokens SET revoked_at = ? WHERE id = ?"
#: What the two databases call the primary key.
_SAME_ID = ("tokens_pkey", "tokens.id")


def any_at_all(session: Session) -> bool:
    """Return whether a token was ever made."""
    return bool(session.rows(_ANY)[0][0])


def listed(session: Session) -> tuple[Token, ...]:
    """List all tokens, oldest first."""
    return tuple(Token(*row) for row in session.rows(_LIST))


def find(session: Session, id: str) -> tuple[Token, bytes] | None:
    """Return a token and its digest."""
    found = session.rows(_GET, id)
    return (Token(*found[0][:6]), bytes(found[0][6])) if found else None


def create(
    writing: Writing, id: str, digest: bytes, name: str, role: str, expires_at: str | None
) -> Token:
    """Keep a new token; its name tells whose writes are whose, so no other that works has it."""
    now = datetime.fromisoformat(writing.at)
    for other in listed(writing.session):
        if other.name == name and other.state(now) == "valid":
            raise NameTakenError(
                f"there is a token {quoted(name)} that works (ID {other.id}): revoke it first, or "
                "give the new one another name"
            )
    token = Token(id, name, role, writing.at, expires_at, None)
    try:
        writing.session.execute(_CREATE, id, name, role, writing.at, expires_at, digest)
    except ViolationError as error:
        if error.constraint in _SAME_ID:
            raise RefusedValueError(f"there is a token with the id {quoted(id)} already") from None
        raise
    after: dict[str, str | int] = {"id": id, "name": name, "role": role}
    if expires_at is not None:
        after["expires_at"] = expires_at
    writing.audit("token_created", name=name, after=after)
    return token


def revoke(writing: Writing, id: str) -> Token:
    """Make a token useless; nothing is written if it is already."""
    found = find(writing.session, id)
    if found is None:
        raise NotFoundError(f"there is no token with the id {quoted(id)}")
    token = found[0]
    if token.revoked_at is not None:
        return token
    writing.session.execute(_REVOKE, writing.at, id)
    told: dict[str, str | int] = {"id": id, "name": token.name, "role": token.role}
    writing.audit("token_revoked", name=token.name, before=told)
    return Token(id, token.name, token.role, token.created_at, token.expires_at, writing.at)
