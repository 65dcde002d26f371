"""What requests say in their headers and queries, read strictly."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import unquote

from starlette.datastructures import Headers

from reconciler.server.calls.problems import Problem, malformed
from reconciler.server.store.values import Author
from reconciler.version import __version__

#: What all answers have.
COMMON_HEADERS = (
    (b"reconciler-version", __version__.encode()),
    # An answer may be kept, but must be asked about again; and nothing in it is a web page.
    (b"cache-control", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)
MERGE_PATCH = "application/merge-patch+json"
#: Largest number that a client may send: what JSON readers everywhere can hold exactly.
LARGEST = 2**53 - 1
_CLAIM_LENGTH = 1024
_LARGEST_PAGE, _USUAL_PAGE = 10_000, 1_000
_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
_VISIBLE = re.compile(r"[!-~]*", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
_TAG = re.compile(r'[ \t]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*')
_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII | re.IGNORECASE)


def single(headers: Headers, name: str) -> str | None:
    """Return the value of a header that may be there only once; None if it is not there."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise malformed(f"the header {name} is there {len(values)} times")
    return values[0] if values else None


def number(text: str, what: str, *, least: int = 0, most: int = LARGEST) -> int:
    """Read a whole number in plain decimal digits."""
    value = int(text) if _NUMBER.fullmatch(text) else -1
    if not least <= value <= most:
        raise malformed(f"{what} must be a whole number from {least} to {most}, not {text[:40]!r}")
    return value


def page_size(query: Mapping[str, str]) -> int:
    """Return how many entries a page may have."""
    text = query.get("limit", str(_USUAL_PAGE))
    return number(text, "limit", least=1, most=_LARGEST_PAGE)


def fence(headers: Headers) -> int | None:
    """Return the fencing token that a write relies on, if any."""
    text = single(headers, "Reconciler-Fence")
    return None if text is None else number(text, "Reconciler-Fence", least=1)


def idempotency_key(headers: Headers) -> str | None:
    """Return the key by which a create that is sent again is known."""
    key = single(headers, "Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise malformed("Idempotency-Key must be 1 to 255 visible ASCII characters")
    return key


def author(headers: Headers, account: str, token: str) -> Author:
    """Return who writes: the account, the id of its token, and what the client claims."""
    return Author(
        account,
        run=_claim(headers, "Reconciler-Run"),
        actor=_claim(headers, "Reconciler-Actor"),
        commit=_claim(headers, "Reconciler-Commit"),
        job_url=_claim(headers, "Reconciler-Job-Url"),
        token=token,
    )


def _claim(headers: Headers, name: str) -> str:
    """Read percent-encoded text. A claim proves nothing, so bytes that are no text are replaced."""
    text = single(headers, name) or ""
    if len(text) > _CLAIM_LENGTH or not _VISIBLE.fullmatch(text):
        raise malformed(
            f"{name} must be percent-encoded text of at most {_CLAIM_LENGTH} characters"
        )
    return unquote(text).replace("\0", "\N{REPLACEMENT CHARACTER}")


class Tags:
    """The entity tags of `If-Match` or `If-None-Match` (RFC 9110, section 13)."""

    def __init__(self, values: Iterable[str], name: str) -> None:
        text = ",".join(values)
        self.any = text.strip(" \t") == "*"
        self._strong: set[str] = set()
        self._all: set[str] = set()
        if not self.any:
            self._read(text, name)

    def _read(self, text: str, name: str) -> None:
        at = 0
        while found := _TAG.match(text, at):
            self._all.add(found[2])
            if not found[1]:
                self._strong.add(found[2])
            at = found.end()
            if at == len(text):
                return
            if text[at] != ",":
                break
            at += 1
        raise malformed(f'{name} is neither `*` nor a list of quoted entity tags such as "7"')

    def strongly(self, tag: str) -> bool:
        """Return whether `tag` is among them, where weak tags mean nothing (`If-Match`)."""
        return self.any or tag in self._strong

    def weakly(self, tag: str) -> bool:
        """Return whether `tag` is among them (`If-None-Match`)."""
        return self.any or tag in self._all

    def only(self) -> str | None:
        """Return the only strong tag; None if there are others."""
        return next(iter(self._strong)) if len(self._all) == len(self._strong) == 1 else None


def tags(headers: Headers, name: str) -> Tags | None:
    """Return the entity tags of a condition; None if the header is not there."""
    values = headers.getlist(name)
    return Tags(values, name) if values else None


def check_content(headers: Headers, accepted: Collection[str]) -> None:
    """Raise 415 unless the content is of an accepted media type, in UTF-8 and not compressed."""
    value = single(headers, "Content-Type") or ""
    media_type, *parameters = (part.strip().lower() for part in value.split(";"))
    charset = [part for part in parameters if part.startswith("charset=")]
    if media_type not in accepted or charset not in ([], ["charset=utf-8"], ['charset="utf-8"']):
        raise Problem(
            "unsupported-media-type",
            f"send {' or '.join(accepted)}, in UTF-8",
            headers=tuple((name, ", ".join(accepted)) for name in _accepting(accepted)),
        )
    if (single(headers, "Content-Encoding") or "identity").lower() != "identity":
        raise Problem(
            "unsupported-media-type",
            "send the content without Content-Encoding",
            headers=(("Accept-Encoding", "identity"),),
        )


def _accepting(accepted: Collection[str]) -> tuple[str, ...]:
    """Name the headers that tell what is accepted."""
    return ("Accept", "Accept-Patch") if MERGE_PATCH in accepted else ("Accept",)


def accepts_gzip(headers: Headers) -> bool:
    """Return whether the client asks for gzip (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in ",".join(headers.getlist("Accept-Encoding")).split(","):
        coding, _, parameter = part.partition(";")
        weight = _WEIGHT.fullmatch(parameter.strip())
        weights[coding.strip().lower()] = float(weight[1]) if weight else 1.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def query(raw: bytes, allowed: Collection[str]) -> dict[str, str]:
    """Read a query string. Unknown and repeated parameters are errors: a typo must not be lost."""
    found: dict[str, str] = {}
    for part in filter(None, raw.decode("latin-1").split("&")):
        name, _, value = (_decoded(text) for text in part.partition("="))
        if name not in allowed:
            known = ", ".join(allowed) or "none"
            raise malformed(f"there is no parameter {name[:40]!r} here (known: {known})")
        if name in found:
            raise malformed(f"the parameter {name} is there more than once")
        found[name] = value
    return found


def _decoded(text: str) -> str:
    try:
        if _ENCODED.search(text) or not text.isascii():
            raise malformed("the query is not percent-encoded UTF-8")
        return unquote(text.replace("+", " "), errors="strict")
    except UnicodeDecodeError:
        raise malformed("the query is not percent-encoded UTF-8") from None
