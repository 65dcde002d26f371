"""Where a request ends and what it is for: what proxies and servers must not read differently."""

from __future__ import annotations

import re

import httptools

from reconciler.server.calls.problems import Problem, malformed

_RawHeaders = list[tuple[bytes, bytes]]

_CODED = re.compile(rb"%([0-9A-Fa-f]{2})")
#: What means the same whether it is percent-encoded or not (RFC 3986, section 2.3).
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")


def check_framing(headers: _RawHeaders, version: str, *, upgrades: bool) -> None:
    """Raise `Problem` unless it is clear where the content ends."""
    if version not in ("1.0", "1.1"):
        raise malformed("this is not HTTP/1.1")
    if upgrades and _has_content(headers):  # the parser would take it for another protocol
        raise Problem("not-implemented", "send content without the header Upgrade")
    values = [value for name, value in headers if name == b"transfer-encoding"]
    if not values:
        return
    codings = [part.strip(b" \t").lower() for part in b",".join(values).split(b",")]
    if version == "1.0" or any(name == b"content-length" for name, _ in headers):
        raise malformed("Transfer-Encoding is for HTTP/1.1, and not beside Content-Length")
    if not any(codings):
        raise malformed("Transfer-Encoding names no coding")
    if set(codings) != {b"chunked"}:
        raise Problem("not-implemented", "of transfer codings this server knows chunked only")
    if len(codings) > 1:
        raise malformed("the content is chunked more than once")


def _has_content(headers: _RawHeaders) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def check_host(headers: _RawHeaders, version: str) -> None:
    """Raise `Problem` if it is not clear which host a request is for."""
    hosts = sum(name == b"host" for name, _ in headers)
    if hosts != 1 and (hosts or version == "1.1"):
        raise malformed("a request must have one header Host, and no more")


def without_host(url: bytes, headers: _RawHeaders) -> bytes:
    """Return path and query of a URL; one with a host counts more than the header Host."""
    if b"#" in url:
        raise malformed("a URL that is asked for has no fragment (#)")
    if url.startswith(b"/"):
        return url
    parsed = httptools.parse_url(url)
    scheme = (parsed.schema or b"").lower()
    if scheme not in (b"http", b"https") or not parsed.host or parsed.userinfo:
        raise malformed("a URL begins with / or is that of a host, by http or https")
    host = b"[%b]" % parsed.host if b":" in parsed.host else parsed.host
    headers[:] = [each for each in headers if each[0] != b"host"]
    headers.append((b"host", host))
    return (parsed.path or b"/") + (b"" if parsed.query is None else b"?" + parsed.query)


def plain(raw_path: bytes) -> str:
    """Return a path to compare: `%61` is `a`, but `%2F` is no slash."""

    def decoded(found: re.Match[bytes]) -> bytes:
        byte = bytes([int(found[1], 16)])
        return byte if _UNRESERVED.fullmatch(byte) else found[0]

    return _CODED.sub(decoded, raw_path).decode("ascii")
