"""Pages from values: the templates, what they may print, and the policy that a page holds to.

The only module that imports the template engine, which is imported for pages alone.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reconciler.report.html import escape
from reconciler.report.html.page import Page
from reconciler.report.sentences.terms import spoken
from reconciler.version import __version__

#: What a browser may do for a page: run and apply what stands in it, and nothing that was put in.
#: The icon is an empty one that stands in the page, so that nobody asks a server for one.
_POLICY = (
    "default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


class Frame(NamedTuple):
    """Which of our own files stand in a page."""

    styles: tuple[str, ...]
    script: str


REPORT = Frame(("style.css",), "script.js")


def written(page: Page) -> str:
    """Write a report as a page of its own."""
    return rendered("report.html", REPORT, page=page)


def rendered(template: str, frame: Frame, **values: object) -> str:
    """Fill a template, which stands in the frame of all: `base.html`."""
    policy = Markup(policy_of(_POLICY, frame))  # noqa: S704 - of our own files
    return (
        _environment()
        .get_template(template)
        .render(
            {
                **values,
                "style": _source(*frame.styles),
                "script": _source(frame.script),
                "policy": policy,
            }
        )
        + "\n"
    )


def policy_of(policy: str, frame: Frame) -> str:
    """Fill in a policy the hashes of style and script."""
    return policy.format(style=_hash(_source(*frame.styles)), script=_hash(_source(frame.script)))


@cache
def _environment() -> Environment:
    templates = Environment(
        loader=PackageLoader("reconciler.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=escape.safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(tool_version=__version__)
    templates.filters.update(code=escape.code, prose=escape.prose, spoken=spoken)
    return templates


@cache
def _source(*names: str) -> Markup:
    """Return files of our own, which stand in a page as they are."""
    templates = _environment()
    assert templates.loader is not None  # noqa: S101 - it was given above
    each = [templates.loader.get_source(templates, name)[0] for name in names]
    return Markup("".join(each))  # noqa: S704


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
