"""Reading a state server: what is asked, in which order, and what is not believed."""

from __future__ import annotations

import threading

import pytest

from reconciler.errors import PlatformError, UnavailableError
from reconciler.model import State, Storage
from reconciler.platform import About
from reconciler.platforms.http import pages
from support.faults.scripted_server import (
    STORAGE,
    Asked,
    Reply,
    ScriptedServer,
    hello,
    page,
    problem,
    reply,
    scripted,
)
from support.platforms.http_opening import reading

LIST, ONE = "GET /v1/storages", "GET /v1/storages/s1"
FILES = f"{ONE}/inventory"
NAS = Storage(
    "s1",
    "nas",
    "NAS",
    "local",
    "file:///data/nas",
    "file:///data/nas",
    "2026-01-01T00:00:00.000000Z",
)
FIRST = "GET /v1/storages?limit=10000"


def storage(number: int, **changed: object) -> dict[str, object]:
    return {**STORAGE, "id": f"s{number}", "name": f"n{number}", **changed}


def read(server: ScriptedServer) -> State:
    with reading(server.url) as reader:
        return reader.read()


def test_what_a_server_says_of_itself() -> None:
    with scripted() as server, reading(server.url) as reader:
        assert reader.about() == About(
            "reconciler state server 9.9", "ci", "operator", True, "2026-01-01T00:00:00.000Z"
        )
        assert reader.identity() == "p1"
        assert reader.spaces_using("s1") == ()
        abilities = reader.abilities
        assert abilities.lock
        assert abilities.idempotency_key
        assert abilities.conditional_write
        assert abilities.parallelism is None


@pytest.mark.parametrize(("role", "may"), [("reader", False), ("admin", True), ("new", False)])
def test_who_may_write(role: str, may: bool) -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on("GET /v1/platform", hello(role=role))
        assert reader.about().may_write is may


# The list


def test_a_list_of_one_page() -> None:
    with scripted() as server:
        server.on(LIST, page(STORAGE))
        assert read(server) == State((NAS,), "p1", "ci", complete=True)
        assert server.targets() == [FIRST]


def test_pages_are_put_together() -> None:
    with scripted() as server:
        server.on(LIST, page(storage(1), next="a&b="), page(storage(2), next="c"), page(storage(3)))
        assert [s.id for s in read(server).storages] == ["s1", "s2", "s3"]
        assert server.targets() == [FIRST, f"{FIRST}&cursor=a%26b%3D", f"{FIRST}&cursor=c"]


def test_the_next_page_is_asked_for_while_one_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding waits here until the server has the next request: one after the other would hang."""
    asked = threading.Event()
    decode = pages.decode_storages

    def decode_later(body):
        assert asked.wait(timeout=10)
        return decode(body)

    monkeypatch.setattr(pages, "decode_storages", decode_later)
    with scripted() as server:
        server.on(LIST, page(storage(1), next="a"), Reply(page(storage(2)).data, reached=asked))
        assert len(read(server).storages) == 2


def test_a_list_that_changes_between_pages_is_read_again() -> None:
    with scripted() as server:
        server.on(
            LIST,
            page(storage(1), next="a", revision=7),
            page(storage(2), revision=8),
            page(storage(1), next="a", revision=8),
            page(storage(3), revision=8),
        )
        assert [s.id for s in read(server).storages] == ["s1", "s3"]


def test_a_list_that_always_changes_is_given_up() -> None:
    with scripted() as server:
        revisions = iter(range(1000))

        def changing(asked: Asked) -> Reply:
            return page(STORAGE, next=None if "cursor" in asked.target else "a",
                        revision=next(revisions))  # fmt: skip

        server.on(LIST, changing)
        with pytest.raises(UnavailableError, match="change faster than they can be read"):
            read(server)
        assert len(server.targets()) == 5 * 2


def test_a_failure_in_a_later_page_fails_the_whole() -> None:
    with scripted() as server:
        server.on(LIST, page(storage(1), next="a"), problem("unavailable", 503))
        with pytest.raises(UnavailableError):
            read(server)


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([page(storage(1), next="a"), page(storage(2), next="a")], "has no end"),
        ([page(next="a")], "has no end"),
        ([page(storage(1), next="a"), page(storage(1))], "two storages with one id"),
        ([reply({"storages": [STORAGE]})], "contract"),
        ([reply({"storages": [STORAGE], "next": 1, "revision": 1})], "contract"),
        ([reply({"storages": {}, "next": None, "revision": 1})], "contract"),
        ([page({**STORAGE, "name": None})], "contract"),
        ([page({k: v for k, v in STORAGE.items() if k != "type"})], "contract"),
    ],
)
def test_a_list_that_can_not_be_trusted(replies: list[Reply], words: str) -> None:
    with scripted() as server:
        server.on(LIST, *replies)
        with pytest.raises(PlatformError, match=f"{words}.* trusted") as caught:
            read(server)
        assert not caught.value.transient


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_PAGES", 5)
    with scripted() as server:
        numbers = iter(range(1000))

        def endless(_: Asked) -> Reply:
            number = next(numbers)
            return page(storage(number), next=f"c{number}")

        server.on(LIST, endless)
        with pytest.raises(PlatformError, match="has no end"):
            read(server)
        assert len(server.targets()) == 6


def test_what_a_newer_server_adds_is_passed_over() -> None:
    with scripted() as server:
        server.on(LIST, page({**STORAGE, "url": "file:///x", "owner": {"deep": [1]}}))
        assert read(server).storages == (NAS,)


# Finding


def test_find_by_id_and_by_name() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(ONE, reply(STORAGE, ETag='"7"'))
        server.on(LIST, page(storage(2, name="a b&ü+")))
        assert reader.find() == ()
        assert reader.find(id="s1") == (NAS,)
        (other,) = reader.find(name="a b&ü+")
        assert (other.id, other.url) == ("s2", other.default_url)
        assert set(reader.find(id="s1", name="a b&ü+")) == {NAS, other}
        assert server.targets()[:2] == [ONE, f"{LIST}?name=a%20b%26%C3%BC%2B"]


def test_found_both_ways_it_is_one() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(ONE, reply(STORAGE, ETag='"7"'))
        server.on(LIST, page({**STORAGE, "label": "changed meanwhile"}))
        (found,) = reader.find(id="s1", name="nas")
        assert found.label == "changed meanwhile"


def test_what_is_not_there_is_not_found() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(LIST, page())
        assert reader.find(id="s1", name="nas") == ()
        assert reader.find(id="x" * 10_000) == ()


@pytest.mark.parametrize(
    ("id", "path"),
    [
        ("..", "%2E%2E"),
        ("a/b", "a%2Fb"),
        ("", ""),
        ("a?b#c", "a%3Fb%23c"),
        ("\r\nX: y", "%0D%0AX%3A%20y"),
    ],
)
def test_an_id_can_not_lead_elsewhere(id: str, path: str) -> None:
    with scripted() as server, reading(server.url) as reader:
        assert reader.find(id=id) == ()
        assert server.targets() == [f"GET /v1/storages/{path}"]


def test_a_name_that_no_url_can_hold_is_looked_for_in_the_list() -> None:
    long = "ü" * 3_000
    with scripted() as server, reading(server.url) as reader:
        server.on(LIST, page(storage(1), storage(2, name=long)))
        (found,) = reader.find(name=long)
        assert found.id == "s2"
        assert server.targets() == [FIRST]


@pytest.mark.parametrize(
    "answer", [page(STORAGE), page(storage(1, name="x"), storage(2, name="x"))]
)
def test_an_answer_about_others_is_not_believed(answer: Reply) -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(LIST, answer)
        server.on("GET /v1/storages/s2", reply(STORAGE, ETag='"7"'))
        with pytest.raises(PlatformError, match=r"other storages.* trusted"):
            reader.find(name="x")
        with pytest.raises(PlatformError, match=r"another storage.* trusted"):
            reader.find(id="s2")


def test_a_missing_page_of_a_proxy_is_not_absence() -> None:
    with scripted() as server, reading(server.url) as reader:
        server.on(ONE, reply({"code": "not-found"}, 404, ours=False))
        server.on(FILES, reply({"code": "not-found"}, 404, ours=False))
        with pytest.raises(PlatformError, match="not a state server"):
            reader.find(id="s1")
        with pytest.raises(PlatformError, match="not a state server"):
            list(reader.inventory("s1"))
