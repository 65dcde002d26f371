"""Whose certificates S3 servers may have: alike for the lock in a bucket and `--check-backends`."""

from __future__ import annotations

import ssl
from pathlib import Path

from reconciler.environment.certificates import Fault, advice, context_of, distrusted

VARIABLE = "AWS_CA_BUNDLE"
#: Where systems keep their authorities in one file, where OpenSSL does not know it.
_USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
NO_TLS = "there is no TLS there that we can speak: check https:// and the port"


def named_file(configured: str | None) -> str | None:
    """Check the file of authorities that `AWS_CA_BUNDLE`, or a profile, names; None if it is unset.

    Raises `UsageError` if it can't be used.
    """
    if not configured:
        return None
    context_of(VARIABLE, configured)
    return configured


def system_file() -> str | None:
    """Find the authorities of `SSL_CERT_FILE`, else those of the system; None if there are none."""
    usual = (ssl.get_default_verify_paths().cafile, *_USUAL)
    return next((path for path in usual if path and Path(path).is_file()), None)


def s3_distrusted(fault: Fault, told: str, *, named: bool) -> str:
    """Say what is wrong with an S3 server's certificate; `named`: a file of authorities is set."""
    known = f"no authority in {VARIABLE} signed it" if named else advice(VARIABLE)
    return f"its {distrusted(fault, told, known)}"
