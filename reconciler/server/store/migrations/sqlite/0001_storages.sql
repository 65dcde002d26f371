-- The state server's tables. Constraints live here, so that no program that writes the file can
-- get round them. `typeof` does what STRICT tables would: those need SQLite 3.37.
-- BINARY compares names by code point. Times are RFC 3339, UTC, with microseconds: as text they
-- sort as in time.
CREATE TABLE platform (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL CONSTRAINT platform_id_is_text CHECK (typeof(id) = 'text' AND id <> ''),
    revision INTEGER NOT NULL CONSTRAINT revision_is_a_count
        CHECK (typeof(revision) = 'integer' AND revision >= 0)
);
CREATE TABLE storages (
    id TEXT NOT NULL PRIMARY KEY
        CONSTRAINT id_is_text CHECK (typeof(id) = 'text' AND id <> ''),
    name TEXT NOT NULL COLLATE BINARY UNIQUE
        CONSTRAINT name_is_not_empty CHECK (typeof(name) = 'text' AND name <> ''),
    label TEXT NOT NULL
        CONSTRAINT label_is_text CHECK (typeof(label) = 'text'),
    type TEXT NOT NULL
        CONSTRAINT type_is_s3_or_local CHECK (type IN ('S3', 'local')),
    default_url TEXT NOT NULL
        CONSTRAINT default_url_is_not_empty
        CHECK (typeof(default_url) = 'text' AND default_url <> ''),
    created_at TEXT NOT NULL
        CONSTRAINT created_at_is_a_time CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    revision INTEGER NOT NULL
        CONSTRAINT storage_revision_is_a_count CHECK (typeof(revision) = 'integer' AND revision > 0),
    files INTEGER NOT NULL DEFAULT 0
        CONSTRAINT files_is_a_count CHECK (typeof(files) = 'integer' AND files >= 0)
) WITHOUT ROWID;
-- RESTRICT, not CASCADE: whoever removes a storage has to remove the records of its files by a
-- statement of its own.
CREATE TABLE inventory (
    storage_id TEXT NOT NULL REFERENCES storages (id) ON UPDATE RESTRICT ON DELETE RESTRICT,
    upload_id TEXT NOT NULL
        CONSTRAINT upload_id_is_at_most_2000_bytes
        CHECK (typeof(upload_id) = 'text' AND length(CAST(upload_id AS BLOB)) <= 2000),
    checksum TEXT NOT NULL
        CONSTRAINT checksum_is_text CHECK (typeof(checksum) = 'text'),
    checksum_on_disk TEXT NOT NULL
        CONSTRAINT checksum_on_disk_is_text CHECK (typeof(checksum_on_disk) = 'text'),
    PRIMARY KEY (storage_id, upload_id)
) WITHOUT ROWID;
-- One line for each write; its revision is the platform's. `before` and `after` are JSON.
-- The line of a create is also its answer, told again to whoever repeats its idempotency key.
CREATE TABLE audit (
    revision INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    account TEXT NOT NULL,
    run TEXT NOT NULL,
    actor TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    job_url TEXT NOT NULL,
    action TEXT NOT NULL CONSTRAINT action_is_known CHECK (action IN (
        'create', 'update', 'remove', 'record_inventory',
        'lease_broken', 'token_created', 'token_revoked')),
    storage_id TEXT NOT NULL,
    name TEXT NOT NULL,
    previous_name TEXT,
    before TEXT,
    after TEXT,
    idempotency_key TEXT
);
CREATE INDEX audit_by_name ON audit (name);
CREATE INDEX audit_by_previous_name ON audit (previous_name) WHERE previous_name IS NOT NULL;
CREATE UNIQUE INDEX audit_by_key ON audit (account, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY
        CONSTRAINT token_id_is_not_empty CHECK (typeof(id) = 'text' AND id <> ''),
    name TEXT NOT NULL
        CONSTRAINT token_name_has_1_to_200_characters
        CHECK (typeof(name) = 'text' AND name <> '' AND length(name) <= 200),
    role TEXT NOT NULL
        CONSTRAINT role_is_known CHECK (role IN ('reader', 'operator', 'admin')),
    digest BLOB NOT NULL
        CONSTRAINT digest_has_32_bytes CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) WITHOUT ROWID;
-- The latest lease, also when it was given up (`ended`) or has run out.
CREATE TABLE lease (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    fence INTEGER NOT NULL
        CONSTRAINT fence_is_a_count CHECK (typeof(fence) = 'integer' AND fence >= 0),
    account TEXT NOT NULL,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    job_url TEXT NOT NULL,
    reason TEXT NOT NULL,
    acquired_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended INTEGER NOT NULL CHECK (ended IN (0, 1))
);
INSERT INTO lease VALUES (1, 0, '', '', '', '', '', '', '', 1);
