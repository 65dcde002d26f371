"""What is wrong with a server's certificate, in words, whichever library has found it out."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cache
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.printable import quoted, shown


class Fault(Enum):
    """What can be wrong with a certificate."""

    EXPIRED = auto()
    NOT_YET_VALID = auto()
    OTHER_HOST = auto()
    UNKNOWN_AUTHORITY = auto()
    OTHER = auto()


#: OpenSSL's numbers for what can be wrong (X509_V_ERR_…).
_OF_OPENSSL = {
    9: Fault.NOT_YET_VALID,
    10: Fault.EXPIRED,
    **dict.fromkeys((62, 64), Fault.OTHER_HOST),
    **dict.fromkeys((2, 18, 19, 20, 21, 27), Fault.UNKNOWN_AUTHORITY),
}


def fault(error: ssl.SSLCertVerificationError) -> Fault:
    """Return what OpenSSL has found."""
    return _OF_OPENSSL.get(error.verify_code, Fault.OTHER)


def distrusted(fault: Fault, told: str, known: str) -> str:
    """Return what is wrong with a certificate, and what helps; `its` or the like is left out.

    `told` is what the library says of it; `known` tells which authorities count.
    """
    told, now = shown(told), datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {
        Fault.EXPIRED: (
            f"certificate, or that of its authority, has expired (by this machine's clock it is "
            f"{now}): whoever runs it must renew it, if the clock is right"
        ),
        Fault.NOT_YET_VALID: (
            f"certificate, or that of its authority, is not valid yet: by this machine's clock it "
            f"is {now}; set the clock, if that is wrong"
        ),
        Fault.OTHER_HOST: (
            f"certificate is that of another host ({told}): write the address with a name that "
            "the certificate has, or have it made anew with this one"
        ),
        Fault.UNKNOWN_AUTHORITY: f"certificate is not to be trusted ({told}): {known}",
        Fault.OTHER: (
            f"certificate is not to be trusted ({told}): whoever runs it must have a new one made"
        ),
    }[fault]


def advice(variable: str) -> str:
    """Return how an authority of one's own is added, where none is named so far."""
    return (
        "if an authority of your own signed it, name that authority's certificate in "
        f"{variable}, or add it to those of the system"
    )


def context_of(variable: str, file: str | None, folder: str | None = None) -> ssl.SSLContext:
    """Trust the authorities in a file or folder; `UsageError` if `variable` can't mean this."""
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:  # also `ssl.SSLError`
        why = "holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        named = quoted(file or "")
        raise UsageError(f"{variable} names {named}, which can't be used ({why})") from None


def check(variable: str, file: str) -> None:
    """Raise `UsageError` if a file of authorities that a variable names can't be used.

    It is read anew only when it has changed: that is dear, and each bucket has clients of its own.
    """
    try:
        found = Path(file).stat()
        version = (found.st_mtime_ns, found.st_ino, found.st_size)
    except (OSError, ValueError):
        version = None  # reading it says what is wrong with it
    _check(variable, file, version)


@cache
def _check(variable: str, file: str, _version: object) -> None:
    context_of(variable, file)
