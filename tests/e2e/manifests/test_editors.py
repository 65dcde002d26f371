"""What editors make of the published schema, and of YAML itself: the real programs, from npm."""

import json
import random
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
        [number + 1, line.index(key) + 1, "hover"]
        for number, line in enumerate(EXAMPLE.splitlines())
        for key in [line.lstrip(" -{").split(":")[0]]
    ]
    (seen,) = look({"text": EXAMPLE, "at": places})
    assert seen["diagnostics"] == []
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


def test_what_is_offered(look):
    local, new, removed, proof = look(
        {"text": f"{HEAD}  - name: a\n    type: local\n    ", "at": [[6, 4, "completion"]]},
        {"text": f"{HEAD}  - ", "at": [[4, 4, "completion"]]},
        {"text": "version: 1\nremoved:\n  - ", "at": [[3, 4, "completion"]]},
        {"text": "version: 1\nproof:\n  ", "at": [[3, 2, "completion"]]},
    )
    assert "default_url" in local["answers"][0]
    assert not {"region", "bucket"} & set(local["answers"][0])
    kinds = {"S3 storage on AWS", "S3 storage elsewhere", "local storage"}
    assert kinds <= set(new["answers"][0])
    consents = {"storage to remove", "storage to remove with its file records"}
    assert consents <= set(removed["answers"][0])
    assert {"every", "settled", "exclude", "objective of proof"} <= set(proof["answers"][0])


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
