"""Whose certificates are trusted in tests, and in the commands that they start: a single one.

To read the hundred and more authorities of a machine takes 10 to 50 ms for each client that is
made, even of a server without TLS: more than most tests. That one signs nothing, and its key was
never kept: a server with TLS is trusted where a test says so and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from support.repository import TESTS

_NOBODY = TESTS / "support" / "faults" / "tls" / "nobody.pem"
_FILE, _FOLDER, _OF_S3 = "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"
_machine = {name: os.environ[name] for name in (_FILE, _FOLDER, _OF_S3) if name in os.environ}


def trust_one() -> None:
    """Set the environment so that one certificate is all that clients read."""
    os.environ.pop(_FOLDER, None)
    os.environ.pop(_OF_S3, None)
    os.environ[_FILE] = str(_NOBODY)


def trust_as_the_machine(environment: MutableMapping[str, str]) -> None:
    """Set back, for a program that fetches something from elsewhere, what the machine has set."""
    environment.pop(_FILE, None)
    environment.update(_machine)
