"""Where notifications go: addresses as apprise has them, which hold tokens and passwords.

They are secrets as a whole, so messages call a destination by its name, or by its number.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping

from reconciler.environment.secret_values import Secret, read_text
from reconciler.errors import UsageError
from reconciler.printable import quoted, word

VARIABLE = "RECONCILER_NOTIFY_URLS"
OPTION = "--notify-urls"
#: A name, and an address: `team=slack://…`. Apprise calls it a tag.
_LINE = re.compile(r"(?:(?P<name>[\w.-]{1,60})\s*=\s*)?(?P<url>[A-Za-z][\w.+-]*://\S.*)", re.DOTALL)
_MOST = 20
#: Also one that lacks a slash; a drive of Windows has one letter.
_ADDRESS = re.compile(r"[A-Za-z][\w.+-]+:|.*://")
#: A thread each.
MOST_RECIPIENTS = 100
#: Webhooks: whatever stands in such an address, it is one recipient.
_HOOKS = re.compile(r"(?i)(?:json|xml|form)s?://")


def called(name: str, recipient: int) -> str:
    """Return the name of a destination: of the first recipient at an address it is the address's.

    >>> [called("team", recipient) for recipient in range(3)]
    ['team', 'team/2', 'team/3']
    """
    return f"{name}/{recipient + 1}" if recipient else name


def has_one_recipient(url: Secret) -> bool:
    """Return whether one is all that an address can have, as far as that is known at once."""
    return _HOOKS.match(url.reveal()) is not None


def is_asked_for(environ: Mapping[str, str], path: str | None) -> bool:
    """Return whether anybody is to be notified."""
    return path is not None or VARIABLE in environ or f"{VARIABLE}_FILE" in environ


def read_addresses(environ: Mapping[str, str], path: str | None) -> dict[str, Secret]:
    """Read the addresses, by their names: of a file, or of the variable, one a line.

    Raises `UsageError` for what can't be read, is empty, or is no address; no message shows one.
    """
    if path is not None and _ADDRESS.match(path):
        raise UsageError(
            f"{OPTION} names a file: an address holds tokens, and everybody on this machine sees "
            "what stands on a command line"
        )
    given = {OPTION: path, VARIABLE: environ.get(VARIABLE)}
    given[f"{VARIABLE}_FILE"] = environ.get(f"{VARIABLE}_FILE")
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} are given together: give one of them")
    (name,) = names
    value = given[name] or ""
    text = value if name == VARIABLE else read_text(name, value, "list of addresses")
    return _addresses(text.splitlines(), name)


def exposed(path: str) -> str:
    """Say that everybody on this machine may read a file of addresses; empty if they may not."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - "" is an error, not "."
    except OSError:
        return ""
    if sys.platform == "win32" or not mode & stat.S_IROTH:
        return ""
    return (
        f"Warning: {OPTION}: everybody on this machine can read {quoted(path)}, which holds "
        f"secrets: `chmod 600 {word(path)}`"
    )


def _addresses(lines: Iterable[str], source: str) -> dict[str, Secret]:
    found: dict[str, Secret] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = _LINE.fullmatch(line.strip())
        if parts is None:
            raise UsageError(
                f"{source}: line {number} is no address, such as `team=slack://…` or `mailtos://…`"
            )
        name = parts["name"] or f"{len(found) + 1}"
        if name in found:
            raise UsageError(f"{source}: line {number}: {quoted(name)} is the name of another one")
        found[name] = Secret(parts["url"])
    if not found:
        raise UsageError(f"{source} holds no address")
    if len(found) > _MOST:
        raise UsageError(f"{source} holds {len(found)} addresses; {_MOST} can be notified")
    return found
