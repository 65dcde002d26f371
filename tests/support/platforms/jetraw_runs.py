"""What the tests of the command on `jetraw://` share."""

import json

from support.platforms.live_file import NO_CHANGES, local
from support.platforms.organisation import TOKEN

PLATFORM = "jetraw://my-org"
ACCOUNT = "my-org@my-org.jetraw.com"
NAS = local("nas", label="NAS")
RAW = {
    "name": "raw",
    "type": "S3",
    "region": "eu-central-2",
    "bucket": "lab",
    "label": "Raw frames",
}


def assert_no_secret(text):
    pieces = {TOKEN[i : i + 8] for i in range(len(TOKEN) - 7)} | {"access-token-made"}
    assert not [piece for piece in pieces if piece in text]


def document(run, *arguments, code=0):
    return json.loads(run(*arguments, "-o", "json", code=code).stdout)


def settled(run):
    assert run("plan", "--detailed-exitcode").stdout.splitlines()[-1] == NO_CHANGES


def live(organisation):
    return {name: record["label"] for name, record in organisation.records().items()}


def login(organisation):
    """Log in by an earlier login instead of a key, so that errors have no key to tell."""
    organisation.quirk("login", {"refresh_token": TOKEN})
    return {}
