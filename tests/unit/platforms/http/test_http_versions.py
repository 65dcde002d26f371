"""Meeting a server: who it is, and whether we speak the same version."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import PlatformError, UnavailableError
from reconciler.model import Values
from support.faults.scripted_server import Asked, Reply, hello, page, problem, reply, scripted
from support.platforms.http_opening import reading, writing

LIST = "GET /v1/storages"
NAS = Values("nas", "NAS", "local", "file:///data/nas")


def html(status: int) -> Reply:
    return reply(b"<html>", status, media_type="text/html", ours=False)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (hello(api={"oldest": 2, "newest": 4}), "speaks API 2, .* only 1: update reconciler"),
        (hello(api={"oldest": 0, "newest": 0}), "speaks only API 0, .* 1: update the server"),
        (reply({"api": {"oldest": 2, "newest": 2}}), "update reconciler"),
        (problem("unsupported-api", 404, api={"oldest": 2, "newest": 3}), "update reconciler"),
        (problem("unsupported-api", 404, api={"oldest": 0, "newest": 0}), "update the server"),
        (problem("unsupported-api", 404), "update the older of the two"),
        (html(200), "HTTP 200. is not a state server of reconciler .check the address"),
        (html(404), "HTTP 404. is not a state server of reconciler .check the address"),
        (reply({"hello": "world"}, ours=False), "not a state server"),
        (reply({"hello": "world"}), "contract"),
        (hello(platform_id=""), "which platform it is"),
        (hello(platform_id="new"), "which platform it is"),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [lambda w: w.identity(), lambda w: w.find(name="nas"), lambda w: w.create(NAS)],
    ids=["identity", "find", "create"],
)
def test_nothing_is_asked_of_a_server_that_we_do_not_understand(
    first: Reply, words: str, ask: Callable[[object], object]
) -> None:
    with scripted() as server:
        server.on("GET /v1/platform", first)
        with writing(server.url) as writer, pytest.raises(PlatformError, match=words) as caught:
            ask(writer)
        assert type(caught.value) is PlatformError
        assert server.targets() == []


def test_a_server_is_met_once_and_again_if_it_was_down() -> None:
    with scripted() as server:
        server.on("GET /v1/platform", html(503), hello())
        server.on(LIST, page())
        with reading(server.url) as reader:
            with pytest.raises(UnavailableError):
                reader.find(name="nas")
            for _ in range(3):
                assert reader.find(name="nas") == ()
        assert len(server.asked) == 2 + 3


def test_requests_say_who_we_are() -> None:
    def script(asked: Asked) -> Reply:
        assert asked.headers["user-agent"].startswith("reconciler/")
        assert asked.headers["accept-encoding"] == "identity"
        return page()

    with scripted() as server:
        server.on(LIST, script)
        with reading(server.url) as reader:
            assert reader.read().storages == ()
