"""A lab with storages of every kind, and the platforms that it may lose, for the drill.

Storages are in pairs: a file with an odd number has the same bytes in both, one with an even number
is the only one with its bytes.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from support.platforms.organisation import Organisation
from support.recovery.planting import LONG_AGO
from support.server.postgres import Postgres
from support.server.state_server import StateServer

#: One pair in so many is of buckets on the S3-compatible server by its address, and one is of
#: buckets as AWS names them.
_EACH = 40
_MISSING, _OTHER = "missing", {"local": "damaged", "S3": "changed"}


class Fault(NamedTuple):
    """What was harmed; the path is empty if the whole storage went."""

    storage: str
    what: str
    path: str
    #: Which storage has the same bytes under the same path; empty if none has.
    good: str = ""


class Lab:
    """Storages of every kind, each with as many files."""

    def __init__(self, folder: Path, s3: Any, storages: int, files: int) -> None:
        """Lay them down."""
        self.data, self.s3, self.files = folder / "data", s3, files
        self.client = s3.client()
        pairs = storages // 2
        buckets = max(1, pairs // _EACH)
        kinds = ["s3"] * buckets + ["aws"] * buckets + ["nas"] * (pairs - 2 * buckets)
        self.pairs = [
            (f"{kind}-{number:04}-a", f"{kind}-{number:04}-b") for number, kind in enumerate(kinds)
        ]
        self.names = [name for pair in self.pairs for name in pair]
        self.buckets = {name: s3.new_bucket() for name in self.names if not name.startswith("nas")}
        for pair in self.pairs:
            for name in pair:
                if name not in self.buckets:
                    self.path(name).mkdir(parents=True)
                for number in range(files):
                    self.put(name, _file(number), _bytes(pair, name, number))

    def manifest(self, platform: str) -> str:
        entries = [self._entry(name) for name in self.names]
        return json.dumps({"version": 1, "platform": platform, "storages": entries})

    def _entry(self, name: str) -> dict[str, str]:
        if name not in self.buckets:
            place = {"type": "local", "default_url": str(self.path(name))}
        elif name.startswith("aws"):
            place = {"region": "eu-central-2", "bucket": self.buckets[name]}
        else:
            place = {"type": "S3", "default_url": f"{self.s3.endpoint}/{self.buckets[name]}"}
        return {"name": name, "label": f"The {name}", **place}

    def path(self, name: str, file: str = "") -> Path:
        return self.data / name / file

    def put(self, name: str, file: str, data: bytes) -> None:
        if name in self.buckets:
            self.client.put_object(Bucket=self.buckets[name], Key=file, Body=data)
            return
        self.path(name, file).write_bytes(data)
        os.utime(self.path(name, file), (LONG_AGO, LONG_AGO))

    def move(self, to: Path) -> str:
        """Mount all folders elsewhere; give what `--relocate` is told."""
        told = f"{self.data}={to}"
        self.data.rename(to)
        self.data = to
        return told

    def harm(self, faults: int, seed: int = 0) -> list[Fault]:
        """Harm one storage of so many pairs: a tenth vanish, of the others a file goes or rots."""
        rng = random.Random(seed)
        # Some in buckets, however many folders there are.
        in_buckets = [pair for pair in self.pairs if pair[0] in self.buckets]
        rest = [pair for pair in self.pairs if pair[0] not in self.buckets]
        few = min(len(in_buckets), max(1, faults // 5))
        chosen = rng.sample(in_buckets, few) + rng.sample(rest, faults - few)
        rng.shuffle(chosen)
        return [self._fault(rng, at, pair) for at, pair in enumerate(chosen)]

    def _fault(self, rng: random.Random, at: int, pair: tuple[str, str]) -> Fault:
        name = rng.choice(pair)
        if at % 10 == 0:
            self._vanish(name)
            return Fault(name, "not_reachable", "")
        number = rng.randrange(self.files)
        good = (pair[1] if name == pair[0] else pair[0]) if number % 2 else ""
        if at % 2:
            self.put(name, _file(number), b"rotten")
            kind = "S3" if name in self.buckets else "local"
            return Fault(name, _OTHER[kind], _file(number), good)
        if name in self.buckets:
            self.client.delete_object(Bucket=self.buckets[name], Key=_file(number))
        else:
            self.path(name, _file(number)).unlink()
        return Fault(name, _MISSING, _file(number), good)

    def _vanish(self, name: str) -> None:
        if name not in self.buckets:
            self.path(name).rename(self.path(f"vanished-{name}"))
            return
        for number in range(self.files):
            self.client.delete_object(Bucket=self.buckets[name], Key=_file(number))
        self.client.delete_bucket(Bucket=self.buckets[name])


class Embedded:
    """A platform in a file."""

    environment: ClassVar[dict[str, str]] = {}
    takes_records = True
    moves = False

    def __init__(self, folder: Path, _: Postgres | None, stack: ExitStack) -> None:
        self._folder = folder
        self.address = f"sqlite:///{folder}/platform.db"

    def lose(self) -> str:
        """Lose all that it has; give the address of an empty one."""
        (self._folder / "platform.db").unlink()
        return f"sqlite:///{self._folder}/new.db"


class Server:
    """A state server on PostgreSQL."""

    environment: ClassVar[dict[str, str]] = {}
    takes_records = True
    moves = False

    def __init__(self, folder: Path, postgres: Postgres, stack: ExitStack) -> None:
        self._new: Callable[[], StateServer] = lambda: stack.enter_context(
            StateServer(postgres.database())
        )
        self._now = self._new()
        self.address = self._now.url

    def lose(self) -> str:
        """Lose the server and its database; give the address of another one."""
        self._now.kill()
        return self._new().url


class Vendor:
    """The stand-in of the vendor's platform; what is rebuilt there lies elsewhere."""

    takes_records = False
    moves = True

    def __init__(self, folder: Path, _: Postgres | None, stack: ExitStack) -> None:
        self._organisation = Organisation(folder / "organisation.db")
        self.address, self.environment = self._organisation.address, self._organisation.environ

    def lose(self) -> str:
        """Lose all storages of the organisation; give its address."""
        for table in ("files", "storages"):
            self._organisation.sql(f"DELETE FROM {table}")
        return self.address


PLATFORMS = {"sqlite": Embedded, "postgresql": Server, "jetraw": Vendor}


def _file(number: int) -> str:
    return f"{number:04}.tif"


def _bytes(pair: tuple[str, str], name: str, number: int) -> bytes:
    return f"{pair[0] if number % 2 else name} {number}".encode()
