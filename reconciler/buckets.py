"""The one door to S3: clients, their credentials, and whose certificates servers may have.

What S3 is asked through comes with an extra and is slow to import, so that each library is
imported when a bucket is opened: obstore for the lock, boto3 for `--check-backends` and profiles.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, unquote_plus

from reconciler.environment.certificates import Fault, advice, check, distrusted, fault
from reconciler.errors import PlatformError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store

VARIABLE = "AWS_CA_BUNDLE"
#: Where systems keep their authorities in one file, where OpenSSL does not know it.
_USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
NO_TLS = "there is no TLS there that we can speak: check https:// and the port"
_LOADER = "data_loader"
_LOADERS: dict[str, Any] = {}
#: Errors of boto3's to which no answer came, in words; where it says more, that is told instead.
_SILENCES = {
    "ConnectTimeoutError": "no connection within a few seconds",
    "ReadTimeoutError": "it took the question and did not answer in time",
    "EndpointConnectionError": "no connection",
    "ProxyConnectionError": "the proxy can't be reached",
    "ConnectionClosedError": "the connection broke off",
    "HTTPClientError": "the connection broke off",
    "ConnectionError": "the connection broke off",
    "IncompleteReadError": "the connection broke off",
    "ResponseStreamingError": "the connection broke off",
}
#: What obstore raises for a write whose condition does not hold.
_UNMET = ("AlreadyExistsError", "PreconditionError")


def open_bucket(bucket: str, timeout: float, *, checksums: bool = False) -> tuple[S3Store, bool]:
    """Open a bucket, and say whether a file of authorities is named for it.

    With `checksums` each upload carries its SHA-256, without which Object Lock takes none.
    What the environment says is read by obstore itself, profiles by boto3. Raises `ImportError`
    without the extra.
    """
    endpoint = _endpoint()
    options = {"timeout": timedelta(seconds=timeout)}
    given = {"endpoint": endpoint} if endpoint else {}
    if checksums:
        given["checksum_algorithm"] = "sha256"
    return _store(bucket, given, timeout, options)


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def reading_store(bucket: str, endpoint: str, region: str, timeout: float) -> S3Store:
    """Open a bucket to read large objects: `timeout` is how long nothing may come, in seconds."""
    given = {"endpoint": endpoint, "region": region}
    options = {"timeout": timedelta(days=30), "read_timeout": timedelta(seconds=timeout)}
    return _store(bucket, given, timeout, options)[0]


def _store(
    bucket: str, given: dict[str, Any], timeout: float, limits: dict[str, Any]
) -> tuple[S3Store, bool]:
    import obstore.store  # in an extra, and dear

    provider, configured = _identity()
    authorities = named_file(configured)
    if provider is not None:
        given["credential_provider"] = provider
    options: dict[str, Any] = {
        **limits,
        "connect_timeout": timedelta(seconds=min(timeout, 5.0)),
        "allow_http": given.get("endpoint", "").startswith("http://"),
    }
    if authorities is not None:
        # Beside those of the system, or of SSL_CERT_FILE, which obstore reads itself.
        options["root_certificate"] = Path(authorities).read_bytes()
    store = obstore.store.S3Store(
        bucket,
        client_options=cast("ClientConfig", options),
        # Else a single object is deleted by `POST ?delete`, which not every server knows.
        config={"disable_bulk_delete": True},
        # Whoever calls us tries again, and knows for how long.
        retry_config={"max_retries": 0},
        **given,
    )
    return store, authorities is not None


def listing_client(timeout: float) -> Any:  # noqa: ANN401 - boto3 has no types
    """Make a client of boto3 for what `open_bucket` opens: obstore takes anything for a listing.

    Both must go to one server, so that what a profile says of an endpoint counts for neither.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return asking_client(_endpoint(), region, timeout, 4, ignore_configured_endpoint_urls=True)


def asking_client(
    endpoint: str | None, region: str | None, timeout: float, connections: int, **more: object
) -> Any:  # noqa: ANN401 - boto3 has no types
    """Make a client of boto3 that tries nothing again; raises `ImportError` without the extra."""
    session, core, config = _boto3()
    client = session.client(
        "s3",
        region_name=region or session.region_name or "us-east-1",
        endpoint_url=endpoint,
        verify=named_file(core.get_config_variable("ca_bundle")) or system_file(),
        config=config(
            connect_timeout=min(timeout, 5.0),
            read_timeout=timeout,
            retries={"total_max_attempts": 1},
            max_pool_connections=connections,
            s3={"addressing_style": "path"} if endpoint else {},
            # Newer sums than they know are refused by servers other than AWS.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            **more,
        ),
    )
    client.meta.events.register("response-received.s3.HeadBucket", _take)
    return client


class Answer(Exception):  # noqa: N818 - no error, but the way out of boto3
    """What came of asking for a bucket."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        """Keep the status, 0 if nothing came, and the headers, by their names in lower case."""
        super().__init__(status)
        self.status = status
        self.headers = headers

    @property
    def region(self) -> str | None:
        """The region that the bucket says it is in."""
        return self.headers.get("x-amz-bucket-region")


def _take(parsed_response: Mapping[str, Any] | None, **_: object) -> None:
    """Take the first answer that there is.

    Left alone, boto3 follows redirects to other regions, which is not what was asked, and calls
    itself without end if a server redirects without a word of where to.
    """
    if parsed_response is not None:
        metadata = parsed_response["ResponseMetadata"]
        raise Answer(metadata["HTTPStatusCode"], metadata["HTTPHeaders"])


def ask_for_bucket(client: Any, name: str) -> Answer:  # noqa: ANN401
    """Ask a client for a bucket; raises whatever boto3 does if no answer comes."""
    try:
        client.head_bucket(Bucket=name)
    except Answer as answer:
        return answer
    return Answer(0, {})


def is_listing(answer: Mapping[str, Any], bucket: str, prefix: str) -> bool:
    """Return whether what boto3 took for a listing is one, of this bucket and prefix.

    It takes any XML for a listing of nothing: the page of a proxy, an error told with 200. Of an
    access point nobody promises which name is told.
    """
    if "IsTruncated" not in answer:
        return False
    told = str(answer.get("Prefix") or "")
    # boto3 decodes it, unless it was told how it is to come.
    if prefix not in (told, unquote(told), unquote_plus(told)):
        return False
    is_alias = bucket.startswith("arn:") or bucket.endswith("-s3alias")
    return is_alias or answer.get("Name") in (None, "", bucket)


def silence(error: Exception) -> str:
    """Say why no answer came, or not all of one; empty if that is not what an error says."""
    silent = type(error).__name__ in _SILENCES or library_of(error) in ("urllib3", "http")
    return obstacle(error) if silent or isinstance(error, OSError) else ""


def obstacle(error: BaseException) -> str:
    """Say what kept boto3 from an answer, without what it tells of the configuration."""
    name, cause = type(error).__name__, error
    named = bool(os.environ.get(VARIABLE))
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            return s3_distrusted(fault(cause), cause.verify_message, named=named)
        if type(cause).__name__ == "CertificateError":  # urllib3 compares the names itself
            return s3_distrusted(Fault.OTHER_HOST, str(cause), named=named)
    return NO_TLS if name == "SSLError" else _unanswered(name, cause)


def _unanswered(name: str, cause: BaseException) -> str:
    """Return in words why nothing came, by the name of an error of boto3's and what lies below."""
    if isinstance(cause, socket.gaierror):
        return "its name is not known"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there"
    return _SILENCES.get(name, name)


def _identity() -> tuple[object, str | None]:
    """Return what knows the credentials, if not the environment, and the file of authorities."""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return None, os.environ.get(VARIABLE)
    from obstore.auth.boto3 import Boto3CredentialProvider  # with boto3, which is dearer

    try:
        session, core, _ = _boto3()
        if session.get_credentials() is not None:
            return Boto3CredentialProvider(session), core.get_config_variable("ca_bundle")
    except Exception as error:
        if library_of(error) != "botocore":
            raise
        raise PlatformError(f"AWS credentials can't be read ({error})") from None
    raise PlatformError(
        "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
        "AWS_PROFILE"
    )


def _boto3() -> tuple[Any, Any, Any]:
    """Return a session of boto3, the one below it, which knows profiles, and how to configure."""
    # In an extra, and dear.
    import boto3  # type: ignore[import-untyped]

    botocore = boto3.session.botocore  # whose parts it has imported
    core = botocore.session.Session()
    # Reading how S3 is spoken is most of what a client costs.
    core.register_component(_LOADER, _LOADERS.setdefault("", core.get_component(_LOADER)))
    core.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=partial(_moment, otherwise=botocore.utils.parse_timestamp)
    )
    return boto3.Session(botocore_session=core), core, botocore.config.Config


def _moment(text: Any, otherwise: Callable[[Any], datetime]) -> datetime:  # noqa: ANN401
    """Parse a moment; boto3's own way takes half of the time that a listing does."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return otherwise(text)
    return moment if moment.tzinfo else otherwise(text)


def library_of(error: BaseException) -> str:
    """Name the library whose error it is, without importing one."""
    return type(error).__module__.partition(".")[0]


def is_condition_unmet(error: Exception) -> bool:
    """Return whether a write was refused because its condition does not hold."""
    return library_of(error) == "obstore" and type(error).__name__ in _UNMET


def named_file(configured: str | None) -> str | None:
    """Check the file of authorities that `AWS_CA_BUNDLE`, or a profile, names; None if it is unset.

    Raises `UsageError` if it can't be used.
    """
    if not configured:
        return None
    check(VARIABLE, configured)
    return configured


def system_file() -> str | None:
    """Find the authorities of `SSL_CERT_FILE`, else those of the system; None if there are none."""
    usual = (ssl.get_default_verify_paths().cafile, *_USUAL)
    return next((path for path in usual if path and Path(path).is_file()), None)


def s3_distrusted(fault: Fault, told: str, *, named: bool) -> str:
    """Return what is wrong with an S3 server's certificate; `named`: authorities are set."""
    known = f"no authority in {VARIABLE} signed it" if named else advice(VARIABLE)
    return f"its {distrusted(fault, told, known)}"
