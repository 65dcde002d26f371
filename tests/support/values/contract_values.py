"""What the contract suite creates, on every platform, and how it looks at the result."""

from __future__ import annotations

from reconciler.location import aws_url
from reconciler.model import Storage, Values
from reconciler.platform import Reader

NAS = Values("nas", "NAS, building 3", "local", "file:///data/nas")
MINIO = Values("minio", "On-premise", "S3", "https://storage-server:9000/my-bucket")
AWS = Values(
    "raw", "Raw", "S3", aws_url("eu-central-2", "lab"), region="eu-central-2", bucket="lab"
)
ODD_NAMES = [
    "Updated Backup Storage",
    " leading and trailing ",
    " ",
    "🧊 Kühlschrank №5",
    "\u202eright to left",
    'it\'s "quoted" `twice`',
    "'); DROP TABLE storages; --",
    "%s %(name)s ?1 :name $name {name}",
    "null",
    "0",
    "*",
    "~move-00000000",
    "x" * 10_000,
    "\U0010ffff",
]
#: A platform keeps names with control characters, or refuses them; labels it keeps in any case.
CONTROLS = ["tab\tnewline\nescape\x1b[31m", "\0", "nul\0inside", "delete\x7f", "next line\x85"]


def listed(reader: Reader) -> set[Storage]:
    return set(reader.read().storages)


def names(reader: Reader) -> set[str]:
    return {storage.name for storage in reader.read().storages}
