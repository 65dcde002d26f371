"""Certificates made for a test: of an authority of its own, for any host and any time."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """Signs certificates; its own is in a file that SSL_CERT_FILE can name."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._folder = folder
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(
        self, *names: str, begins: timedelta = timedelta(-2), ends: timedelta = timedelta(days=90)
    ) -> ssl.SSLContext:
        """Make what a server needs, with a certificate that is good between two times from now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._made(names, begins, ends).configure_cert(context)
        return context

    def files(
        self, *names: str, begins: timedelta = timedelta(-2), ends: timedelta = timedelta(days=90)
    ) -> tuple[Path, Path]:
        """Write certificate and key, and give where they are."""
        made = self._made(names, begins, ends)
        cert, key = self._folder / "server.pem", self._folder / "server.key"
        made.private_key_pem.write_to_path(str(key))
        made.cert_chain_pems[0].write_to_path(str(cert))
        return cert, key

    def _made(self, names: tuple[str, ...], begins: timedelta, ends: timedelta) -> trustme.LeafCert:
        now = datetime.now(UTC)
        return self._ca.issue_cert(
            *(names or ("127.0.0.1",)), not_before=now + begins, not_after=now + ends
        )
