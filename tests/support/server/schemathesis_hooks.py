"""What schemathesis has to be told of our interface; loaded by its own process."""

import json
import re
import secrets

import schemathesis

MEDIA_TYPE = "application/x-ndjson"


@schemathesis.deserializer(MEDIA_TYPE)
def read_rows(_context, response):
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.serializer(MEDIA_TYPE)
def write_rows(_context, value):
    rows = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Make every key a new one: it likes to send the same with other values, which is an error."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,200}", key):
        case.headers["Idempotency-Key"] = key + secrets.token_hex(8)
