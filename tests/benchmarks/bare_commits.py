"""Yardstick: write rows into a new SQLite file, each in a commit of its own.

They are as durable as in the embedded platform (WAL, synchronous=FULL), and have random ids too.
"""

import secrets
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute(
    "CREATE TABLE storages (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
    "label TEXT, type TEXT, default_url TEXT, created_at TEXT) WITHOUT ROWID"
)
for i in range(int(sys.argv[2])):
    name, url = f"frames-{i:06d}", f"https://storage-server:9000/bucket-{i:06d}"
    row = (secrets.token_hex(16), name, f"Raw frames {i}", "S3", url, "2026-01-01T00:00:00Z")
    db.execute("INSERT INTO storages VALUES (?, ?, ?, ?, ?, ?)", row)
db.close()
