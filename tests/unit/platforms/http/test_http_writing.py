"""Writing to a state server: the conditions that each write carries, and how conflicts read."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformError,
    RefusedError,
    UnknownOutcomeError,
)
from reconciler.lease.contract import Holder, Lease
from reconciler.model import Storage, Values
from reconciler.platforms.http.writer import HttpWriter
from support.faults.scripted_server import (
    STORAGE,
    Asked,
    Reply,
    ScriptedServer,
    problem,
    reply,
    scripted,
)
from support.platforms.http_opening import writing

VALUES = Values("nas", "NAS", "local", "file:///data/nas")
LIVE = Storage("s1", "nas", "NAS", "local", "file:///data/nas")
CREATE, GET, PATCH, DELETE = (
    "POST /v1/storages",
    "GET /v1/storages/s1",
    "PATCH /v1/storages/s1",
    "DELETE /v1/storages/s1",
)
FILES = "POST /v1/storages/s1/inventory"
LEASE = Lease(17, Holder("me"), "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")
CHANGED = problem("changed", 412)


def live(revision: int = 7, **changed: object) -> Reply:
    return reply({**STORAGE, **changed}, ETag=f'"{revision}"')


def asked_of(server: ScriptedServer, request: str) -> list[Asked]:
    return [a for a in server.asked if f"{a.method} {a.target.partition('?')[0]}" == request]


# Create


def test_a_create_sends_values_and_a_key() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(CREATE, reply(STORAGE, 201, ETag='"8"'))
        made = writer.create(replace(VALUES, region="eu", bucket="b"), key="k1")
        assert (made.id, made.name, made.url) == ("s1", "nas", "file:///data/nas")
        writer.create(VALUES)
        writer.create(VALUES)
        first, *others = asked_of(server, CREATE)
        assert first.headers["content-type"] == "application/json"
        assert first.headers["idempotency-key"] == "k1"
        assert json.loads(first.body) == {
            "name": "nas",
            "label": "NAS",
            "type": "local",
            "default_url": "file:///data/nas",
        }
        assert len({asked.headers["idempotency-key"] for asked in others}) == 2


def test_a_taken_name_is_a_conflict() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(CREATE, problem("name-taken", 409, "whatever"))
        with pytest.raises(ConflictError, match=r"^the name 'nas' is taken by another storage$"):
            writer.create(VALUES)


@pytest.mark.parametrize("field", ["name", "label", "type", "default_url"])
def test_an_answer_with_other_values_leaves_the_outcome_unknown(field: str) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(CREATE, reply({**STORAGE, field: "other"}, 201))
        with pytest.raises(UnknownOutcomeError, match="another storage"):
            writer.create(VALUES)


def test_text_that_is_not_unicode_is_not_sent() -> None:
    with scripted() as server, writing(server.url) as writer:
        with pytest.raises(RefusedError, match="not valid Unicode"):
            writer.create(replace(VALUES, label="\ud800"))
        assert server.targets() == []


# Update and remove: the condition


def update(writer: HttpWriter, expected: Storage = LIVE) -> Storage:
    return writer.update(expected, name="new", label=None)


def remove(writer: HttpWriter, expected: Storage = LIVE) -> None:
    writer.remove(expected, holds_files=False)


WRITES = [
    pytest.param(update, PATCH, live(8, name="new"), id="update"),
    pytest.param(remove, DELETE, reply(status=204), id="remove"),
]
Write = Callable[..., Storage | None]


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_a_write_relies_on_what_was_found(write: Write, request_: str, done: Reply) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live())
        server.on(request_, done)
        (found,) = writer.find(id="s1")
        write(writer, found)
        (asked,) = asked_of(server, request_)
        assert asked.headers["if-match"] == '"7"'
        assert len(asked_of(server, GET)) == 1


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_what_was_not_read_is_read_first(write: Write, request_: str, done: Reply) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, reply(STORAGE, ETag='W/"7"'))  # as a proxy that packs anew makes of it
        server.on(request_, done)
        write(writer)
        assert asked_of(server, request_)[0].headers["if-match"] == '"7"'


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_another_inventory_is_no_conflict(write: Write, request_: str, done: Reply) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live(7), live(8))
        server.on(request_, CHANGED, done)
        write(writer, writer.find(id="s1")[0])
        assert [a.headers["if-match"] for a in asked_of(server, request_)] == ['"7"', '"8"']


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_other_values_are_a_conflict(write: Write, request_: str, done: Reply) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live(7), live(8, label="theirs", default_url="https://me:pw@host/"))
        server.on(request_, CHANGED)
        with pytest.raises(ConflictError) as caught:
            write(writer, writer.find(id="s1")[0])
        assert str(caught.value) == (
            "storage 'nas' was changed: its label is now 'theirs', no longer 'NAS'; its "
            "default_url is now 'https://***@host/', no longer 'file:///data/nas'"
        )


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_a_plan_that_is_stale_already_writes_nothing(
    write: Write, request_: str, done: Reply
) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live())
        writer.find(id="s1")
        with pytest.raises(ConflictError, match="its label is now 'NAS', no longer 'old'"):
            write(writer, replace(LIVE, label="old"))
        assert asked_of(server, request_) == []


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_what_is_gone_is_a_conflict(write: Write, request_: str, done: Reply) -> None:
    with scripted() as server, writing(server.url) as writer:
        with pytest.raises(ConflictError, match=r"^storage 'nas' is no longer there$"):
            write(writer)
        server.on(GET, live())
        server.on(request_, problem("not-found", 404))
        with pytest.raises(ConflictError, match=r"^storage 'nas' is no longer there$"):
            write(writer)


@pytest.mark.parametrize(("write", "request_", "done"), WRITES)
def test_a_storage_that_never_rests_is_given_up(write: Write, request_: str, done: Reply) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, *(live(revision) for revision in range(7, 13)))
        server.on(request_, CHANGED)
        with pytest.raises(ConflictError, match=r"^storage 'nas' was changed at the same moment$"):
            write(writer)
        assert len(asked_of(server, request_)) == 5


@pytest.mark.parametrize("etag", [{}, {"ETag": ""}, {"ETag": "7"}, {"ETag": '"'}])
def test_without_an_etag_nothing_is_written(etag: dict[str, str]) -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, reply(STORAGE, **etag))
        with pytest.raises(PlatformError, match="lacks an ETag"):
            remove(writer)
        assert server.targets() == [GET]


def test_an_update_sends_what_it_changes() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live())
        for name, label in (("new", None), (None, ""), ("n", "l")):
            sent = {k: v for k, v in (("name", name), ("label", label)) if v is not None}
            server.on(PATCH, live(8, **sent))
            updated = writer.update(LIVE, name=name, label=label)
            assert json.loads(asked_of(server, PATCH)[-1].body) == sent
            assert (updated.name, updated.label) == (
                name or "nas",
                "NAS" if label is None else label,
            )
        assert asked_of(server, PATCH)[0].headers["content-type"] == "application/json"


def test_an_update_of_nothing_only_looks() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live())
        assert writer.update(LIVE, name=None, label=None).id == "s1"
        with pytest.raises(ConflictError, match="label"):
            writer.update(replace(LIVE, label="old"), name=None, label=None)
        assert server.targets() == [GET, GET]


def test_an_update_that_is_not_as_wanted_has_an_unknown_outcome() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live())
        server.on(PATCH, live(8, name="other"))
        with pytest.raises(UnknownOutcomeError, match="other values"):
            update(writer)


def test_names_and_files_in_the_way() -> None:
    with scripted() as server, writing(server.url) as writer:
        server.on(GET, live())
        server.on(PATCH, problem("name-taken", 409))
        server.on(DELETE, problem("holds-files", 409))
        with pytest.raises(ConflictError, match=r"^the name 'new' is taken by another storage$"):
            update(writer)
        with pytest.raises(ConflictError, match=r"^storage 'nas' holds files: .* consent"):
            remove(writer)
        server.on(DELETE, reply(status=204))
        writer.remove(LIVE, holds_files=True)
        assert [a.target for a in asked_of(server, DELETE)] == [
            "/v1/storages/s1?holds_files=false",
            "/v1/storages/s1?holds_files=true",
        ]


# Lease and origin


def test_a_write_carries_lease_and_origin() -> None:
    origin = {
        "run": "r1",
        "actor": "jürgen\r\nX: y",
        "job_url": "",
        "commit": "ü" * 1000,
        "host": "h",
    }
    with scripted() as server, writing(server.url, lease=LEASE, origin=origin) as writer:
        server.on(GET, live())
        server.on(PATCH, live(8, name="new"))
        server.on(FILES, problem("lease-lost", 409))
        update(writer)
        with pytest.raises(LeaseLostError, match="our lease"):
            writer.record_inventory("s1", [])
        for request in (PATCH, FILES):
            headers = asked_of(server, request)[0].headers
            assert headers["reconciler-fence"] == "17"
            assert headers["reconciler-run"] == "r1"
            assert headers["reconciler-actor"] == "j%C3%BCrgen%0D%0AX%3A%20y"
            assert headers["reconciler-commit"] == "%C3%BC" * 170
            assert "reconciler-job-url" not in headers
            assert "x" not in headers
        assert "reconciler-fence" not in asked_of(server, GET)[0].headers
