"""The back door of the stand-in SDK: plant, look, and say which calls are to fail."""

import json
import os
import select
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from support.platforms.sdk import jetraw_state

#: What has to be on the import path for `import jetraw` to find the stand-in.
SDK = Path(__file__).parent / "sdk"
TOKEN = "rt-5ecret-Zq8vT1nR4xWb-d41d8cd98f00b204"
CREATED = "2026-01-01T00:00:00+00:00"
ALWAYS = -1


class Organisation:
    """An organisation that the stand-in serves; its state lies in one file."""

    def __init__(self, path, name="my-org"):
        self.path = path
        self.address = f"jetraw://{name}"
        with closing(_opened(path)) as db:
            db.executescript(jetraw_state.SCHEMA)
        self.quirk("token", TOKEN)

    @property
    def environ(self):
        """Give the environment in which a program finds the stand-in, logged in."""
        return {
            "PYTHONPATH": str(SDK),
            "JETRAW_STAND_IN": str(self.path),
            "JETRAW_REFRESH_TOKEN": TOKEN,
        }

    def install(self, monkeypatch):
        """Let this process import the stand-in, and no other `jetraw`."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "jetraw"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.syspath_prepend(str(SDK))
        for name in ("JETRAW_HOST", "JETRAW_REFRESH_TOKEN_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in self.environ.items():
            if name != "PYTHONPATH":
                monkeypatch.setenv(name, value)
        return self

    def sql(self, statement, *values):
        """Run one statement on the state; give what it finds."""
        with closing(_opened(self.path)) as db, db:
            return db.execute(statement, values).fetchall()

    def add(self, name, **fields):
        """Plant a storage, as odd as it may be; give its id."""
        record = {
            "id": f"id-{name}",
            "name": name,
            "label": name,
            "type": "local",
            "default_url": f"file:///data/{name}",
            "url": f"file:///data/{name}",
            "created_at": CREATED,
        } | fields
        with closing(_opened(self.path)) as db, db:
            jetraw_state.insert(db, record)
        return record["id"]

    def records(self):
        """Give all records, by name."""
        with closing(_opened(self.path)) as db:
            return {record["name"]: record for record in jetraw_state.records(db)}

    def plant(self, id, rows):
        """Write files into the inventory of a storage; a known upload id is replaced."""
        values = [tuple(map(json.dumps, (id, *row))) for row in rows]
        with closing(_opened(self.path)) as db, db:
            db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", values)

    def tie(self, space, *ids):
        """Let a space use these storages."""
        for id in ids:
            self.sql("INSERT INTO spaces VALUES (?, ?)", json.dumps(space), json.dumps(id))

    def quirk(self, name, value):
        """Make the server peculiar: look for `state.quirk`."""
        self.sql("INSERT OR REPLACE INTO quirks VALUES (?, ?)", name, json.dumps(value))

    def fail(self, call, kind, *, moment="before", subject=None, times=1, since=None):
        """Let the next calls (about `subject`) fail, before or after their effect.

        With `since`, those that come once there was a call of that kind.
        """
        about = None if subject is None else json.dumps(subject)
        self.sql(
            "INSERT INTO faults (call, moment, kind, subject, times, since) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            *(call, moment, kind, about, times, since),
        )

    def hang(self, call, **more):
        """Let the next call wait, until it is let go."""
        hanging = Hanging(self.path.with_suffix(".hanging"))
        self.fail(call, f"hang {hanging.folder}", **more)
        return hanging

    def heal(self):
        """Let nothing fail any more."""
        self.sql("DELETE FROM faults")

    def calls(self, *wanted):
        """Give the calls that were made, of these kinds if any are named, in their order."""
        made = self.sql("SELECT call, subject FROM calls ORDER BY place")
        found = [(call, json.loads(subject)) for call, subject in made]
        return [item for item in found if not wanted or item[0] in wanted]


def _opened(path):
    """Open the organisation's file; nothing in it has to outlast a power cut."""
    db = sqlite3.connect(path, timeout=60)
    db.execute("PRAGMA synchronous = OFF")
    return db


class Hanging:
    """A call that waits in another process: two named pipes."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("reached", "go"):
            os.mkfifo(folder / name)
        # Open at both ends, so that neither side waits for the other to open it.
        self._reached = os.open(folder / "reached", os.O_RDWR)

    def wait_until_reached(self):
        """Wait until the other process has come to the call."""
        if not select.select([self._reached], [], [], 60)[0]:
            raise TimeoutError("the call that is to hang was not made")
        os.close(self._reached)

    def go(self):
        """Let the call go on."""
        (self.folder / "go").write_bytes(b"!")
