"""ETags that a proxy on the way has changed: mended where that can be, else the proxy is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import PlatformError
from reconciler.model import Storage
from reconciler.platforms.http.writer import HttpWriter
from support.faults.scripted_server import STORAGE, Reply, problem, reply, scripted
from support.platforms.http_opening import writing

LIVE = Storage("s1", "nas", "NAS", "local", "file:///data/nas")
GET = "GET /v1/storages/s1"
Write = Callable[[HttpWriter], Storage | None]
WRITES = pytest.mark.parametrize(
    ("write", "request_", "done"),
    [
        (
            lambda writer: writer.update(LIVE, name="new", label=None),
            "PATCH /v1/storages/s1",
            reply({**STORAGE, "name": "new"}, ETag='"8"'),
        ),
        (
            lambda writer: writer.remove(LIVE, holds_files=False),
            "DELETE /v1/storages/s1",
            reply(status=204),
        ),
    ],
    ids=["update", "remove"],
)


@WRITES
def test_a_proxy_that_changes_etags_beyond_recognition_is_named(
    write: Write, request_: str, done: Reply
) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, reply(STORAGE, ETag='"7.packed"'))
        server.on(request_, problem("changed", 412))
        with pytest.raises(PlatformError, match=r"\"7.packed\" .* a proxy on the way") as caught:
            write(writer)
        assert type(caught.value) is PlatformError
        written = [target for target in server.targets() if not target.startswith("GET")]
        assert len(written) == 1


@WRITES
@pytest.mark.parametrize("ours", ["7", "f3a9.7", "00c0ffee-12"])
@pytest.mark.parametrize(
    "mark",
    [
        '"{}"',
        'W/"{}"',
        '"{}-gzip"',
        'W/"{}-gzip"',
        '"{}--gzip"',
        '"{};gzip"',
        '"{}-br"',
        '"{}:zstd"',
    ],
)
def test_what_a_proxy_hangs_on_a_mark_is_taken_off(
    write: Write, request_: str, done: Reply, ours: str, mark: str
) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, reply(STORAGE, ETag=mark.format(ours)))
        server.on(request_, done)
        write(writer)
        assert server.asked[-1].headers["if-match"] == f'"{ours}"'
        # Nor is a proxy tempted to pack what is so small.
        assert {asked.headers["accept-encoding"] for asked in server.asked} == {"identity"}
