"""Files of a repository as somebody else might write them: with a seal that fits."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def resealed(document: dict[str, Any]) -> bytes:
    """Return the file for a document, whatever stands in it."""
    unsealed = msgspec.json.encode({**document, "seal": ""}, order="sorted")
    seal = hashlib.sha256(unsealed).hexdigest()
    return msgspec.json.encode({**document, "seal": seal}, order="sorted")
