"""Manifests of any size. They are written line by line, so that this process stays small."""

from pathlib import Path


def write_manifest(path: Path, count: int) -> None:
    """Declare `count` storages: a third on AWS, a third on another S3, a third local."""
    with path.open("w", encoding="utf-8") as file:
        file.write("version: 1\nstorages:\n")
        file.writelines(_entry(i) for i in range(count))


def _entry(i: int) -> str:
    if i % 3 == 0:
        return (
            f"  - name: frames-{i:06d}\n    label: Raw frames {i}\n    type: S3\n"
            f"    region: eu-central-2\n    bucket: lab-raw-{i:06d}\n"
        )
    if i % 3 == 1:
        return (
            f"  - name: minio-{i:06d}\n    label: On-premise {i}\n    type: S3\n"
            f"    default_url: https://storage-server:9000/bucket-{i:06d}\n"
        )
    return (
        f"  - name: nas-{i:06d}\n    label: NAS {i}\n    type: local\n"
        f"    default_url: /data/nas/{i:06d}\n"
    )
