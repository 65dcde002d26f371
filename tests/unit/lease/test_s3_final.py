"""What never passes by itself is told at once, with what helps; nothing is asked a second time."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pytest

from reconciler.buckets import named_file, system_file
from reconciler.errors import PlatformError, UnavailableError, UsageError
from reconciler.health.backends import FINE, UNKNOWN, check_backends
from reconciler.lease.bucket_failure import failure
from reconciler.lease.keeper import Clock, Wait, acquire
from reconciler.lease.opening import open_lock
from reconciler.model import Values
from support.faults.careless_s3 import careless_s3
from support.faults.scripted_server import reply, scripted
from support.locks.lock_making import ALICE
from support.server.certificates import Authority

DAY = timedelta(days=1)
BOTH = ("If-None-Match", "If-Match")


class Never(Clock):
    """A clock by which nobody waits."""

    def sleep(self, seconds):
        pytest.fail("it was to be tried again")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    given = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1"}
    for name, value in given.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def use(monkeypatch):
    return lambda endpoint: monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)


def told():
    """Try to get the lock, for a minute if it helps; give the error."""
    with pytest.raises(PlatformError) as caught:
        acquire(open_lock("s3://locks/key"), ALICE, Wait(60), clock=Never())
    assert not isinstance(caught.value, UnavailableError)
    assert "secret" not in str(caught.value).replace("the secret does", "").replace("SECRET", "")
    return str(caught.value)


def checked(endpoint):
    (found,) = check_backends([Values("raw", "", "S3", f"{endpoint}/locks")])
    return found.status, found.message


def hold():
    acquire(open_lock("s3://locks/key"), ALICE, Wait(60), clock=Never()).close()


@pytest.mark.parametrize(
    ("names", "begins", "ends", "trusted", "words"),
    [
        ((), -DAY, DAY, False, "signed it, name that authority's certificate in AWS_CA_BUNDLE"),
        ((), -2 * DAY, -DAY, True, "certificate, or that of its authority, has expired"),
        ((), DAY, 2 * DAY, True, "is not valid yet"),
        (("other.example",), -DAY, DAY, True, "certificate is that of another host"),
    ],
)
def test_what_is_wrong_with_a_certificate(
    authority, use, monkeypatch, names, begins, ends, trusted, words
):
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    with careless_s3(*BOTH, tls=authority.server(*names, begins=begins, ends=ends)) as server:
        use(server.endpoint)
        assert words in told()
        status, message = checked(server.endpoint)
    assert status == UNKNOWN
    assert words in message


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_ones_own_is_heeded_by_lock_and_check(
    authority, use, monkeypatch, variable
):
    monkeypatch.setenv(variable, str(authority.file))
    with careless_s3(*BOTH, tls=authority.server()) as server:
        use(server.endpoint)
        hold()
        assert checked(server.endpoint)[0] == FINE
        assert list(server.objects) == ["/locks/key"]


def test_an_authority_that_a_profile_names(authority, use, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text(
        "[default]\naws_access_key_id = key\naws_secret_access_key = secret\n"
        f"ca_bundle = {authority.file}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with careless_s3(*BOTH, tls=authority.server()) as server:
        use(server.endpoint)
        hold()
        assert checked(server.endpoint)[0] == FINE


def test_other_authorities_that_are_named_did_not_sign(authority, use, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("AWS_CA_BUNDLE", str(Authority(tmp_path / "other").file))
    with careless_s3(*BOTH, tls=authority.server()) as server:
        use(server.endpoint)
        assert "no authority in AWS_CA_BUNDLE signed it" in told()
        assert "no authority in AWS_CA_BUNDLE signed it" in checked(server.endpoint)[1]


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), ("no PEM", "holds no certificate in PEM")]
)
def test_a_bundle_that_is_none(use, monkeypatch, tmp_path, content, why):
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with careless_s3(*BOTH) as server:
        use(server.endpoint)
        with pytest.raises(UsageError, match=f"AWS_CA_BUNDLE names .*{why}"):
            hold()
        assert why in checked(server.endpoint)[1]


def test_a_bundle_is_read_once_and_again_when_it_was_replaced(monkeypatch, authority, tmp_path):
    bundle, read = tmp_path / "bundle.pem", []
    bundle.write_bytes(authority.file.read_bytes())
    monkeypatch.setattr(
        "reconciler.environment.certificates.context_of", lambda *of: read.append(of)
    )
    for _ in range(3):
        assert named_file(str(bundle)) == str(bundle)
    assert len(read) == 1
    bundle.write_text("no PEM")
    named_file(str(bundle))
    assert len(read) == 2


def test_the_systems_authorities_are_found(monkeypatch, authority):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    found = system_file()
    if found is not None:  # some systems have none
        assert ssl.create_default_context(cafile=found).cert_store_stats()["x509_ca"] > 0
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert system_file() == str(authority.file)


def test_tls_to_a_plain_port(use):
    with careless_s3(*BOTH) as server:
        endpoint = server.endpoint.replace("http:", "https:")
        use(endpoint)
        assert "there is no TLS there that we can speak: check https://" in told()
        assert "there is no TLS there that we can speak" in checked(endpoint)[1]


@pytest.mark.parametrize(
    ("why", "transient"),
    [
        ("Name or service not known", False),
        ("Name does not resolve", False),
        ("nodename nor servname provided, or not known", False),
        ("Temporary failure in name resolution", True),
    ],
)
def test_a_name_that_is_not_known_is_final_and_one_that_is_not_found_just_now_is_not(
    why, transient
):
    """As obstore says it: what a real resolver says depends on the network."""
    text = f'ConnectError(\n"dns error",\nCustom {{\nerror: "failed to lookup address: {why}"'
    found = failure(OSError(text), own_authorities=False)
    assert found.transient is transient
    assert found.hint == "try again" if transient else "check AWS_ENDPOINT_URL" in found.hint


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, "<Code>SignatureDoesNotMatch</Code>", "correct AWS_SECRET_ACCESS_KEY"),
        (403, "<Code>InvalidAccessKeyId</Code>", "correct AWS_ACCESS_KEY_ID"),
        (403, "<Code>RequestTimeTooSkewed</Code>", "set the clock"),
        (400, "<Code>ExpiredToken</Code>", "renew AWS_SESSION_TOKEN"),
        (403, "<Code>AccessDenied</Code>", "the account needs s3:GetObject"),
        (403, "", "the account needs s3:GetObject"),
        (401, "", "the account needs s3:GetObject"),
        (404, "<Code>NoSuchBucket</Code>", "there is no bucket 'locks'"),
        (
            400,
            "<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>",
            "another region); set AWS_REGION to 'eu-west-1'",
        ),
        (301, "<Code>PermanentRedirect</Code>", "set AWS_REGION to its"),
        (400, "Client sent an HTTP request to an HTTPS server.", "write https://"),
        (501, "", "the server answered 501"),
    ],
)
def test_an_answer_that_is_final(use, status, body, words):
    with scripted() as server:
        server.on("GET /locks/key", reply(body.encode(), status, ours=False))
        use(server.url)
        assert words in told()
        assert server.targets() == ["GET /locks/key"]
