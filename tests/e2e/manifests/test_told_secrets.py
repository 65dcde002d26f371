"""No secret in an address is taken, printed or kept, and no name is a command to a CI job."""

import json
import re

import pytest

from support.platforms.live_file import local, made, manifest, sql
from support.values.building import CREATED

SECRETS = [
    ("S3", "https://minio:9000/b?X-Amz-Credential=AKIAX&X-Amz-Signature=SECRET"),
    ("S3", "https://acct.blob.example/c?sv=2024&se=2030&sig=SECRET"),
    ("S3", "https://minio/b?AWSAccessKeyId=AKIA&Signature=SECRET&Expires=1"),
    ("S3", "https://minio/b#access_key=SECRET"),
    ("S3", "https://bob:PW/SECRET@minio:9000/b"),
    ("S3", "https://bob:PW#SECRET@minio:9000/b"),
    ("S3", "https://bob:123456/SECRET@minio/b"),
    ("S3", "https://bob%3ASECRET%40minio/b"),
    ("S3", "https://SECRET@minio/b"),
    ("local", "file://bob:SECRET@nas/share"),
    ("local", "//bob:SECRET@nas/share"),
    ("local", "\\\\bob:SECRET@nas\\share"),
    ("local", "/data/nas?token=SECRET"),
]


@pytest.mark.parametrize(("kind", "url"), SECRETS, ids=[url for _, url in SECRETS])
def test_a_secret_is_refused_in_a_manifest_and_not_printed(folder, kind, url):
    folder.write(manifest({"name": "one", "type": kind, "default_url": url}))
    told = folder("validate", code=65)
    assert "would be stored and printed" in told.stderr
    assert "SECRET" not in told.stdout + told.stderr


#: Spelled as no grammar has it, and read by some program all the same.
ODD = [
    *("https:///bob:SECRET@h/b", "///bob:SECRET@h", "bob:SECRET@h:9000/b", "https//bob:SECRET@h"),
    *("https%3A//bob:SECRET@h", "https://bob:8080/SECRET@h/b", "https://bob:?SECRET@h/b"),
    *("https://h/b?x[token]=SECRET", "https://h/b?t%6Fken=SECRET", "https://h/b;token=SECRET"),
    *("https:\\\\bob:SECRET@h", "https:/\t/bob:SECRET@h", "https://bob:SECRET\uff20h/b"),
    *("https://a@b:SECRET@h@i/b", "https://h/b?to=https%3A%2F%2Fbob%3ASECRET%40i", "/bob:SECRET@h"),
]


def test_no_odd_spelling_is_taken_or_printed(folder):
    entries = ({"name": f"s{n}", "type": "S3", "default_url": url} for n, url in enumerate(ODD))
    folder.write(manifest(*entries))
    told = folder("validate", code=65)
    assert told.stderr.endswith(f"{len(ODD)} problems in 1 file.\n")
    assert "SECRET" not in told.stdout + told.stderr


@pytest.mark.parametrize("key", ["platform", "lock"])
@pytest.mark.parametrize("secret", ["https://h/x?token=SECRET", "https://bob:P/SECRET@h"])
def test_a_secret_in_another_address_is_refused(folder, key, secret):
    folder.write(f'version: 1\n{key}: "{secret}"\n')
    told = folder("validate", code=65)
    assert "would be stored and printed" in told.stderr
    assert "SECRET" not in told.stdout + told.stderr


def test_no_traceback_shows_a_secret(folder):
    address = "https://bob:P/SECRET@h"
    done = folder.shell(f'"$0" list --debug --platform "{address}"')
    assert "SECRET" not in done.stdout + done.stderr
    folder.write(manifest({"name": "a", "type": "S3", "default_url": "https://h/b?design=x"}))
    folder("validate")


def told_by(folder, command):
    done = folder.shell(f'"$0" {command}')
    assert "has a bug" not in done.stderr
    return done.stdout + done.stderr


COMMANDS = ("list", "list -o json", "plan", "plan -o json", "plan -o markdown", "drift", "export")
COMMANDS += ("plan -o html", "apply -y --events -", "drift -o sarif")


def test_a_secret_that_lives_already_is_masked(folder):
    live = [*SECRETS, *(("S3", url) for url in ODD)]
    made(folder, *(f"s{number}" for number, _ in enumerate(live)))
    for number, (kind, url) in enumerate(live):
        change = "UPDATE storages SET type = ?, default_url = ? WHERE name = ?"
        sql(folder, change, kind, url, f"s{number}")
    folder.write(manifest(local("first"), local("s1"), local("s15")))
    for command in COMMANDS:
        told = told_by(folder, command)
        assert "SECRET" not in told, (command, told)
    for journal in (folder.path / ".reconciler").rglob("*.jsonl"):
        assert "SECRET" not in journal.read_text()


NAMES = [
    "::add-mask::true",
    "##[set-output name=digest;]x",
    "##vso[task.x]y",
    "##teamcity[a]",
    "section_start:1:a",
]
COMMAND = re.compile(r"(?m)^\s*::|##[A-Za-z]*\[|section_(start|end):")


def test_no_name_is_a_command_in_text(folder):
    made(folder, *(f"s{number}" for number, _ in enumerate(NAMES)))
    for number, name in enumerate(NAMES):
        change = "UPDATE storages SET name = ?, label = ? WHERE name = ?"
        sql(folder, change, name, name, f"s{number}")
    folder.write(manifest(local("first")))
    for command in ("list", "plan", "drift", "plan -o markdown", "plan --target '::x' --debug"):
        told = told_by(folder, command)
        assert not COMMAND.search(told), (command, told)
    listed = json.loads(folder("list", "-o", "json").stdout)["storages"]
    assert {storage["name"] for storage in listed} == set(NAMES)


def test_no_name_is_a_command_in_a_document(folder):
    made(folder, *(f"s{number}" for number, _ in enumerate(NAMES)))
    for number, name in enumerate(NAMES):
        change = "UPDATE storages SET name = ?, label = ? WHERE name = ?"
        sql(folder, change, name, name, f"s{number}")
    exported = folder("export", "--platform", "sqlite:///platform.db").stdout
    assert not COMMAND.search(exported)
    folder.write(exported.replace('label: "', 'label: "x'))
    for command in ("list -o json", "plan -o json", "drift -o json", "apply -y --events -"):
        told = folder(*command.split(), code=2 if "drift" in command else 0)
        assert not COMMAND.search(told.stdout + told.stderr), command
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert {event["name"] for event in events if "name" in event} == set(NAMES)
    journals = list((folder.path / ".reconciler").rglob("*.jsonl"))
    assert journals
    assert not any(COMMAND.search(journal.read_text()) for journal in journals)
    history = folder("history", "--name", "*", "-o", "json").stdout
    assert not COMMAND.search(history)


#: What is taken for a bucket, its server or a folder is a piece of what is masked.
PIECES = [
    *(("S3", "https:///bob:SECRET@h/b"), ("S3", "s3://AKIA:SECRET/i@b/d")),
    *(("local", "file://bob:SECRET@h/x"), ("local", "file:///bob:SECRET@h/x")),
]


def test_no_scan_prints_or_keeps_a_piece_of_an_address(folder):
    made(folder)
    for number, (kind, url) in enumerate(PIECES):
        values = (f"id-{number}", f"live{number}", "L", kind, url, CREATED)
        sql(folder, "INSERT INTO storages VALUES (?, ?, ?, ?, ?, ?)", *values)
    folder.write(manifest())
    told = folder("scan", "--into", "rep", "-o", "json", code=8)
    assert "has an address that can't be asked" in told.stdout
    kept = [path.read_text() for path in folder.path.glob("rep/**/*.json")]
    assert len(kept) > len(PIECES)
    for text in (*kept, told.stdout, told.stderr):
        assert "SECRET" not in text
