"""Every way in which a call can fail, and what it means: told once, and without the token."""

from __future__ import annotations

import gzip
import json
import threading

import pytest

from reconciler.errors import (
    ConflictError,
    LeaseLostError,
    PlatformBusyError,
    PlatformError,
    RefusedError,
    UnavailableError,
    UnknownOutcomeError,
)
from reconciler.model import Storage, Values
from reconciler.platforms import open_platform
from reconciler.platforms.http.connection import Timeouts
from support.faults.scripted_server import (
    STORAGE,
    Reply,
    ScriptedServer,
    page,
    problem,
    reply,
    scripted,
)
from support.platforms.http_opening import TOKEN, reading, writing

NAS = Values("nas", "NAS", "local", "file:///data/nas")
LIVE = Storage("s1", "nas", "NAS", "local", "file:///data/nas")
#: Whole and right, were they unpacked twice.
TWICE, TWICE_TAKEN = (
    gzip.compress(gzip.compress(json.dumps(told).encode()))
    for told in (STORAGE, {"code": "name-taken", "detail": "taken"})
)
HTML = b"<html>Internal proxy 10.1.2.3, build 77</html>"
LIST, CREATE = "GET /v1/storages", "POST /v1/storages"


def html(status: int, **headers: str) -> Reply:
    return reply(HTML, status, media_type="text/html", ours=False, **headers)


def read_failing(server: ScriptedServer, answer: Reply, **timeouts: float) -> PlatformError:
    server.on(LIST, answer)
    with (
        reading(server.url, Timeouts(**timeouts)) as reader,
        pytest.raises(PlatformError) as caught,
    ):
        reader.read()
    return checked(caught.value, server)


def create_failing(server: ScriptedServer, answer: Reply, **timeouts: float) -> PlatformError:
    server.on(CREATE, answer)
    with (
        writing(server.url, Timeouts(**timeouts)) as writer,
        pytest.raises(PlatformError) as caught,
    ):
        writer.create(NAS)
    return checked(caught.value, server)


def checked(error: PlatformError, server: ScriptedServer) -> PlatformError:
    assert str(error).startswith(f"platform '{server.url}': ")
    assert "\n" not in str(error)
    assert "hunter2" not in str(error)
    assert "10.1.2.3" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    # The token was there to be shown.
    assert server.asked[-1].headers["authorization"] == f"Bearer {TOKEN}"
    return error


FAILURES: dict[str, tuple[Reply, type[PlatformError], type[PlatformError], str]] = {
    # what is answered, what it means for a read, for a write, and what is said
    "429": (html(429), UnavailableError, UnknownOutcomeError, "or a proxy before it, is too busy"),
    "425 of a proxy": (html(425), UnavailableError, UnknownOutcomeError, "too busy"),
    "408 of a proxy": (html(408), UnavailableError, UnknownOutcomeError, "too busy"),
    "503 of a proxy": (html(503), UnavailableError, UnknownOutcomeError, "too busy or not ready"),
    "503 of a proxy that keeps headers": (reply(HTML, 503, media_type="text/html"),
                                          UnavailableError, UnknownOutcomeError, "too busy"),
    "503 of a proxy in JSON": (
        reply({"title": "Service Unavailable", "status": 503}, 503,
              media_type="application/problem+json"),
        UnavailableError, UnknownOutcomeError, "too busy",
    ),
    "503": (problem("unavailable", 503), UnavailableError, UnavailableError, "HTTP 503"),
    "503 cut": (
        reply(b"x" * 99, 503, media_type="application/problem+json", cut=9),
        UnavailableError, UnknownOutcomeError, "HTTP 503",
    ),
    "another status than the problem's": (
        Reply(problem("changed", 412).data.replace(b" 412 ", b" 409 ", 1)),
        PlatformError, UnknownOutcomeError, "HTTP 409. is not a state server",
    ),
    "408": (problem("timeout", 408), UnavailableError, UnavailableError, "HTTP 408"),
    "502": (html(502), UnavailableError, UnknownOutcomeError, "HTTP 502"),
    "504": (html(504), UnavailableError, UnknownOutcomeError, "HTTP 504"),
    "500 of a proxy": (html(500), PlatformError, UnknownOutcomeError, "not a state server"),
    "500": (problem("internal", 500, "a bug"), PlatformError, UnknownOutcomeError, "500: a bug"),
    "501 in HTML": (reply(HTML, 501, media_type="text/html"),
                    PlatformError, UnknownOutcomeError, "HTTP 501. is not a state server"),
    "400": (problem("malformed", 400, "no limit"), PlatformError, PlatformError, "400: no limit"),
    "401": (problem("unauthenticated", 401), PlatformError, PlatformError, "RECONCILER_TOKEN"),
    "403": (problem("forbidden", 403), PlatformError, PlatformError,
            "role is 'operator', which does not allow this.* needs admin"),
    **{
        f"{status} of a proxy": (html(status), PlatformError, UnknownOutcomeError,
                                 f"HTTP {status}. is not a state server")
        for status in (400, 401, 403, 404, 405, 407, 409, 410, 412, 413, 418, 421, 451, 499, 520)
    },
    "404": (problem("not-found", 404, "none"), PlatformError, PlatformError, "HTTP 404: none"),
    "405": (problem("method-not-allowed", 405), PlatformError, PlatformError, "HTTP 405"),
    "409": (problem("name-taken", 409, "taken"), ConflictError, ConflictError, "taken"),
    "409 files": (problem("holds-files", 409, "files"), ConflictError, ConflictError, "files"),
    "409 lease": (problem("lease-lost", 409), LeaseLostError, LeaseLostError, "lease"),
    "409 locked": (problem("locked", 409), PlatformBusyError, PlatformBusyError, "locked"),
    "409 unknown": (problem("news", 409, "new"), PlatformError, PlatformError, "HTTP 409: new"),
    "412": (problem("changed", 412, "other"), ConflictError, ConflictError, "412: other"),
    "413": (problem("too-large", 413, "large"), RefusedError, RefusedError, "413: large"),
    "415": (problem("unsupported-media-type", 415), PlatformError, PlatformError, "415"),
    "422": (problem("invalid-value", 422, "tape"), RefusedError, RefusedError, "422: tape"),
    "301": (html(301, Location="https://me:pw@other/v1"), PlatformError, UnknownOutcomeError,
            r"sends us on to 'https://\*\*\*@other/v1'.* nothing was sent there"),
    "302 of ours": (reply(b"", 302), PlatformError, UnknownOutcomeError, "sends us on"),
    "304": (reply(status=304), PlatformError, UnknownOutcomeError, "HTTP 304"),
    "202": (reply(STORAGE, 202), PlatformError, UnknownOutcomeError, "HTTP 202. is not a state"),
    "200 in HTML": (html(200), PlatformError, UnknownOutcomeError, "not a state server"),
    "200 in HTML of ours": (reply(HTML, media_type="text/html"),
                            PlatformError, UnknownOutcomeError, "not application/json"),
    "no JSON": (reply(b"{"), PlatformError, UnknownOutcomeError, "contract"),
    "other JSON": (reply([1, 2]), PlatformError, UnknownOutcomeError, "contract"),
    "no UTF-8": (reply(b'{"storages":[{"id":"\xff"}]}'),
                 PlatformError, UnknownOutcomeError, "contract"),
    "deep JSON": (reply(b"[" * 100_000), PlatformError, UnknownOutcomeError, "contract"),
    "fields missing": (reply({"storages": [{"id": "x"}], "next": None, "revision": 1}),
                       PlatformError, UnknownOutcomeError, "contract"),
    "no gzip": (reply(b"plain", Content_Encoding="gzip"),
                PlatformError, UnknownOutcomeError, "not packed"),
    "packed twice": (reply(TWICE, Content_Encoding="gzip, gzip"),
                     PlatformError, UnknownOutcomeError, "was not asked for"),
    "packed otherwise": (reply(TWICE, Content_Encoding="br"),
                         PlatformError, UnknownOutcomeError, "was not asked for"),
    "packed twice, a problem": (reply(TWICE_TAKEN, 409, media_type="application/problem+json",
                                      Content_Encoding="gzip, gzip"),
                                PlatformError, UnknownOutcomeError, "HTTP 409. is not a state"),
    "cut": (reply(STORAGE, cut=9), UnavailableError, UnknownOutcomeError, "connection broke"),
    "cut in the headers": (Reply(b"HTTP/1.1 200 OK\r\nConte", "close"),
                           UnavailableError, UnknownOutcomeError, "connection broke"),
    "no answer": (Reply(b"", "close"), UnavailableError, UnknownOutcomeError, "connection broke"),
    "reset": (Reply(b"", "reset"), UnavailableError, UnknownOutcomeError, "connection broke"),
    "no HTTP": (Reply(b"SSH-2.0-OpenSSH_9\r\n", "close"),
                UnavailableError, UnknownOutcomeError, "connection broke"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_read(case: str) -> None:
    answer, kind, _, words = FAILURES[case]
    with scripted() as server:
        error = read_failing(server, answer)
    assert type(error) is kind
    assert_says(error, words)


@pytest.mark.parametrize("case", [case for case in FAILURES if case != "409"])
def test_a_failed_write(case: str) -> None:
    answer, _, kind, words = FAILURES[case]
    with scripted() as server:
        error = create_failing(server, answer)
    assert type(error) is kind
    assert_says(error, words)
    assert kind is not UnknownOutcomeError or "not known" in str(error)


def assert_says(error: PlatformError, words: str) -> None:
    with pytest.raises(PlatformError, match=words):
        raise error


def test_an_answer_that_does_not_come_in_time() -> None:
    silent = Reply(b"", wait_for=threading.Event())
    with scripted() as server:
        error = read_failing(server, silent, read=0.1)
        assert type(error) is UnavailableError
        assert_says(error, "in time")
        error = create_failing(server, silent, read=1.0)  # what comes before it is in time
        assert type(error) is UnknownOutcomeError
        assert_says(error, "in time: whether the change was made is not known")


# Retry-After


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": " 120 "}, 120),
        ({"Retry_After": "9" * 40}, 999_999_999),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "²"}, None),
        ({"Retry_After": "Thu, 01 Jan 2026 00:00:30 GMT",
          "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 30),
        ({"Retry_After": "Thu, 01 Jan 2026 00:00:30 -0000",
          "Date": "Thu, 01 Jan 2026 00:01:00 GMT"}, 0),
        ({"Retry_After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"Retry_After": "Thu, 99 Jan 2026 00:00:30 GMT"}, None),
    ],
)  # fmt: skip
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    with scripted() as server:
        data = reply(b"", 503, **headers).data
        for error in (read_failing(server, Reply(data)), create_failing(server, Reply(data))):
            assert isinstance(error, UnavailableError | UnknownOutcomeError)
            assert error.retry_after == seconds


def test_what_will_not_pass_is_known_from_what_may() -> None:
    with scripted() as server:
        for status, lasting in ((503, False), (429, False), (504, False), (403, True), (302, True)):
            error = create_failing(server, html(status))
            assert isinstance(error, UnknownOutcomeError)
            assert error.lasting is lasting, status


# What is shown of a server's own words


def test_words_of_a_server_are_escaped_and_cut() -> None:
    with scripted() as server:
        error = read_failing(server, problem("malformed", 400, "a\n\x1b[31m\u202e" + "x" * 10_000))
    assert "a\\n\\x1b[31m\\u202ex" in str(error)
    assert len(str(error)) < 600


def test_words_of_anything_else_are_not_shown() -> None:
    answer = problem("malformed", 400, "secret of a proxy").data
    assert b"Reconciler-Version: 9.9\r\n" in answer
    with scripted() as server:
        error = read_failing(server, Reply(answer.replace(b"Reconciler-Version", b"X-Version")))
    assert "secret of a proxy" not in str(error)


def test_a_long_answer_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted() as server:
        error = create_failing(server, reply(b" " * 1024 * 1024 + b"{}"))
        assert type(error) is UnknownOutcomeError
        assert_says(error, "longer than 1,048,576 bytes")
        monkeypatch.setattr("reconciler.platforms.http.pages.LONGEST_PAGE", 1000)
        assert_says(read_failing(server, page(*[STORAGE] * 10)), "longer than 1,000 bytes")


# The role, and the lack of a token


def test_without_a_token_it_says_how_to_get_one() -> None:
    with scripted() as server:
        server.on("GET /v1/platform", problem("unauthenticated", 401))
        reader = open_platform(server.url, base=None, environ={}).reader()
        with pytest.raises(PlatformError, match=r"needs a token.*token create.*TOKEN_FILE"):
            reader.read()
        reader.close()
        assert "authorization" not in server.asked[0].headers


def test_a_token_that_is_refused_at_once() -> None:
    with scripted() as server:
        server.on("GET /v1/platform", problem("forbidden", 403))
        with reading(server.url) as reader, pytest.raises(PlatformError, match="token's role does"):
            reader.read()
