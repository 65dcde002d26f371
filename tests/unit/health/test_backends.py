"""What is found of folders and buckets: real ones, and servers that can't or won't tell."""

from __future__ import annotations

import http.server
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.health import backends
from reconciler.health.backends import FINE, UNKNOWN, UNUSABLE, Backend, check_backends
from reconciler.location import aws_url
from reconciler.model import Values
from support.locks.seaweed import ADMIN, READER, S3Server

REGION = "eu-central-2"


def local(path: object, name: str = "nas") -> Values:
    return Values(name, "NAS", "local", f"file://{path}")


def bucket_at(url: str, name: str = "minio") -> Values:
    return Values(name, "MinIO", "S3", url)


def on_aws(bucket: str, region: str = REGION) -> Values:
    return Values("raw", "Raw", "S3", aws_url(region, bucket), region=region, bucket=bucket)


def look(storage: Values, **options: float) -> Backend:
    (found,) = check_backends([storage], **options)
    assert found.name == storage.name
    return found


def test_a_folder_that_is_there(tmp_path):
    (tmp_path / "x.jetraw-storage").touch()
    found = look(local(tmp_path))
    assert (found.status, found.message) == (FINE, f"the folder '{tmp_path}' is there and writable")
    assert [path.name for path in tmp_path.iterdir()] == ["x.jetraw-storage"]


def test_a_url_without_scheme_is_a_folder_too(tmp_path):
    assert look(Values("nas", "NAS", "local", str(tmp_path))).status == FINE


@pytest.mark.parametrize("below", ["absent", "file/below"])
def test_a_folder_that_is_not_there(tmp_path, below):
    (tmp_path / "file").touch()
    found = look(local(tmp_path / below))
    assert found.status == UNUSABLE
    assert "does not exist on this machine" in found.message


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    found = look(local(tmp_path / "file"))
    assert (found.status, found.message) == (UNUSABLE, f"'{tmp_path}/file' is not a folder")


def test_a_folder_that_can_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root may do anything
    found = look(local(tmp_path))
    assert found.status == UNUSABLE
    assert "not writable" in found.message


@pytest.mark.parametrize("path", ["relative", "a\0b", "/a\0b", "/" + "x" * 300])
def test_a_folder_that_can_not_be_looked_at_is_not_absent(path):
    assert look(local(path)).status == UNKNOWN


def test_a_folder_that_may_not_be_looked_at_is_not_absent(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    found = look(local(tmp_path))
    assert found.status == UNKNOWN
    assert "Permission denied" in found.message


def test_a_folder_that_hangs_keeps_nobody(tmp_path, monkeypatch):
    released = threading.Event()
    stat = Path.stat

    def hang(path, **options):
        if path == tmp_path:
            released.wait(60)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", hang)
    good = tmp_path / "good"
    good.mkdir()
    found = check_backends([local(tmp_path, "dead"), local(good)], timeout=0.2, at_once=1)
    released.set()
    assert [(each.name, each.status) for each in found] == [("dead", UNKNOWN), ("nas", FINE)]
    assert "did not answer within 0.2 s" in found[0].message


def test_an_error_of_our_own_is_not_hidden(tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "_folder", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look(local(tmp_path))


def test_results_come_in_the_order_asked_and_each_place_is_looked_at_once(tmp_path, monkeypatch):
    looked: list[str] = []
    folder = backends._folder
    monkeypatch.setattr(backends, "_folder", lambda url: (looked.append(url), folder(url))[1])
    names = [f"n{number}" for number in range(40)]
    found = check_backends([local(tmp_path, name) for name in names], at_once=3)
    assert [each.name for each in found] == names
    assert looked == [f"file://{tmp_path}"]
    assert check_backends([]) == ()


class TestRealServer:
    """A real S3 server, which enforces credentials but not regions."""

    @pytest.fixture(autouse=True)
    def _environment(self, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in s3.environment().items():
            monkeypatch.setenv(name, value)

    def test_a_bucket_that_is_there(self, s3):
        found = look(bucket_at(f"{s3.endpoint}/shared/prefix"))
        assert found.status == FINE
        assert found.message == f"the bucket 'shared' at {s3.endpoint} answers"

    def test_a_bucket_that_is_not_there(self, s3):
        found = look(bucket_at(f"{s3.endpoint}/absent"))
        assert (found.status, "does not exist" in found.message) == (UNUSABLE, True)

    def test_a_bucket_of_aws_is_asked_for_where_the_environment_says(self):
        assert look(on_aws("shared")).status == FINE
        assert look(Values("raw", "Raw", "S3", "s3://shared/prefix")).status == FINE
        assert look(on_aws("absent")).status == UNUSABLE

    def test_a_bucket_that_we_may_not_see_is_not_absent(self, s3, monkeypatch):
        bucket = s3.new_bucket()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER.key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER.secret)
        found = look(bucket_at(f"{s3.endpoint}/{bucket}"))
        assert (found.status, "403" in found.message) == (UNKNOWN, True)
        assert look(bucket_at(f"{s3.endpoint}/shared")).status == FINE

    def test_no_credentials_at_all(self, s3, monkeypatch, tmp_path):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        found = look(bucket_at(f"{s3.endpoint}/shared"))
        assert (found.status, "NoCredentialsError" in found.message) == (UNKNOWN, True)

    def test_credentials_are_never_told(self, s3, monkeypatch):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
        found = look(bucket_at(f"http://user:pass@127.0.0.1:{s3.port}/shared"))
        assert found.status == UNKNOWN
        for secret in ("wrong-secret", "user", "pass", ADMIN.key):
            assert secret not in found.message


class Answering(http.server.ThreadingHTTPServer):
    """Answers every request with one status and some headers."""

    daemon_threads = True

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = status, headers


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        status, headers = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """Take the place of AWS."""
    server = Answering(200, {})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("status", [200, 301, 400, 403])
def test_another_region_than_declared_is_certain(answering, status):
    answering.answer = status, {"x-amz-bucket-region": "us-west-2"}
    found = look(on_aws("lab"))
    assert found.status == UNUSABLE
    assert found.message == f"the bucket 'lab' is in 'us-west-2', not in '{REGION}' as declared"


@pytest.mark.parametrize(
    ("status", "verdict", "told"),
    [
        (200, FINE, "answers"),
        (301, UNKNOWN, "another region"),
        (400, UNKNOWN, "another region"),
        (403, UNKNOWN, "credentials (403)"),
        (404, UNUSABLE, "does not exist"),
        (429, UNKNOWN, "answers 429"),
        (500, UNKNOWN, "answers 500"),
        (503, UNKNOWN, "answers 503"),
    ],
)
def test_what_an_answer_means(answering, status, verdict, told):
    answering.answer = status, {}
    found = look(on_aws("lab"))
    assert (found.status, told in found.message) == (verdict, True)


def test_the_declared_region_answers(answering):
    answering.answer = 200, {"x-amz-bucket-region": REGION}
    assert look(on_aws("lab")).status == FINE


def test_a_server_that_never_answers_is_not_waited_for(answering):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = look(bucket_at(f"http://127.0.0.1:{silent.getsockname()[1]}/lab"), timeout=0.3)
    assert found.status == UNKNOWN


def test_a_server_that_is_not_there_is_not_an_absent_bucket(answering):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    found = look(bucket_at(f"http://127.0.0.1:{port}/lab"))
    assert (found.status, "nothing listens there" in found.message) == (UNKNOWN, True)


@pytest.mark.parametrize("url", ["file://bob:SECRET@h/x", "file:///bob:SECRET@h/x"])
def test_no_piece_of_a_folders_address_is_told(url):
    assert "SECRET" not in look(Values("nas", "NAS", "local", url)).message


@pytest.mark.parametrize("url", ["https:///bob:SECRET@h/b", "s3://AKIA:SECRET/i@b/d"])
def test_no_piece_of_a_buckets_address_is_told(url):
    told = look(bucket_at(url)).message
    assert "could not be asked for" in told
    assert "SECRET" not in told


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.minio.example.org",
        "https://host:9000/b?x=1",
        "https://host/",
        "https://[x/b",
    ],
)
def test_a_url_that_names_no_bucket(url):
    found = look(bucket_at(url))
    assert (found.status, "does not tell which bucket" in found.message) == (UNKNOWN, True)


def test_a_bucket_that_no_server_could_have(answering):
    assert look(bucket_at("https://127.0.0.1/not a bucket")).status == UNKNOWN


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    found = look(on_aws("lab"))
    assert (found.status, "needs the extra 's3'" in found.message) == (UNKNOWN, True)
