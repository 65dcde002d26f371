"""Who runs this process, and on which machine."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from getpass import getuser

from reconciler.environment.origin import Origin, origin_of, run_id


def origin_here(environ: Mapping[str, str]) -> Origin:
    """Return where this run comes from, with an id of its own."""
    run = run_id(time.time(), os.urandom(3))
    return origin_of(environ, run=run, user=_user(), host=_host(environ))


def _user() -> str:
    # A container may run as a user that nobody has given a name.
    with suppress(OSError, KeyError, ImportError):
        return getuser()
    return f"uid {os.getuid()}" if hasattr(os, "getuid") else ""


def _host(environ: Mapping[str, str]) -> str:
    return os.uname().nodename if hasattr(os, "uname") else environ.get("COMPUTERNAME", "")
