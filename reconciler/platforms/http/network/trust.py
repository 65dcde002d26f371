"""Whose certificates are trusted, and what is wrong with one that is not."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi

from reconciler.environment import certificates
from reconciler.environment.certificates import Fault, advice, context_of, fault
from reconciler.errors import UsageError
from reconciler.printable import quoted

FILE_VARIABLE, FOLDER_VARIABLE = "SSL_CERT_FILE", "SSL_CERT_DIR"


def authorities() -> ssl.SSLContext:
    """Trust the authorities of the environment, else those of the system.

    A system without any (many containers) has those that httpx brings. Raises `UsageError` for
    what the environment names and is not there.
    """
    file, folder = os.environ.get(FILE_VARIABLE), os.environ.get(FOLDER_VARIABLE)
    if not file and not folder:
        context = ssl.create_default_context()
        if not _has_some(context):
            context.load_verify_locations(cafile=certifi.where())
        return context
    if folder and not Path(folder).is_dir():
        raise UsageError(f"{FOLDER_VARIABLE} names {quoted(folder)}, which is no folder")
    return context_of(FILE_VARIABLE, file or None, folder or None)


def _has_some(context: ssl.SSLContext) -> bool:
    if context.cert_store_stats()["x509_ca"]:
        return True
    folder = ssl.get_default_verify_paths().capath  # is read when a certificate is to be checked
    try:
        return bool(folder) and any(Path(folder).iterdir())
    except OSError:
        return False


def distrusted(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a certificate, and what helps; `its` or the like is left out."""
    return certificates.distrusted(fault(error), error.verify_message, _known())


def is_unknown(error: ssl.SSLCertVerificationError) -> bool:
    """Return whether all that is wrong is that nobody knows who signed it."""
    return fault(error) is Fault.UNKNOWN_AUTHORITY


def _known() -> str:
    """Return which authorities count, and how another one is added."""
    named = [name for name in (FILE_VARIABLE, FOLDER_VARIABLE) if os.environ.get(name)]
    if not named:
        return advice(FILE_VARIABLE)
    hint = (
        "; in a folder only files count that are named as `openssl rehash` does"
        if FOLDER_VARIABLE in named
        else ""
    )
    return f"no authority in {' or '.join(named)} signed it, and no others count{hint}"
