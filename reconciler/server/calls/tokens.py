"""Tokens: how they are made and told apart."""

from __future__ import annotations

import hashlib
import re
import secrets

from msgspec import Struct

from reconciler.environment.secret_values import Secret

_FORM = re.compile(r"rct_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)
_BEGUN = re.compile(r"rct_[0-9a-f]{16}_[A-Za-z0-9_-]", re.ASCII)


class NewToken(Struct, frozen=True):
    """A token that was just thought up: what its owner gets, and what the database keeps."""

    id: str
    text: Secret
    digest: bytes


def new_token() -> NewToken:
    """Think up a token: `rct_`, an id that may be seen, and 256 random bits that may not."""
    id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return NewToken(id, Secret(f"rct_{id}_{secret}"), digest_of(secret))


def parts_of(text: str) -> tuple[str, str] | None:
    """Return id and secret of a token; None if the text is none."""
    found = _FORM.fullmatch(text)
    return (found[1], found[2]) if found else None


def shows_secret(text: str) -> bool:
    """Return whether a text holds a token, or the beginning of one with some of its secret."""
    return _BEGUN.search(text) is not None


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret. It is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()
