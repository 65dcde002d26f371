"""Many clients that write the same few names at once, and what each of them was told."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

#: How long all clients together may take at the most, in seconds.
WAIT = 600


class Told(NamedTuple):
    """A write that the server said it has made; `revision` where the answer has it."""

    action: str
    id: str
    name: str
    label: str
    revision: int | None


class Tally:
    """What all clients were told; filled by their threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.told: list[Told] = []
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []


class Client(threading.Thread):
    """One client: chooses, asks, keeps what it was told, until it has had its turns."""

    def __init__(self, urls: Sequence[str], number: int, names: int, turns: int, tally: Tally):
        super().__init__(daemon=True)
        self._random = random.Random(number)
        self._connections = [HTTPConnection(urlsplit(url).netloc, timeout=60) for url in urls]
        self._names = [f"name {i}" for i in range(names)]
        self._number = number
        self._turns = turns
        self._tally = tally
        self._writes = 0

    def run(self) -> None:
        try:
            for _ in range(self._turns):
                self._random.choice([self._create, self._rename, self._remove, self._list])()
        except Exception as error:
            with self._tally.lock:
                self._tally.wrong.append(f"client {self._number}: {error!r}")
        finally:
            for connection in self._connections:
                connection.close()

    def _ask(self, method: str, path: str, body: object = None, **headers: str):
        connection = self._random.choice(self._connections)
        data = None if body is None else json.dumps(body).encode()
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, path, data, {"Content-Type": "application/json", **names})
        answer = connection.getresponse()
        text = answer.read()
        with self._tally.lock:
            self._tally.statuses[answer.status] += 1
        return answer, json.loads(text) if text else None

    def _keep(self, action: str, storage: dict, revision: int | None) -> None:
        with self._tally.lock:
            self._tally.told.append(
                Told(action, storage["id"], storage["name"], storage["label"], revision)
            )

    def _list(self) -> list[dict]:
        answer, page = self._ask("GET", "/v1/storages?limit=1000")
        storages = page["storages"]
        doubled = [n for n, count in Counter(s["name"] for s in storages).items() if count > 1]
        if answer.status != 200 or doubled:
            with self._tally.lock:
                self._tally.wrong.append(f"list: {answer.status} {doubled}")
        return storages

    def _label(self) -> str:
        self._writes += 1
        return f"client {self._number}, write {self._writes}"

    def _create(self) -> None:
        name = self._random.choice(self._names)
        body = {"name": name, "label": self._label(), "type": "local", "default_url": "file:///d"}
        key = f"{self._number}-{self._writes}"
        answer, made = self._ask("POST", "/v1/storages", body, Idempotency_Key=key)
        if answer.status == 201:
            self._keep("create", made, _revision(answer))

    def _rename(self) -> None:
        storages = self._list()
        if not storages:
            return
        one = self._random.choice(storages)
        answer, seen = self._ask("GET", f"/v1/storages/{one['id']}")
        if answer.status != 200:
            return
        body = {"name": self._random.choice(self._names), "label": self._label()}
        condition = {"If_Match": answer.headers["ETag"]} if self._random.random() < 0.5 else {}
        answer, made = self._ask("PATCH", f"/v1/storages/{seen['id']}", body, **condition)
        if answer.status == 200:
            self._keep("update", made, _revision(answer))

    def _remove(self) -> None:
        storages = self._list()
        if not storages:
            return
        one = self._random.choice(storages)
        answer, _ = self._ask("DELETE", f"/v1/storages/{one['id']}")
        if answer.status == 204:
            self._keep("remove", one, None)


def _revision(answer) -> int:
    return int(answer.headers["ETag"].strip('"'))


def run_clients(urls: Sequence[str], *, clients: int, names: int, turns: int) -> Tally:
    """Let them all loose, and give what they were told once each has had its turns."""
    tally = Tally()
    threads = [Client(urls, number, names, turns, tally) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive(), "a client still waits for an answer"
    return tally


def get_all(url: str, path: str, key: str, parameter: str) -> list[dict]:
    """Read all pages of a list."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    found: list[dict] = []
    query = ""
    while True:
        connection.request("GET", f"{path}?limit=1000{query}")
        answer = connection.getresponse()
        page = json.loads(answer.read())
        assert answer.status == 200, page
        found += page[key]
        if page["next"] is None:
            connection.close()
            return found
        query = f"&{parameter}={page['next']}"
