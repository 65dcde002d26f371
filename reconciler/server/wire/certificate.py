"""When the certificate of a server is valid: the one thing that a start would not notice."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from reconciler.printable import quoted

#: How long before its end a certificate is warned of.
SOON = timedelta(days=14)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
#: The tag of a version, which may be left out.
_VERSION = 0xA0


class Tls(Struct, frozen=True):
    """Certificate (with its chain) and private key: paths of PEM files."""

    cert: str
    key: str


class Certificate(Struct, frozen=True):
    """From when until when one certificate of a file is valid."""

    said: str
    begins: datetime
    ends: datetime

    def warning(self, now: datetime) -> str | None:
        """Return what is wrong with that time, or soon will be; None if nothing."""
        if now >= self.ends:
            what = f"has expired on {_day(self.ends)}: clients refuse it; renew it, and start again"
        elif now < self.begins:
            what = f"is not valid before {_day(self.begins)}: until then clients refuse it"
        elif now >= self.ends - SOON:
            what = f"expires on {_day(self.ends)}: renew it, and start again before that"
        else:
            return None
        return f"{self.said} {what}"


def read_certificates(file: str) -> list[Certificate]:
    """Read a server's certificate, and those of its authorities that follow it."""
    found = []
    for number, pem in enumerate(_PEM.findall(Path(file).read_text(encoding="latin-1")), 1):
        which = "the certificate" if number == 1 else f"certificate {number}"
        try:
            begins, ends = validity(ssl.PEM_cert_to_DER_cert(pem))
        except (IndexError, ValueError):  # OpenSSL, which has taken the file, knows better
            continue
        found.append(Certificate(f"{which} in {quoted(file)}", begins, ends))
    return found


def validity(der: bytes) -> tuple[datetime, datetime]:
    """Read from when until when a certificate is valid (RFC 5280, section 4.1).

    Python tells that only of a certificate that it has verified.
    """
    at, _ = _enter(der, 0)  # Certificate
    at, _ = _enter(der, at)  # TBSCertificate
    if der[at] == _VERSION:
        at = _after(der, at)  # version
    for _ in ("serialNumber", "signature", "issuer"):
        at = _after(der, at)
    at, _ = _enter(der, at)  # Validity
    return _time(der, at), _time(der, _after(der, at))


def _enter(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of an element begins and ends."""
    first = der[at + 1]
    if first < 0x80:
        return at + 2, at + 2 + first
    begin = at + 2 + (first & 0x7F)
    return begin, begin + int.from_bytes(der[at + 2 : begin])


def _after(der: bytes, at: int) -> int:
    return _enter(der, at)[1]


def _time(der: bytes, at: int) -> datetime:
    begin, end = _enter(der, at)
    text = der[begin:end].decode("ascii")
    if len(text) == len("YYMMDDHHMMSSZ"):
        text = ("20" if text < "50" else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _day(time: datetime) -> str:
    return time.strftime("%Y-%m-%d")
