"""What editors make of the published schema, and of YAML itself: the real programs, from npm."""

import json
import random
import re
import subprocess

import pytest

from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from reconciler.schemas import schema_text
from support.repository import TESTS

pytestmark = pytest.mark.long

SUPPORT = TESTS / "support"
PACKAGES = ("yaml@2", "js-yaml@5", "yaml-language-server@1")
HEAD = "version: 1\nplatform: jetraw://my-org\nstorages:\n"
#: The example of the design, as a reader copies it.
EXAMPLE = """\
version: 1
platform: jetraw://my-org
lock: s3://infra-locks/jetraw
policy:
  undeclared: fail
  max_removals: 10%
  protect: []
  scope: ["*"]
proof:
  every: 30d
  settled: 7d
  exclude: [.snapshot/]
defaults: {type: S3, region: eu-central-2}
storages:
  - name: raw-frames
    label: Raw frames
    bucket: lab-raw-${STAGE:?staging or prod}
  - name: nas
    type: local
    default_url: /data/nas
    renamed_from: [old-nas]
    id: 7f0c
    protect: true
    proof: {every: 90d}
removed:
  - {name: scratch-2024, id: 91ab, holds_files: true}
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Install what editors read YAML with. Without npm the tests fail: they are asked for."""
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true}')
    npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    done = subprocess.run(npm, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def node(packages):
    """Run a script of `tests/support` on JSON and give the JSON that it answers."""

    def run(script, *arguments, given):
        done = subprocess.run(
            ["node", SUPPORT / script, *arguments],
            cwd=packages,
            input=json.dumps(given),
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def look(packages, node):
    """Open texts in the language server; give what it says of each."""
    schema = packages / "manifest.schema.json"
    schema.write_bytes(schema_text("manifest"))
    server = packages / "node_modules/yaml-language-server/bin/yaml-language-server"
    return lambda *jobs: node("language_client.mjs", server, schema, given=jobs)


def test_the_manual_is_valid_and_each_key_is_described(look):
    places = [
        [number + 1, key.start(1), "hover"]
        for number, line in enumerate(EXAMPLE.splitlines())
        for key in re.finditer(r"(?:^|[-{, ])([a-z_]+):(?= |$)", line)
    ]
    (seen,) = look({"text": EXAMPLE, "at": places})
    assert seen["diagnostics"] == []
    assert len(places) > EXAMPLE.count("\n")
    titles = [answer.splitlines()[0] for answer in seen["answers"]]
    assert all(title.startswith("#### ") for title in titles)
    for answer in seen["answers"]:
        described = answer.splitlines()[2]
        assert described[0].isupper() or described.startswith("\\`")
        assert "Example" not in described


WRONG = [
    ("  - {name: a, type: local, region: eu-central-2, default_url: /a}", "has no region"),
    ("  - {name: a, type: S3, region: eu-central-2}", "needs default_url, or region and bucket"),
    ("  - {name: a, type: local}", "a local storage needs default_url, the folder"),
    ("  - {name: a, type: S3, default_url: 'ftp://x'}", "the URL of an S3 storage starts with"),
    ("  - {name: a, region: Frankfurt, bucket: abc}", "an AWS region looks like eu-central-2"),
    ("  - {name: a, region: eu-central-2, bucket: a b}", "a bucket's name has 3 to 255 letters"),
    ('  - {name: "a\\nb", type: local, default_url: /a}', "a name holds no control characters"),
    ("  - {name: a, type: local, lable: x, default_url: /a}", "Property lable is not allowed"),
    ("  - {name: a, type: local, default_url: /a, proof: {every: 30}}", "a cycle is a whole"),
    ("  - {name: a, type: local, default_url: /a, proof: {exclude: [/]}}", "a glob names a file"),
    ("  - {name: a, type: s3, region: eu-central-2, bucket: abc}", '"S3", "local"'),
]


def test_what_is_wrong_is_said(look):
    seen = look(*({"text": f"{HEAD}{entry}\n"} for entry, _ in WRONG))
    for (entry, message), found in zip(WRONG, seen, strict=True):
        assert any(message in said for _, said in found["diagnostics"]), (entry, found)


#: At each level a key that is none there.
UNKNOWN = [
    ("version: 1\npolicies: {}\n", "policies"),
    ("version: 1\npolicy: {undeclare: fail}\n", "undeclare"),
    ("version: 1\npolicy:\n  max_removal: 3\n", "max_removal"),
    ("version: 1\ndefaults: {name: a}\n", "name"),
    ("version: 1\nproof: {exclude: [], often: 3d}\n", "often"),
    (f"{HEAD}  - {{name: a, type: local, default_url: /a, path: /b}}\n", "path"),
    (f"{HEAD}  - name: a\n    region: eu-central-2\n    bucket: abc\n    buckets: x\n", "buckets"),
    ("version: 1\nremoved:\n  - {name: a, hold_files: true}\n", "hold_files"),
]


def test_a_key_that_is_none_is_named_at_its_line(look):
    seen = look(*({"text": text} for text, _ in UNKNOWN))
    for (text, key), found in zip(UNKNOWN, seen, strict=True):
        (line,) = [n for n, told in enumerate(text.splitlines(), 1) if f"{key}:" in told]
        assert found["diagnostics"] == [[line, f"Property {key} is not allowed."]]


#: All that any entry may have, once it is said what is stored where.
OF_ALL = {"label", "renamed_from", "id", "protect", "proof"}
KINDS = {"S3 storage on AWS", "S3 storage elsewhere", "local storage"}
WHERE = {"default_url", "region", "bucket"}
PROOF = {"every", "settled", "exclude"}
FIRST = "version: 1\n"
A, BEGUN = f"{HEAD}  - name: a\n    ", "  - name: a\n    "
#: What stands before the cursor, and what is offered there: nothing that would be wrong.
OFFERED = [
    (f"{FIRST}", {"platform", "lock", "policy", "proof", "defaults", "storages", "removed"}),
    (f"{HEAD}  - ", {"name", "type", "Storage"} | WHERE | OF_ALL | KINDS),
    (A, {"type"} | WHERE | OF_ALL | KINDS),
    (f"{A}type: ", {"S3", "local"}),
    (f"{A}type: local\n    ", {"default_url"} | OF_ALL),
    (f"{A}type: local\n    default_url: /a\n    ", OF_ALL),
    (f"{A}type: S3\n    ", WHERE | OF_ALL),
    (f"{A}type: S3\n    default_url: https://host/b\n    ", OF_ALL),
    (f"{A}region: eu-central-2\n    ", {"bucket", "type"} | OF_ALL),
    (f"{A}bucket: abc\n    ", {"region", "type"} | OF_ALL),
    (f"{A}protect: ", {"true", "false"}),
    (f"{A}proof:\n      ", PROOF | {"objective of proof"}),
    (f"{FIRST}policy:\n  ", {"undeclared", "max_removals", "protect", "scope"}),
    (f"{FIRST}policy:\n  scope: [a]\n  ", {"undeclared", "max_removals", "protect"}),
    (f"{FIRST}policy:\n  undeclared: ", {"fail", "ignore", "remove"}),
    (f"{FIRST}policy:\n  max_removals: ", {"10%", "0", "3"}),
    (f"{FIRST}defaults:\n  ", {"type", "label", "protect"} | WHERE),
    (f"{FIRST}defaults:\n  type: ", {"S3", "local"}),
    (f"{FIRST}defaults: {{type: S3}}\nstorages:\n{BEGUN}", {"type"} | WHERE | OF_ALL | KINDS),
    (f"{FIRST}proof:\n  ", PROOF | {"objective of proof"}),
    (f"{FIRST}removed:\n{BEGUN}", {"id", "holds_files", "storage to remove with its file records"}),
    (f"{FIRST}removed:\n{BEGUN}id: b\n    holds_files: ", {"true", "false"}),
]


def at_end(text):
    """Ask what is offered where a text ends; the line for editors stands above it."""
    lines = text.split("\n")
    return {"text": text, "at": [[len(lines), len(lines[-1]), "completion"]]}


def test_what_is_offered(look):
    for (text, offered), seen in zip(OFFERED, look(*(at_end(t) for t, _ in OFFERED)), strict=True):
        labels = [label for label, _ in seen["answers"][0]]
        # It offers to write the whole list anew beside its keys.
        assert set(labels) - {"storages"} == offered - {"storages"}, text
        assert ("storages" in labels) == ("storages" in offered), text
        assert len(set(labels) - {"storages"}) == len([x for x in labels if x != "storages"]), text


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (f"{HEAD}  - ", KINDS),
        (A, KINDS),
        (
            f"{FIRST}removed:\n  - ",
            {"storage to remove", "storage to remove with its file records"},
        ),
        (f"{FIRST}proof:\n  ", {"objective of proof"}),
    ],
)
def test_what_is_offered_as_a_whole_is_valid(look, text, labels):
    (seen,) = look(at_end(text))
    # Editors indent the lines that follow as the line is on which the cursor stands.
    last = text.rpartition("\n")[2]
    indent = "\n" + last[: len(last) - len(last.lstrip())]
    whole = [
        text + re.sub(r"\$\{\d+:([^}]*)\}", r"\1", inserted).replace("\n", indent) + "\n"
        for label, inserted in seen["answers"][0]
        if label in labels
    ]
    assert len(whole) == len(labels)
    for found, written in zip(look(*({"text": text} for text in whole)), whole, strict=True):
        assert found["diagnostics"] == [], written


PIECES = [
    *("a", "b: c", "- ", "x", ": ", ":", " #", "#", "\n", "\n  ", "\n- ", "\n\t", "\t", " ", "  "),
    *('"', "'", "|", ">", "&a ", "*a", "? ", "[", "]", "{", "}", ",", "!", "%", "@", "---", "..."),
    *("\n---\n", "\\", "\r", "\ufeff", "\x85", "\u2028", "\u00a0", "\u200b", "~", "null", "1"),
    *("k: ", "\nk: ", "\nremoved: [x]", '"a"', "<<", "=", "é", "# c", "\n# d\n", "\n    ", "a:\n"),
    *("%YAML 1.1\n---\n", "{a:b}", '"a":b', "[a,b]", "-\t", "k:\t"),
]
#: Values that readers differ on, and that no manifest can tell apart or hold.
DULL = ('"": ', '"null": ', '"~": ')


def corpus(count):
    drawn = random.Random(8)
    for _ in range(count):
        pieces = [drawn.choice(PIECES) for _ in range(drawn.randint(1, 9))]
        # A text that ends in the middle of a line ends a block scalar without its line feed.
        yield "".join(pieces) + "\n"


def test_what_we_read_is_what_editors_read(node):
    """Whoever refuses what we accept shows it; nobody may accept it as something else."""
    texts = ["# see the wiki\u2028removed: [{name: nas}]\n", "# c\rremoved: [x]\n", *corpus(5_000)]
    accepted = 0
    for text, answers in zip(texts, node("yaml_readers.mjs", given=texts), strict=True):
        document = Document("m.yaml", text.encode())
        read_tree(document)
        if document.mistakes or any(dull in json.dumps(document.tree) for dull in DULL):
            continue
        accepted += 1
        for answer in answers:
            if answer is not None:
                assert answer.get("value") == document.tree, text
    assert accepted > 50
