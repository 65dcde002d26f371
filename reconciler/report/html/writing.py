"""Pages from values: the templates, what they may print, and the policy that a page holds to.

The only module that imports the template engine, which is imported for pages alone.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

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


def written(page: Page) -> str:
    """Write a report as a page of its own."""
    return rendered("report.html", page=page)


def rendered(template: str, **values: object) -> str:
    """Fill a template, which stands in the frame of all: `base.html`."""
    return _environment().get_template(template).render(values) + "\n"


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
    # They are our own files, which stand in the page as they are: the policy has their hashes.
    style, script = (_source(templates, name) for name in ("style.css", "script.js"))
    policy = _POLICY.format(style=_hash(style), script=_hash(script))
    templates.globals.update(
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=Markup(policy),  # noqa: S704
        tool_version=__version__,
    )
    templates.filters.update(code=escape.code, prose=escape.prose, spoken=spoken)
    return templates


def _source(templates: Environment, name: str) -> str:
    assert templates.loader is not None  # noqa: S101 - it was given just now
    return templates.loader.get_source(templates, name)[0]


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
