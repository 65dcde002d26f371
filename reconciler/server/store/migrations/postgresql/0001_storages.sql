-- The state server's tables. Constraints live here, so that no program that writes to the
-- database can get round them. COLLATE "C" compares text by code point.
-- Text is stored escaped where it holds U+0000 or U+0001: see store/postgresql/text.py.
-- Times are RFC 3339, UTC, with microseconds: as text they sort as in time.
CREATE TABLE platform (
    only_row integer PRIMARY KEY CHECK (only_row = 1),
    id text COLLATE "C" NOT NULL CONSTRAINT platform_id_is_text CHECK (id <> ''),
    revision bigint NOT NULL CONSTRAINT revision_is_a_count CHECK (revision >= 0)
);
CREATE TABLE storages (
    id text COLLATE "C" PRIMARY KEY CONSTRAINT id_is_text CHECK (id <> ''),
    name text COLLATE "C" NOT NULL CONSTRAINT name_is_not_empty CHECK (name <> ''),
    label text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL
        CONSTRAINT type_is_s3_or_local CHECK (type IN ('S3', 'local')),
    default_url text COLLATE "C" NOT NULL
        CONSTRAINT default_url_is_not_empty CHECK (default_url <> ''),
    created_at text COLLATE "C" NOT NULL
        CONSTRAINT created_at_is_a_time CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
    revision bigint NOT NULL CONSTRAINT storage_revision_is_a_count CHECK (revision > 0),
    files bigint NOT NULL DEFAULT 0 CONSTRAINT files_is_a_count CHECK (files >= 0),
    -- As good as UNIQUE, and names may be longer than the 2,700 bytes that UNIQUE can index.
    CONSTRAINT name_is_unique EXCLUDE USING hash (name WITH =)
);
-- RESTRICT, not CASCADE: whoever removes a storage has to remove the records of its files by a
-- statement of its own.
CREATE TABLE inventory (
    storage_id text COLLATE "C" NOT NULL
        CONSTRAINT inventory_has_its_storage
        REFERENCES storages (id) ON UPDATE RESTRICT ON DELETE RESTRICT,
    upload_id text COLLATE "C" NOT NULL
        CONSTRAINT upload_id_is_at_most_2000_bytes CHECK (octet_length(upload_id) <= 2000),
    checksum text COLLATE "C" NOT NULL,
    checksum_on_disk text COLLATE "C" NOT NULL,
    PRIMARY KEY (storage_id, upload_id)
);
-- One line for each write; its revision is the platform's. `before` and `after` are JSON.
-- The line of a create is also its answer, told again to whoever repeats its idempotency key.
CREATE TABLE audit (
    revision bigint PRIMARY KEY,
    at text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    run text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    commit_id text COLLATE "C" NOT NULL,
    job_url text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL CONSTRAINT action_is_known CHECK (action IN (
        'create', 'update', 'remove', 'record_inventory',
        'lease_broken', 'token_created', 'token_revoked')),
    storage_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    previous_name text COLLATE "C",
    before text,
    after text,
    idempotency_key text COLLATE "C"
);
CREATE INDEX audit_by_name ON audit USING hash (name);
CREATE INDEX audit_by_previous_name ON audit USING hash (previous_name)
    WHERE previous_name IS NOT NULL;
CREATE UNIQUE INDEX audit_by_key ON audit (account, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE TABLE tokens (
    id text COLLATE "C" PRIMARY KEY CONSTRAINT token_id_is_not_empty CHECK (id <> ''),
    name text COLLATE "C" NOT NULL
        CONSTRAINT token_name_has_1_to_200_characters CHECK (name <> '' AND length(name) <= 200),
    role text COLLATE "C" NOT NULL
        CONSTRAINT role_is_known CHECK (role IN ('reader', 'operator', 'admin')),
    digest bytea NOT NULL CONSTRAINT digest_has_32_bytes CHECK (octet_length(digest) = 32),
    created_at text COLLATE "C" NOT NULL,
    expires_at text COLLATE "C",
    revoked_at text COLLATE "C"
);
-- The latest lease, also when it was given up (`ended`) or has run out.
CREATE TABLE lease (
    only_row integer PRIMARY KEY CHECK (only_row = 1),
    fence bigint NOT NULL CONSTRAINT fence_is_a_count CHECK (fence >= 0),
    account text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    host text COLLATE "C" NOT NULL,
    job_url text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    acquired_at text COLLATE "C" NOT NULL,
    expires_at text COLLATE "C" NOT NULL,
    ended integer NOT NULL CHECK (ended IN (0, 1))
);
INSERT INTO lease VALUES (1, 0, '', '', '', '', '', '', '', 1);
