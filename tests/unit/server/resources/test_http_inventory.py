"""Inventories as streams, in and out."""

import json
import threading
from contextlib import contextmanager
from itertools import islice

import pytest
from msgspec.structs import replace

from reconciler.server.calls.problems import Problem
from reconciler.server.resources.inventory import LONGEST_LINE, read_rows
from support.platforms.http_values import create, ndjson, problem, record
from support.server.serving import everything

ROWS = [(f"u{n:05}", f"c{n}", "d" * (n % 90)) for n in range(3000)]


def rows_of(answer):
    return [tuple(json.loads(line).values()) for line in answer.text.splitlines()]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_what_is_recorded_is_read(client, coding):
    id = create(client)["id"]
    recorded = record(client, id, ndjson(reversed(ROWS)))
    assert recorded.json()["files"] == len(ROWS)
    assert recorded.headers["ETag"] == '"2"'
    read = client.get(f"/v1/storages/{id}/inventory", headers={"Accept-Encoding": coding})
    assert read.headers["Inventory-Rows"] == str(len(ROWS))
    assert read.headers["Content-Type"] == "application/x-ndjson"
    assert read.headers.get("Content-Encoding", "identity") == coding
    assert rows_of(read) == ROWS


def test_what_is_no_inventory_is_not_said_to_be_packed(client):
    id = create(client)["id"]
    path, packed = f"/v1/storages/{id}/inventory", {"Accept-Encoding": "gzip"}
    absent = client.get("/v1/storages/absent/inventory", headers=packed)
    assert problem(absent) == (404, "not-found")
    tag = client.get(path, headers=packed).headers["ETag"]
    known = client.get(path, headers={**packed, "If-None-Match": tag})
    assert known.status_code == 304
    assert "Content-Encoding" not in absent.headers
    assert "Content-Encoding" not in known.headers


def test_an_empty_inventory_has_no_lines(client):
    id = create(client)["id"]
    read = client.get(f"/v1/storages/{id}/inventory")
    assert (read.status_code, read.content, read.headers["Inventory-Rows"]) == (200, b"", "0")
    assert record(client, id, b"").headers["ETag"] == '"1"'


def test_a_known_upload_is_replaced(client):
    id = create(client)["id"]
    record(client, id, ndjson([("a", "1", "1"), ("b", "1", "1")]))
    record(client, id, ndjson([("b", "2", "2"), ("c", "2", "2"), ("c", "3", "3")]))
    read = rows_of(client.get(f"/v1/storages/{id}/inventory"))
    assert read == [("a", "1", "1"), ("b", "2", "2"), ("c", "3", "3")]


BAD = {
    "half a line": b'{"upload_id": "x", "check',
    "unknown key": b'{"upload_id":"x","checksum":"","checksum_on_disk":"","more":1}\n',
    "missing key": b'{"upload_id":"x","checksum":""}\n',
    "number": b'{"upload_id":1,"checksum":"","checksum_on_disk":""}\n',
    "list": b'["x","",""]\n',
    "two on a line": ndjson([("x", "", "")]).strip() * 2 + b"\n",
    "one on two lines": ndjson([("x", "", "")]).replace(b", ", b",\n"),
    "no UTF-8": b'{"upload_id":"\xff","checksum":"","checksum_on_disk":""}\n',
    "deep": b'{"upload_id":' + b"[" * 60_000 + b"\n",
    "surrogate": b'{"upload_id":"\\ud800","checksum":"","checksum_on_disk":""}\n',
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_one_bad_line_and_nothing_is_recorded(server, client, bad):
    id = create(client)["id"]
    answer = record(client, id, ndjson(ROWS) + bad)
    assert problem(answer) == (400, "malformed")
    assert "row 3001" in answer.json()["detail"]
    assert server.store.get(id).files == 0
    assert server.store.revision() == 1


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_that_is_too_long(server, client, end):
    id = create(client)["id"]
    answer = record(client, id, ndjson(ROWS) + b" " * (LONGEST_LINE + 1) + end)
    assert problem(answer) == (413, "too-large")
    assert server.store.revision() == 1


def test_an_upload_id_that_is_too_long(server, client):
    id = create(client)["id"]
    answer = record(client, id, ndjson([("ä" * 1001, "", "")]))
    assert problem(answer) == (422, "invalid-value")
    assert server.store.revision() == 1


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_lines_may_be_cut_anywhere(size):
    rows = ROWS[:50]
    text = ndjson(rows).replace(b"\n", b"\r\n\n", 3).rstrip(b"\n")
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(read_rows(pieces)) == rows


def test_a_line_without_end_is_not_collected():
    taken = []

    def endless():
        for _ in range(1000):
            taken.append(1)
            yield b" " * 1024

    with pytest.raises(Problem, match="longer"):
        list(read_rows(endless()))
    assert len(taken) <= LONGEST_LINE // 1024 + 1


def test_a_client_that_goes_away_half_way_records_nothing(server, client):
    id = create(client)["id"]
    head = (
        f"POST /v1/storages/{id}/inventory HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/x-ndjson\r\nContent-Length: 9999999\r\n\r\n"
    )
    server.wire_and_leave(head.encode() + ndjson(ROWS))
    # The next write has to wait for nothing that the first one left behind.
    assert record(client, id, ndjson(ROWS[:1])).json()["files"] == 1


def test_other_writes_go_on_during_an_upload(server, client):
    id = create(client)["id"]
    others = threading.Event()

    def slowly():
        yield ndjson(ROWS[:2000])
        assert others.wait(30)
        yield ndjson(ROWS[2000:])

    answers = []
    upload = threading.Thread(target=lambda: answers.append(record(client, id, slowly())))
    upload.start()
    with server.client() as other:
        create(other, "another")
    others.set()
    upload.join(30)
    assert answers[0].json()["files"] == len(ROWS)


def test_a_store_that_fails_half_way_cuts_the_line(server, client, monkeypatch):
    id = create(client)["id"]
    record(client, id, ndjson(ROWS))
    opened = type(server.store).inventory

    @contextmanager
    def failing(store, id):
        with opened(store, id) as inventory:
            yield replace(inventory, rows=broken(inventory.rows))

    def broken(rows):
        yield from islice(rows, 2500)
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(type(server.store), "inventory", failing)
    with server.connected() as line:
        line.sendall(
            f"GET /v1/storages/{id}/inventory HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        told = everything(line)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b'"u02000"' in told
    assert not told.endswith(b"0\r\n\r\n")
    assert b"is gone" not in told


def test_nothing_more_is_read_for_a_client_that_went_away(server, client, monkeypatch):
    id = create(client)["id"]
    record(client, id, ndjson(ROWS))
    opened, closed, taken = type(server.store).inventory, threading.Event(), []

    def endless(rows):
        row = next(rows)
        while True:
            taken.append(1)
            yield row

    @contextmanager
    def watched(store, id):
        try:
            with opened(store, id) as inventory:
                yield replace(inventory, rows=endless(inventory.rows))
        finally:
            closed.set()

    monkeypatch.setattr(type(server.store), "inventory", watched)
    server.wire_and_leave(
        f"GET /v1/storages/{id}/inventory HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )
    assert closed.wait(30)
    assert taken
