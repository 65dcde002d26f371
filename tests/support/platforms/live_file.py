"""The embedded platform's file, seen and changed behind the command's back; short manifests."""

import json
import sqlite3
from contextlib import closing

from support.values.building import CREATED

NO_CHANGES = "No changes. Live matches the manifest."
FILE = "platform.db"
#: Makes names, and so the lines of progress, so long that the pipe is full before all is applied:
#: an apply whose output nobody reads can't come to its end while a test gets ready.
PAD = "-" * 200
_COLUMNS = ("id", "name", "label", "type", "default_url", "created_at")


def local(name, place=None, **more):
    """Give an entry for a local storage; by default it lies at `/data/NAME`."""
    return {"name": name, "type": "local", "default_url": f"/data/{place or name}", **more}


def manifest(*entries, removed=(), platform=f"sqlite:///{FILE}", **policy):
    """Give a manifest as text; what has no place of its own is a key of `policy`."""
    parts = {"version": 1, "platform": platform, "storages": list(entries)}
    if removed:
        parts["removed"] = list(removed)
    if policy:
        parts["policy"] = policy
    return json.dumps(parts, ensure_ascii=False)


def sql(folder, statement, *values):
    """Run one statement on the platform's file; give what it finds."""
    with closing(sqlite3.connect(folder.path / FILE, isolation_level=None)) as db:
        return db.execute(statement, values).fetchall()


def live(folder):
    """Give every column of every live storage, by name."""
    rows = sql(folder, f"SELECT {', '.join(_COLUMNS)} FROM storages ORDER BY name")
    return {row[1]: dict(zip(_COLUMNS, row, strict=True)) for row in rows}


def told(folder):
    """Give name -> label of what the command itself lists."""
    listed = json.loads(folder("list", "-o", "json").stdout)["storages"]
    return {storage["name"]: storage["label"] for storage in listed}


def made(folder, *names):
    """Make a platform on which these local storages live, with the ids `id-NAME`."""
    folder.write(manifest(local("first")))
    folder("apply", "-y", "-q")
    folder.write("")
    with closing(sqlite3.connect(folder.path / FILE)) as db, db:
        db.execute("DELETE FROM storages")
        db.executemany(
            "INSERT INTO storages VALUES (?, ?, 'L', 'local', ?, ?)",
            [(f"id-{name}", name, f"file:///data/{name}", CREATED) for name in names],
        )
    return live(folder)


def holds_files(folder, id):
    """Record a file on a storage."""
    sql(folder, "INSERT INTO inventory VALUES (?, 'upload', 'checksum', 'checksum')", id)


def settled(folder, *options):
    """Check that nothing is left to do, and that the plan says so."""
    plan = folder("plan", "--detailed-exitcode", *options)
    assert plan.stdout.splitlines()[-1] == NO_CHANGES


def plan_of(folder, *options, code=0):
    """Give the plan as its document."""
    return json.loads(folder("plan", "-o", "json", *options, code=code).stdout)
