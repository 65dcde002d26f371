"""Inventories over HTTP: lines of NDJSON, both ways, of any number."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import ConflictError, PlatformError
from support.faults.scripted_server import (
    STORAGE,
    Asked,
    Reply,
    ScriptedServer,
    page,
    problem,
    reply,
    scripted,
)
from support.platforms.http_opening import reading, writing

LIST, ONE = "GET /v1/storages", "GET /v1/storages/s1"
GET_FILES, POST_FILES = f"{ONE}/inventory", "POST /v1/storages/s1/inventory"
FOUND = reply(STORAGE, ETag='"7"')
ROWS = [(f"u{i}", f"a{i}", f"ü{i}") for i in range(3)]
LINES = "".join(
    f'{{"upload_id":"{u}","checksum":"{c}","checksum_on_disk":"{d}"}}\n' for u, c, d in ROWS
).encode()


def sent(server: ScriptedServer) -> list[Asked]:
    return [asked for asked in server.asked if asked.method == "POST"]


# Reading


def files(body: bytes, *, rows: str | None = "3", **more: object) -> Reply:
    headers = {} if rows is None else {"Inventory_Rows": rows}
    return reply(body, media_type="application/x-ndjson", **headers, **more)


def test_an_inventory_comes_line_by_line() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(GET_FILES, files(LINES))
        assert list(reader.inventory("s1")) == ROWS
        server.on(GET_FILES, files(b"", rows="0"))
        assert list(reader.inventory("s1")) == []
        assert list(reader.inventory("gone")) == []


def test_lines_may_come_in_pieces_cut_anywhere() -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in LINES) + b"0\r\n\r\n"
    head = files(b"").data.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with scripted() as server, reading(server.url) as reader:
        server.on(GET_FILES, Reply(head + chunks))
        assert list(reader.inventory("s1")) == ROWS


def test_whoever_has_seen_enough_may_stop() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(GET_FILES, files(LINES, rows="99"))
        server.on(LIST, page())
        assert any(True for _ in reader.inventory("s1"))
        assert reader.read().storages == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (files(LINES, rows="4"), "should have another number.* trusted"),
        (files(LINES, rows="2"), "should have another number.* trusted"),
        (files(LINES, rows=None), "should have another number.* trusted"),
        (files(LINES + b'{"upload_id"'), "ends within a line.* trusted"),
        (files(LINES + b"{}\n"), "a line that is none.* trusted"),
        (files(b"[1]\n" * 3), "a line that is none.* trusted"),
        (files(b"x" * 2_000_000), "a line without an end.* trusted"),
        (reply(b"{}", Inventory_Rows="0"), "not application/x-ndjson.* trusted"),
        (files(LINES, cut=5), "connection broke"),
        (files(LINES, ours=False), "not a state server"),
        (files(LINES, Content_Encoding="gzip"), "not packed as it says"),
        (files(LINES, Content_Encoding="gzip, gzip"), "not asked for.* trusted"),
        (problem("unavailable", 503), "too busy"),
        (problem("unauthenticated", 401), "RECONCILER_TOKEN"),
    ],
)
def test_an_inventory_that_is_not_whole_is_an_error(answer: Reply, words: str) -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(GET_FILES, answer)
        with pytest.raises(PlatformError, match=words):
            list(reader.inventory("s1"))


# Writing


def test_an_inventory_is_sent_as_it_comes() -> None:
    rows = [(f"u{i}", "a", "ü") for i in range(1_203)]

    def coming():
        yield from rows[:600]
        # The first lines are there long before the last one is known.
        server.wait_until(lambda: server.taken > 0)
        yield from rows[600:]

    with scripted() as server, writing(server.url) as writer:
        server.on(ONE, FOUND)
        server.on(POST_FILES, FOUND)
        writer.record_inventory("s1", coming())
        (asked,) = sent(server)
        assert asked.headers["content-type"] == "application/x-ndjson"
        assert asked.headers["transfer-encoding"] == "chunked"
        lines = [json.loads(line) for line in asked.body.splitlines()]
        assert [tuple(line.values()) for line in lines] == rows
        assert list(lines[0]) == ["upload_id", "checksum", "checksum_on_disk"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, PlatformError])
def test_a_failure_among_the_rows_breaks_the_request_off(error: type[BaseException]) -> None:
    def failing():
        for i in range(5_000):
            yield f"u{i}", "a", "b"
        raise error

    with scripted() as server, writing(server.url) as writer:
        server.on(ONE, FOUND)
        with pytest.raises(error):
            writer.record_inventory("s1", failing())
        server.wait_until(lambda: bool(sent(server)))
        (asked,) = sent(server)
        assert not asked.whole
        assert asked.body.count(b"\n") == 5_000


def test_rows_that_are_not_unicode_break_the_request_off() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(ONE, FOUND)
        with pytest.raises(PlatformError, match="not valid Unicode"):
            writer.record_inventory("s1", [("u", "\ud800", "b")])
        server.wait_until(lambda: bool(sent(server)))
        assert not sent(server)[0].whole


def test_there_is_no_inventory_without_a_storage() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on("GET /v1/storages", page())
        with pytest.raises(ConflictError, match=r"^there is no storage with the id 's1'$"):
            writer.record_inventory("s1", iter([("u", "a", "b")]))
        assert sent(server) == []
        server.on(ONE, FOUND)
        server.on(POST_FILES, problem("not-found", 404))
        with pytest.raises(ConflictError, match="'s1'"):
            writer.record_inventory("s1", [])
