"""Whose certificates are trusted, and what is wrong with one that is not."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.names import quoted, shown

FILE_VARIABLE, FOLDER_VARIABLE = "SSL_CERT_FILE", "SSL_CERT_DIR"
#: OpenSSL's numbers for what can be wrong (X509_V_ERR_…).
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_HOST = (62, 64)
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21, 27)


def authorities() -> ssl.SSLContext:
    """Trust the authorities of the environment, else those of the system.

    A system without any (many containers) has those that httpx brings. Raises `UsageError` for
    what the environment names and is not there.
    """
    file, folder = os.environ.get(FILE_VARIABLE), os.environ.get(FOLDER_VARIABLE)
    if not file and not folder:
        context = ssl.create_default_context()
        if not _has_some(context):
            import certifi

            context.load_verify_locations(cafile=certifi.where())
        return context
    if folder and not Path(folder).is_dir():
        raise UsageError(f"{FOLDER_VARIABLE} names {quoted(folder)}, which is no folder")
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:  # also `ssl.SSLError`
        why = "holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        named = quoted(file or "")
        raise UsageError(f"{FILE_VARIABLE} names {named}, which can't be used ({why})") from None


def _has_some(context: ssl.SSLContext) -> bool:
    if context.cert_store_stats()["x509_ca"]:
        return True
    folder = ssl.get_default_verify_paths().capath  # is read when a certificate is to be checked
    try:
        return bool(folder) and any(Path(folder).iterdir())
    except OSError:
        return False


def distrusted(error: ssl.SSLCertVerificationError) -> str:
    """Say what is wrong with a certificate, and what helps; `its` or the like is left out."""
    code, told = error.verify_code, shown(error.verify_message)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if code == _EXPIRED:
        return (
            f"certificate, or that of its authority, has expired (by this machine's clock it is "
            f"{now}): whoever runs it must renew it, if the clock is right"
        )
    if code == _NOT_YET_VALID:
        return (
            f"certificate, or that of its authority, is not valid yet: by this machine's clock it "
            f"is {now}; set the clock, if that is wrong"
        )
    if code in _OTHER_HOST:
        return (
            f"certificate is that of another host ({told}): write the address with a name that "
            "the certificate has, or have it made anew with this one"
        )
    if code in _UNKNOWN_AUTHORITY:
        return f"certificate is not to be trusted ({told}): {_known()}"
    return f"certificate is not to be trusted ({told}): whoever runs it must have a new one made"


def is_unknown(error: ssl.SSLCertVerificationError) -> bool:
    """Say whether all that is wrong is that nobody knows who signed it."""
    return error.verify_code in _UNKNOWN_AUTHORITY


def _known() -> str:
    """Say which authorities count, and how another one is added."""
    named = [name for name in (FILE_VARIABLE, FOLDER_VARIABLE) if os.environ.get(name)]
    if not named:
        return (
            "if an authority of your own signed it, name that authority's certificate in "
            f"{FILE_VARIABLE}, or add it to those of the system"
        )
    hint = (
        "; in a folder only files count that are named as `openssl rehash` does"
        if FOLDER_VARIABLE in named
        else ""
    )
    return f"no authority in {' or '.join(named)} signed it, and no others count{hint}"
