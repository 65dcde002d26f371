"""What an error of obstore means: what is wrong, what helps, and whether it may pass by itself."""

from __future__ import annotations

import re

from msgspec import Struct

from reconciler.buckets import NO_TLS, s3_distrusted
from reconciler.environment.certificates import Fault

_AGAIN = "try again"
_NEEDS = (
    "the account needs s3:GetObject, s3:PutObject and s3:DeleteObject on this key and those that "
    "begin with it, and s3:ListBucket on the bucket"
)
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,64})</Code>")
_REGION = re.compile(r"<Region>([a-z0-9-]{1,32})</Region>")
#: What the library for TLS finds wrong with a certificate, and with all else.
_CERTIFICATE = re.compile(r"InvalidCertificate\(\s*(\w+)(?:\(\s*\w+\(\s*(\w+))?")
_TLS = re.compile(r"\b(?:InvalidMessage|AlertReceived|PeerIncompatible|PeerMisbehaved)\(")
#: A name that can't be looked up just now, as the C libraries say it.
_NO_NAME_NOW = ("Temporary failure", "Try again")
_FAULTS = {
    "Expired": Fault.EXPIRED,
    "NotValidYet": Fault.NOT_YET_VALID,
    "NotValidForName": Fault.OTHER_HOST,
    "UnknownIssuer": Fault.UNKNOWN_AUTHORITY,
}
#: What servers call the reasons for which they let nobody in, and what helps.
REFUSALS = {
    "SignatureDoesNotMatch": (
        "access denied: the secret does not fit the access key",
        "correct AWS_SECRET_ACCESS_KEY, or the profile's",
    ),
    "InvalidAccessKeyId": (
        "access denied: the server does not know the access key",
        "correct AWS_ACCESS_KEY_ID or the profile, or AWS_ENDPOINT_URL",
    ),
    "RequestTimeTooSkewed": (
        "access denied: the clocks of this machine and of the server are too far apart",
        "set the clock",
    ),
    "ExpiredToken": (
        "access denied: the session has expired",
        "log in again, or renew AWS_SESSION_TOKEN",
    ),
    "InvalidToken": (
        "access denied: the session's token is not valid",
        "log in again, or correct AWS_SESSION_TOKEN",
    ),
}
_DENIALS = ("AccessDenied", "PermissionDeniedError", "UnauthenticatedError")
#: What servers answer to plain HTTP where they speak TLS.
_WANTS_TLS = ("HTTPS server", "HTTPS port")


class Failure(Struct, frozen=True):
    """Why a call failed."""

    reason: str
    #: What helps, where that is known.
    hint: str = ""
    #: Whether the same call may succeed later without anyone changing anything.
    transient: bool = False


def failure(error: Exception, *, own_authorities: bool) -> Failure:
    """Understand an error; `own_authorities`: `AWS_CA_BUNDLE` is set."""
    text = str(error)
    found = _STATUS.search(text)
    if found is None and "Received redirect" not in text:
        return _unanswered(text, own_authorities)
    code = _CODE.search(text)
    if code and code[1] in REFUSALS:
        return Failure(*REFUSALS[code[1]])
    region = _REGION.search(text)
    if region or "Received redirect" in text:
        where = f"to '{region[1]}'" if region else "to its"
        return Failure("the bucket is in another region", f"set AWS_REGION {where}")
    if type(error).__name__ in _DENIALS or _DENIALS[0] in text:
        return Failure("access denied", _NEEDS)
    return _of_status(found[1] if found else "", text)


def _of_status(status: str, text: str) -> Failure:
    reason = f"the server answered {status}"
    if status in ("408", "429") or (status >= "500" and status != "501"):
        return Failure(reason, _AGAIN, transient=True)
    if status == "400" and any(words in text for words in _WANTS_TLS):
        return Failure("the server speaks TLS", "write https:// in AWS_ENDPOINT_URL")
    return Failure(reason)


def _unanswered(text: str, own_authorities: bool) -> Failure:
    found = _CERTIFICATE.search(text)
    if found:
        name = found[1].removesuffix("Context")
        told = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", found[2] or name).lower()
        wrong = s3_distrusted(_FAULTS.get(name, Fault.OTHER), told, named=own_authorities)
        return Failure(f"the server is not trusted: {wrong}")
    if _TLS.search(text):
        return Failure(NO_TLS)
    if "hyper::Error(" in text and re.search(r"\bParse\(", text):
        return Failure("no HTTP is spoken there", "check AWS_ENDPOINT_URL: http:// or https://")
    if "dns error" in text:
        if any(words in text for words in _NO_NAME_NOW):
            return Failure("the server's name can't be looked up", _AGAIN, transient=True)
        return Failure(
            "the server's name is not known", "check AWS_ENDPOINT_URL, or AWS_REGION for AWS itself"
        )
    reason = "no answer"
    if "ConnectionRefused" in text:
        reason = "no answer: nothing listens there"
    elif "kind: Timeout" in text or "TimedOut" in text:
        reason = "no answer in time"
    return Failure(reason, _AGAIN, transient=True)
