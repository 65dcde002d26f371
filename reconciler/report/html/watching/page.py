"""The page of a watch as HTML, with the policy that it is to be served with."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import msgspec

from reconciler.report.html.watching.lists import ALL, moment
from reconciler.report.html.watching.overview import Overview, Wish
from reconciler.report.html.writing import Frame, policy_of, rendered

_FRAME = Frame(("style.css", "watch.css"), "watch.js")
#: What a browser may do for it: run and apply what stands in it, ask its own server again, and
#: send it a search.
_POLICY = (
    "default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def _address(wish: Wish, page: int) -> str:
    """Return where another page of the storages is, that has what is searched for."""
    asked = {"words": wish.words, "show": "" if wish.show == ALL else wish.show, "page": page}
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


def tag_of(overview: Overview) -> str:
    """Return by what a browser says that it shows this already."""
    return hashlib.sha256(msgspec.json.encode(overview)).hexdigest()[:32]


def policy() -> str:
    """Return the policy with which the page is to be served."""
    return policy_of(_POLICY, _FRAME)


def html(overview: Overview, at: str) -> str:
    """Write the page; `at` is when that was."""
    tag = tag_of(overview)
    values = {"view": overview, "at": at, "of": moment(at), "tag": tag, "address": _address}
    return rendered("watch.html", _FRAME, **values)
