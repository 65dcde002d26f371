"""The tables of the embedded platform, and the marks by which its file is known."""

from reconciler.lease.contract import Lease

#: "reco", where the SQLite file format keeps the application's mark.
APPLICATION_ID = 0x7265636F
#: "recs": the mark of a state server's database, which has other tables.
STATE_SERVER = 0x72656373
#: Raised by one when the schema changes; this version opens nothing newer.
SCHEMA_VERSION = 2

# Who may write (format 2). The row stays when a lease ends, so that fences only ever grow.
LEASE = """
CREATE TABLE lease (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    fence INTEGER NOT NULL CHECK (typeof(fence) = 'integer' AND fence > 0),
    owner TEXT NOT NULL CHECK (typeof(owner) = 'text'),
    host TEXT NOT NULL CHECK (typeof(host) = 'text'),
    job_url TEXT NOT NULL CHECK (typeof(job_url) = 'text'),
    reason TEXT NOT NULL CHECK (typeof(reason) = 'text'),
    process TEXT NOT NULL CHECK (typeof(process) = 'text'),
    acquired_at TEXT NOT NULL CHECK (typeof(acquired_at) = 'text'),
    expires_at TEXT NOT NULL CHECK (typeof(expires_at) = 'text'),
    released INTEGER NOT NULL CHECK (released IN (0, 1))
)
"""
# Constraints live here, so that no program that writes the file can get round them.
# `typeof` does what STRICT tables would: those need SQLite 3.37, and Python 3.11 also runs where
# the system's library is older. RESTRICT, not CASCADE: whoever removes a storage has to remove
# the records of its files by a statement of its own. BINARY compares names by code point.
SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE platform (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL CHECK (typeof(id) = 'text' AND id <> '')
);
CREATE TABLE storages (
    id TEXT NOT NULL PRIMARY KEY
        CONSTRAINT id_is_text CHECK (typeof(id) = 'text' AND id <> ''),
    name TEXT NOT NULL COLLATE BINARY UNIQUE
        CONSTRAINT name_is_text CHECK (typeof(name) = 'text' AND name <> ''),
    label TEXT NOT NULL
        CONSTRAINT label_is_text CHECK (typeof(label) = 'text'),
    type TEXT NOT NULL
        CONSTRAINT type_is_s3_or_local CHECK (type IN ('S3', 'local')),
    default_url TEXT NOT NULL
        CONSTRAINT default_url_is_text CHECK (typeof(default_url) = 'text' AND default_url <> ''),
    created_at TEXT NOT NULL
        CONSTRAINT created_at_is_text CHECK (typeof(created_at) = 'text')
) WITHOUT ROWID;
CREATE TABLE inventory (
    storage_id TEXT NOT NULL REFERENCES storages (id) ON UPDATE RESTRICT ON DELETE RESTRICT,
    upload_id TEXT NOT NULL
        CONSTRAINT upload_id_is_text CHECK (typeof(upload_id) = 'text'),
    checksum TEXT NOT NULL
        CONSTRAINT checksum_is_text CHECK (typeof(checksum) = 'text'),
    checksum_on_disk TEXT NOT NULL
        CONSTRAINT checksum_on_disk_is_text CHECK (typeof(checksum_on_disk) = 'text'),
    PRIMARY KEY (storage_id, upload_id)
) WITHOUT ROWID;
{LEASE};
"""
#: A lease by its fence and its holder: a file that was restored gives a fence out again.
THIS_LEASE = "fence = ? AND owner = ? AND acquired_at = ? AND NOT released"


def lease_key(lease: Lease) -> tuple[int, str, str]:
    """Return the values that `THIS_LEASE` compares."""
    return lease.fence, lease.holder.owner, lease.acquired_at
