"""Storages with many files, and faults planted in them, each with what is to be said of it.

A planted fault is `(storage, class, path, other path)`, paths as reports have them.
"""

from __future__ import annotations

import os
import random
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.recovery.paths import shown

#: Long before anything: a file that is as old is settled.
LONG_AGO = 1_600_000_000
#: Names that trip programs up; every S3 server keeps the second ones.
ODD = [b"line\nbreak", b"\xff\xfe.tif", b"Case", b"case", b"tab\t", b"back\\slash", b" ", b"-rf"]
ODD_KEYS = [b"Case", b"case", b"plus+", b"space in", b"per%cent", b"quo'te", b"semi;colon"]

Planted = tuple[str, str, str, str]


def content(number: int) -> bytes:
    """Give bytes that no other file has."""
    return b"%d " % number * (1 + number % 40)


def other_form(name: bytes) -> bytes:
    """Give the other Unicode form of a name."""
    return unicodedata.normalize("NFD", name.decode()).encode()


def names(count: int, odd: Sequence[bytes]) -> list[bytes]:
    """Give names of files: most in folders, some odd, some that have two forms."""
    ordinary = [b"%03d/%02d/frame-%06d.tif" % (n % 211, n % 7, n) for n in range(count)]
    return ordinary + [b"odd/" + name for name in odd]


def forms(count: int) -> list[bytes]:
    """Give names that have two Unicode forms."""
    return [f"form/é-{number}".encode() for number in range(count)]


class PlantedFolder:
    """A folder of many files."""

    kinds = (
        "deleted",
        "flipped",
        "truncated",
        "truncated_times_kept",
        "replaced",
        "grown",
        "moved",
        "link",
        "pipe",
    )

    def __init__(self, name: str, root: Path, count: int, each: int) -> None:
        self.name, self.root, self.each = name, root, each
        self._ordinary = names(count, ODD)
        for number, file in enumerate([*self._ordinary, *forms(each), *self._closed()]):
            self._write(file, content(number))

    @property
    def address(self) -> str:
        return str(self.root)

    def plant(self, rng: random.Random) -> Iterator[Planted]:
        """Do each kind of harm to `each` files; yield what is to be found."""
        victims = rng.sample(self._ordinary, self.each * len(self.kinds))
        for at, victim in enumerate(victims):
            what, other = getattr(self, f"_{self.kinds[at % len(self.kinds)]}")(victim)
            yield self.name, what, shown(victim), shown(other)
        for form in forms(self.each):
            self._path(form).rename(self._path(other_form(form)))
            yield self.name, "renamed", shown(form), shown(other_form(form))
        for number in range(self.each):
            extra = self._write(b"extra/%d" % number, b"extra %d" % number)
            yield self.name, "extra", shown(extra), ""
        self._path(b"closed").chmod(0)
        yield self.name, "not_verified", "closed/", ""

    def open_again(self) -> None:
        """Let the folder that could not be read be removed."""
        self._path(b"closed").chmod(0o700)

    def not_verified(self) -> int:
        """Give how many files nobody can say anything of."""
        return len(self._closed())

    def _closed(self) -> list[bytes]:
        return [b"closed/%d" % number for number in range(self.each)]

    def _path(self, name: bytes) -> Path:
        return self.root / os.fsdecode(name)

    def _write(self, name: bytes, data: bytes) -> bytes:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return name

    def _deleted(self, name: bytes) -> tuple[str, bytes]:
        self._path(name).unlink()
        return "missing", b""

    def _flipped(self, name: bytes) -> tuple[str, bytes]:
        with self._times_kept(name) as path:
            data = path.read_bytes()
            path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        return "damaged", b""

    def _truncated(self, name: bytes) -> tuple[str, bytes]:
        os.truncate(self._path(name), 1)
        return "changed", b""

    def _truncated_times_kept(self, name: bytes) -> tuple[str, bytes]:
        with self._times_kept(name) as path:
            os.truncate(path, 1)
        return "damaged", b""

    def _replaced(self, name: bytes) -> tuple[str, bytes]:
        new = self._path(b"new")
        new.write_bytes(b"another file")
        new.replace(self._path(name))
        return "changed", b""

    def _grown(self, name: bytes) -> tuple[str, bytes]:
        with self._path(name).open("ab") as file:
            file.write(b"more")
        return "changed", b""

    def _moved(self, name: bytes) -> tuple[str, bytes]:
        other = b"moved/" + name.replace(b"/", b"_")
        self._path(b"moved").mkdir(exist_ok=True)
        self._path(name).rename(self._path(other))
        return "moved", other

    def _link(self, name: bytes) -> tuple[str, bytes]:
        self._path(name).unlink()
        self._path(name).symlink_to("elsewhere")
        return "missing", b""

    def _pipe(self, name: bytes) -> tuple[str, bytes]:
        self._path(name).unlink()
        os.mkfifo(self._path(name))
        return "missing", b""

    @contextmanager
    def _times_kept(self, name: bytes) -> Iterator[Path]:
        path = self._path(name)
        before = path.stat()
        yield path
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class PlantedBucket:
    """A bucket of many objects; with `versioned`, what is deleted keeps its versions."""

    kinds = ("deleted", "replaced", "grown", "moved")

    def __init__(
        self, name: str, client: Any, bucket: str, count: int, each: int, *, versioned: bool = False
    ) -> None:
        self.name, self._client, self._bucket, self.each = name, client, bucket, each
        self._versioned = versioned
        self._ordinary = names(count, ODD_KEYS)
        for number, key in enumerate([*self._ordinary, *forms(each)]):
            self._put(key, content(number))

    def plant(self, rng: random.Random) -> Iterator[Planted]:
        """Do each kind of harm to `each` objects; yield what is to be found."""
        kinds = (*self.kinds, "archived") if self._versioned else self.kinds
        victims = rng.sample(self._ordinary, self.each * len(kinds))
        for at, victim in enumerate(victims):
            what, other = getattr(self, f"_{kinds[at % len(kinds)]}")(victim)
            yield self.name, what, shown(victim), shown(other)
        for form in forms(self.each):
            self._copy(form, other_form(form))
            what = "renamed" if not self._versioned else "deleted"
            self._delete(form)
            other = other_form(form) if what == "renamed" else b""
            yield self.name, what, shown(form), shown(other)
            if what == "deleted":
                yield self.name, "extra", shown(other_form(form)), ""
        for number in range(self.each):
            extra = b"extra/%d" % number
            self._put(extra, b"extra %d" % number)
            yield self.name, "extra", shown(extra), ""

    def not_verified(self) -> int:
        """Give how many objects nobody can say anything of."""
        return self.each if self._versioned else 0

    def _put(self, key: bytes, data: bytes, **more: Any) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key.decode(), Body=data, **more)

    def _data(self, key: bytes) -> bytes:
        data: bytes = self._client.get_object(Bucket=self._bucket, Key=key.decode())["Body"].read()
        return data

    def _copy(self, key: bytes, other: bytes) -> None:
        self._put(other, self._data(key))

    def _delete(self, key: bytes) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key.decode())

    def _deleted(self, key: bytes) -> tuple[str, bytes]:
        self._delete(key)
        return ("deleted" if self._versioned else "missing"), b""

    def _replaced(self, key: bytes) -> tuple[str, bytes]:
        self._put(key, b"another object")
        return "changed", b""

    def _grown(self, key: bytes) -> tuple[str, bytes]:
        self._put(key, self._data(key) + b"more")
        return "changed", b""

    def _moved(self, key: bytes) -> tuple[str, bytes]:
        """Where versions are kept, it is deleted and another one came."""
        other = b"moved/" + key.replace(b"/", b"_")
        if self._versioned:
            return self._deleted(key)
        self._copy(key, other)
        self._delete(key)
        return "moved", other

    def _archived(self, key: bytes) -> tuple[str, bytes]:
        self._put(key, self._data(key), StorageClass="GLACIER")
        return "archived", b""
