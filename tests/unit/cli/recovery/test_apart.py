"""A repository in the storage that it is to prove is refused."""

from __future__ import annotations

import pytest

from reconciler.cli.recovery.apart import check_apart
from reconciler.errors import UsageError
from reconciler.location import location
from reconciler.recovery.values import Target

MINIO = {"AWS_ENDPOINT_URL": "http://minio:9000"}
OWN = {"AWS_ENDPOINT_URL": "https://else", "AWS_ENDPOINT_URL_S3": "http://MINIO:9000/"}


@pytest.mark.parametrize(
    ("url", "repository", "environ", "is_refused"),
    [
        ("s3://bkt", "s3://bkt/proofs", {}, True),
        ("s3://bkt", "s3://bkt", MINIO, True),
        ("s3://bkt/images", "s3://bkt/images/proofs", {}, True),
        ("s3://bkt/images", "s3://bkt/proofs", {}, False),
        ("s3://bkt/images", "s3://bkt", {}, False),
        ("s3://bkt", "s3://bkt2/proofs", {}, False),
        ("https://bkt.s3.eu-central-2.amazonaws.com", "s3://bkt/proofs", {}, True),
        ("https://bkt.s3.eu-central-2.amazonaws.com", "s3://bkt/proofs", MINIO, False),
        ("http://minio:9000/bkt", "s3://bkt/proofs", MINIO, True),
        ("http://minio:9000/bkt", "s3://bkt/proofs", OWN, True),
        ("http://minio:9001/bkt", "s3://bkt/proofs", MINIO, False),
        ("http://minio:9000/bkt", "s3://bkt/proofs", {}, False),
        ("s3://bkt", "/proofs", {}, False),
    ],
)
def test_a_repository_in_the_bucket_that_it_proves(url, repository, environ, is_refused):
    target = Target("1", "nas", "S3", location("S3", url).place, url)
    if not is_refused:
        check_apart([target], repository, environ)
        return
    with pytest.raises(UsageError, match="lies in the storage 'nas': put it elsewhere"):
        check_apart([target], repository, environ)


def test_links_that_lead_in_a_circle_are_for_the_scan_to_tell(tmp_path):
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    url = f"file://{circle}"
    target = Target("1", "nas", "local", location("local", url).place, url)
    check_apart([target], str(tmp_path / "proofs"), {})
    with pytest.raises(UsageError, match="lies in the storage 'nas'"):
        check_apart([target], str(circle), {})
