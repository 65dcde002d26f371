"""Secrets in addresses: user names, passwords, signatures, tokens and keys, found and masked."""

from __future__ import annotations

import re

from reconciler.printable import quoted

# These patterns are compiled when they are needed: most runs meet none, and it takes a while.
#: A password may hold `/` and `#`: what follows a colon and is no port, up to an `@`, is one.
_USER = (
    r"(?:[^/\\?#]*(?:@|%40)|(?!\[)[^/\\?#@]*(?::|%3[Aa])(?![0-9]{0,5}(?:[/\\?#]|\Z))[^?]{0,4096}@)"
)
#: It stands behind two slashes, at the start or within another address, or in one without them
#: (`https:user:password@host`), in which a single letter is a drive of Windows.
_USER_INFO = (
    rf"((?:\A[^A-Za-z0-9/\\._~$\-]*|[:=,;(])(?:[/\\]{{2}}){{1,2}}){_USER}"
    rf"|\A[^/\\?#@:]{{2,}}:[/\\]?{_USER}"
)
#: A parameter of a query or fragment by whose name its value is a secret: a name that ends in one
#: of these, or whose last word is one (`design` is no `sig`, `author` is no `auth`).
_PARAMETER = (
    r"(?i)([?#&;](?:[^=?#&;]*(?:token|secret|password|passwd|passphrase|pwd|signature|credentials?"
    r"|(?:access|api|account|secret|private|shared|sas)[_-]?key|access[_-]?key[_-]?id"
    r"|authorization)|(?:[^=?#&;]*[._-])?(?:sig|auth|key|pass|pw|sas|jwt))=)[^&#;]+"
)
#: What may be an address in a sentence, up to a blank or a quotation mark: one within a password
#: ends nothing.
_IN_TEXT = r"(?:[^\s'\"<>]*[/\\]{2}[^\s/\\?#@:]*:[^\s/\\?#@]*@)?[^\s'\"<>]+"


def has_user_info(url: str) -> bool:
    """Return whether a URL carries a user name or password."""
    return ("@" in url or "%40" in url) and re.search(_USER_INFO, url) is not None


def has_secret(url: str) -> bool:
    """Return whether a URL carries what must not be seen: a user, or a signature, token or key.

    `schemas/manifest.schema.json` draws the same line; a property test holds the two together.
    """
    return has_user_info(url) or ("=" in url and re.search(_PARAMETER, url) is not None)


def masked(url: str) -> str:
    """Return a URL with user name and password, signatures, tokens and keys replaced by `***`."""
    if not has_secret(url):
        return url
    return re.sub(_PARAMETER, r"\1***", re.sub(_USER_INFO, r"\1***@", url))


def masked_in(text: str) -> str:
    """Return a text that somebody else wrote, with each address in it `masked`."""
    return re.sub(_IN_TEXT, lambda found: masked(found[0]), text)


def quoted_url(url: str) -> str:
    """Return a URL, or another address, as messages print it: `masked`, escaped, in quotes."""
    return quoted(masked(url))
