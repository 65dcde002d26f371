"""Thousands of damaged manifests through the installed reader: it ends in 0, 64 or 65, only there.

The damage is drawn from a seed that the commit chooses, so that a failure can be repeated; the text
of a manifest that ends in anything else is part of the message.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.repository import EXAMPLES
from support.sampling import CAMPAIGN, sample

#: How many, in a long run and for each commit.
LONG, SHORT = 20_000, 1_000
#: Runs in an interpreter of its own: for each mutation the whole command, in one process.
LOOP = r"""
import collections, contextlib, io, json, os, random, sys

os.environ.update(STAGE="staging", SITE="basel")
from reconciler.cli.main import main

count, seed, *sources = sys.argv[1:]
chance = random.Random(int(seed))
corpus = [open(source, "rb").read() for source in sources]
PIECES = [
    b"\t", b"\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xa8",
    b": ", b"- ", b"? ", b"'", b'"', b"\\", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"!!int ",
    b"!x ", b"<<: ", b"---\n", b"...\n", b"%YAML 1.1\n", b"#", b"|", b">", b"$", b"${",
    b"${STAGE}", b"${NO}", b"${A:-", b"${X_TOKEN}", b"~", b"null", b"yes", b"012", b"1.5",
    b"9" * 30, b"S3", b"s3://", b"https://a:b@", b"name: ", b"id: ", b"storages:\n",
    b"defaults: {type: local}\n", b"removed:\n", b"\xf0\x9f\xa7\xaa",
]


def spot(data):
    return chance.randrange(len(data) + 1)


def insert(data):
    at = spot(data)
    return data[:at] + chance.choice(PIECES) + data[at:]


def delete(data):
    start, length = spot(data), chance.choice((1, 1, 2, 5, 20))
    return data[:start] + data[start + length :]


def flip(data):
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def swap_lines(data):
    lines = data.splitlines(keepends=True)
    if lines:
        lines[chance.randrange(len(lines))] = chance.choice(lines)
    chance.shuffle(lines) if chance.random() < 0.1 else None
    return b"".join(lines)


def splice(data):
    other = chance.choice(corpus)
    return data[: spot(data)] + other[spot(other) :]


def repeat(data):
    start = spot(data)
    return data[:start] + data[start : start + 40] * chance.choice((2, 3, 200)) + data[start:]


def run(data):
    with open("m.yaml", "wb") as file:
        file.write(data)
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
        return main(["validate", "-f", "m.yaml"]), told.getvalue()


codes, wrong = collections.Counter(), []
for _ in range(int(count)):
    data = chance.choice(corpus)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        data = chance.choice((insert, insert, delete, flip, swap_lines, splice, repeat))(data)
    code, told = run(data)
    codes[code] += 1
    if code not in (0, 64, 65) or "Traceback" in told:
        wrong.append([code, data.decode("latin-1"), told])
print(json.dumps([codes, wrong[:3]]))
"""


@CAMPAIGN
def test_damaged_manifests_are_valid_or_refused(tmp_path: Path, long: bool) -> None:
    count = LONG if long else SHORT
    (seed,) = sample(range(2**32), 1, "damaged manifests")
    sources = [p for p in sorted(EXAMPLES.rglob("*.yaml")) if p.parent.name != "invalid"]
    assert len(sources) >= 5
    done = subprocess.run(
        [sys.executable, "-c", LOOP, str(count), str(seed), *sources],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=True,
    )
    codes, wrong = json.loads(done.stdout)
    assert wrong == []
    assert sum(codes.values()) == count
    assert codes["0"] > count / 20, "hardly any is valid: the damage is too coarse"
    assert codes["65"] > count / 2
