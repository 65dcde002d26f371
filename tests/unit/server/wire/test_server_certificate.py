"""The time in which a server's certificate is valid, read from the file and told in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from reconciler.server.wire.certificate import read_certificates
from support.server.certificates import Authority

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("begins", "ends", "told"),
    [
        (-9 * DAY, -DAY, "has expired on"),
        (DAY, 90 * DAY, "is not valid before"),
        (-9 * DAY, 13 * DAY, "expires on"),
        (-9 * DAY, 15 * DAY, None),
        (-9 * DAY, timedelta(days=365 * 60), None),  # the longer form of a time
    ],
)
def test_what_is_warned_of(
    tmp_path: Path, begins: timedelta, ends: timedelta, told: str | None
) -> None:
    file, _ = Authority(tmp_path).files(begins=begins, ends=ends)
    (certificate,) = read_certificates(str(file))
    warning = certificate.warning(NOW)
    assert told in warning if told else warning is None, warning
    if warning:
        assert warning.startswith(f"the certificate in '{file}' ")
    # An independent reader agrees.
    other = x509.load_pem_x509_certificate(file.read_bytes())
    assert certificate.begins == other.not_valid_before_utc
    assert certificate.ends == other.not_valid_after_utc


def test_a_chain_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    file, _ = Authority(tmp_path).files()
    trustme.CA().cert_pem.write_to_path(str(file), append=True)
    file.write_bytes(
        file.read_bytes() + b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    )
    own, authority = read_certificates(str(file))
    assert authority.said == f"certificate 2 in '{file}'"
    late = authority.ends + DAY
    assert "certificate 2" in str(authority.warning(late))
    assert "the certificate" in str(own.warning(late))
