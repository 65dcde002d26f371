"""What foreign code raised, in words that are fit to be shown: short, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.masking import masked_in
from reconciler.printable import shown

#: What was raised is read this far, and told this far, in characters.
_READ, _TOLD = 2000, 200
#: No shorter piece of a secret gives it away, and no shorter one is looked for.
_PIECE = 8
_WITHHELD = "its text is withheld, since it holds a secret"
_QUERY = re.compile(r"(://[^\s?#]*)[?#]\S*")
_SECRET = re.compile(
    r"(?i)((?:bearer|basic)\s+|(?:token|secret|password|passwd|api[_-]?key|authorization)"
    r"[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"',;]+"
)
_JWT = re.compile(r"eyJ[\w-]+(?:\.[\w-]*)*")
#: What may be a key: long, without a space or a slash, of letters and digits.
_KEY_LIKE = re.compile(r"(?=[\w+=~-]*\d)(?=[\w+=~-]*[^\W\d_])[\w+=~-]{16,}")


def cause(error: BaseException, secrets: Iterable[str], *, all_known: bool) -> str:
    """Return the type of what was raised and its text, cleaned and cut.

    Unless the secrets that the text may hold are `all_known`, whatever may be one is left out.
    """
    kind = type(error).__name__
    try:
        text = str(error)[:_READ]
    except KeyboardInterrupt:
        raise
    except BaseException:  # foreign code again
        return kind
    if any(_holds(text, secret) for secret in secrets):
        return f"{kind} ({_WITHHELD})"
    text = masked_in(text)
    # Of what foreign code says, no query is known to be harmless.
    text = _QUERY.sub(r"\1?***", text)
    text = _JWT.sub("***", _SECRET.sub(r"\1***", text))
    if not all_known:
        text = _KEY_LIKE.sub("***", text)
    text = shown(" ".join(text.split()))
    if len(text) > _TOLD:
        text = text[:_TOLD] + "…"
    return f"{kind}: {text}" if text else kind


def _holds(text: str, secret: str) -> bool:
    """Return whether a text holds a piece of a secret."""
    size = min(_PIECE, len(secret))
    pieces = {secret[i : i + size] for i in range(len(secret) - size + 1)}
    return any(text[i : i + size] in pieces for i in range(len(text) - size + 1)) and bool(size)
