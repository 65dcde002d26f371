"""What is said of each kind of mistake, word for word."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.manifest.checking import validate
from reconciler.manifest.checking.explain import Explainer
from reconciler.manifest.checking.validate import Wrong
from reconciler.manifest.mistakes import Document, Mistake

Problems = Callable[..., list[str]]
LOCAL = "{name: nas, type: local, default_url: /d}"


def storage(fields: str) -> str:
    return f"version: 1\nstorages:\n  - {{name: nas, {fields}}}\n"


WRONG = [
    ("{}", "1:1: the key 'version' is missing"),
    ("[]", "1:1: this must be a mapping of keys, not a list"),
    ("version: 2", "1:10: version: the version of the format is 1, not 2 (write 1)"),
    ('version: "1"', "1:10: version: the version of the format is 1, not '1' (write 1)"),
    ("version:", "1:9: version: this has no value (give it one, or remove the key)"),
    (
        "version: 1\nstorages:\n",
        "2:10: storages: this has no value (give it one, or remove the key)",
    ),
    ("version: 1\nstorages: x", "2:11: storages: this must be a list, not 'x' (write ['x'])"),
    ("version: 1\nstorages: {a: 1}", "2:11: storages: this must be a list, not a mapping of keys"),
    (
        "version: 1\nstorages: [x]",
        "2:12: storages[0]: this must be a mapping of keys, not 'x'",
    ),
    (
        "version: 1\nstorages:\n  -\n",
        "3:4: storages[0]: this has no value (give it one, or remove the item)",
    ),
    (
        "version: 1\nstorage: []",
        "2:1: storage: the key 'storage' is unknown (did you mean storages?)",
    ),
    (
        "version: 1\nremoved: [{name: a, force: true}]",
        "2:21: removed[0].force: the key 'force' is unknown (known here: name, id, holds_files)",
    ),
    (
        "version: 1\nplatform: 5",
        '2:11: platform: 5 is not text (write "5")',
    ),
    (
        storage('type: local, default_url: " https://me:hunter2@h"'),
        (
            "3:43: storages[0].default_url: an address must not hold a user name or password: it "
            "would be stored and printed (found ' https://***@h')"
        ),
    ),
    (
        "version: 1\nplatform: https://me:hunter2@h",
        (
            "2:11: platform: an address must not hold a user name or password: it would be stored "
            "and printed (found 'https://***@h')"
        ),
    ),
    (
        "version: 1\nlock: here",
        "2:7: lock: a lock is kept at s3://BUCKET/KEY or file:///PATH (found 'here')",
    ),
    (
        "version: 1\npolicy: {undeclared: delete}",
        "2:22: policy.undeclared: 'delete' is not one of fail, ignore, remove",
    ),
    (
        "version: 1\npolicy: {undeclared: Ignore}",
        (
            "2:22: policy.undeclared: 'Ignore' is not one of fail, ignore, remove "
            "(did you mean ignore?)"
        ),
    ),
    ("version: 1\npolicy: {max_removals: -1}", "2:24: policy.max_removals: -1 is less than 0"),
    (
        "version: 1\npolicy: {max_removals: true}",
        '2:24: policy.max_removals: true is not a whole number or text (write "true")',
    ),
    (
        "version: 1\npolicy: {max_removals: 0%}",
        (
            "2:24: policy.max_removals: a limit is 0 for none, a count such as 3, or a whole "
            "percentage from 1% to 100% (found '0%')"
        ),
    ),
    (
        "version: 1\npolicy: {scope: []}",
        (
            "2:17: policy.scope: an empty scope owns nothing: remove the key to own every storage, "
            "or name those that this manifest owns"
        ),
    ),
    (
        "version: 1\npolicy: {protect: [a, b, a]}",
        "2:26: policy.protect[2]: 'a' stands twice in this list",
    ),
    ("version: 1\npolicy: {protect: ['']}", "2:20: policy.protect[0]: this must not be empty"),
    (
        "version: 1\ndefaults: {name: x}",
        (
            "2:12: defaults.name: the key 'name' is unknown (known here: type, label, default_url, "
            "region, bucket, protect)"
        ),
    ),
    (storage(""), "3:5: storages[0]: the key 'type' is missing"),
    ("version: 1\nstorages: [{}]", "2:12: storages[0]: the keys 'name' and 'type' are missing"),
    (storage("type: 3"), "3:23: storages[0].type: 3 is not one of S3, local"),
    (storage("type: nfs"), "3:23: storages[0].type: 'nfs' is not one of S3, local"),
    (
        storage("type: s3"),
        "3:23: storages[0].type: 's3' is not one of S3, local (did you mean S3?)",
    ),
    (storage("type: local"), "3:5: storages[0]: a local storage needs default_url, the folder"),
    (
        storage("type: S3"),
        "3:5: storages[0]: an S3 storage needs default_url, or region and bucket",
    ),
    (
        storage("type: S3, bucket: lab"),
        "3:5: storages[0]: an S3 storage needs default_url, or region and bucket",
    ),
    (
        storage("type: local, default_url: /d, bucket: lab"),
        "3:47: storages[0].bucket: a local storage has no bucket, only default_url",
    ),
    (
        storage("type: S3, default_url: 'https://h', region: eu-central-2"),
        (
            "3:53: storages[0].region: default_url already says where the storage is: keep either "
            "default_url, or region and bucket"
        ),
    ),
    (
        storage("type: S3, default_url: /d"),
        (
            "3:40: storages[0].default_url: the URL of an S3 storage starts with https://, http:// "
            "or s3:// and a host or bucket (found '/d')"
        ),
    ),
    (
        storage("type: local, default_url: 's3://b'"),
        (
            "3:43: storages[0].default_url: a local storage is a folder: an absolute path such as "
            "/data/nas, or file:///data/nas (found 's3://b')"
        ),
    ),
    (
        storage("type: S3, region: Frankfurt, bucket: lab"),
        "3:35: storages[0].region: an AWS region looks like eu-central-2 (found 'Frankfurt')",
    ),
    (
        storage("type: S3, region: eu-central-2, bucket: a/b"),
        (
            "3:57: storages[0].bucket: a bucket's name has 3 to 255 letters, digits, dots, hyphens "
            "and underscores, and begins with a letter or digit; for a folder in a bucket use "
            "default_url (found 'a/b')"
        ),
    ),
    (
        storage("type: local, default_url: /d, label: 2024"),
        '3:54: storages[0].label: 2024 is not text (write "2024")',
    ),
    (
        storage("type: local, default_url: /d, label: true"),
        '3:54: storages[0].label: true is not text (write "true")',
    ),
    (
        storage("type: local, default_url: /d, label: ~"),
        "3:54: storages[0].label: this has no value (give it one, or remove the key)",
    ),
    (
        storage("type: local, default_url: /d, protect: 'yes'"),
        "3:56: storages[0].protect: this must be true or false, not 'yes'",
    ),
    (
        storage("type: local, default_url: /d, protect: yes"),
        "3:56: storages[0].protect: YAML readers disagree on what yes is (write true)",
    ),
    (
        storage("type: local, default_url: /d, renamed_from: old"),
        "3:61: storages[0].renamed_from: this must be a list, not 'old' (write ['old'])",
    ),
    (
        "version: 1\nremoved: [{name: a, holds_files: true}]",
        (
            "2:11: removed[0]: holds_files: true needs the id of the storage (`reconciler list -v` "
            "shows it)"
        ),
    ),
    (
        f"version: 1\nstorages: [{LOCAL}]\nremoved: {LOCAL}",
        "3:10: removed: this must be a list, not a mapping of keys",
    ),
    (
        (
            "version: 1\ndefaults: {type: local, default_url: 's3://b'}\n"
            "storages: [{name: a}, {name: b}]"
        ),
        (
            "2:38: defaults.default_url: a local storage is a folder: an absolute path such as "
            "/data/nas, or file:///data/nas (found 's3://b')"
        ),
    ),
    (
        "version: 1\ndefaults: {type: local}\nstorages: [{name: a}]",
        "3:12: storages[0]: a local storage needs default_url, the folder",
    ),
    (
        "version: 1\ndefaults: {label: L}\nstorages: [{name: a, default_url: /d}]",
        "3:12: storages[0]: the key 'type' is missing",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_each_mistake_has_its_own_words(problems: Problems, text: str, message: str) -> None:
    assert problems(text) == [f"m.yaml:{message}"]


def test_every_mistake_of_one_entry(problems: Problems) -> None:
    text = storage("nmae: x, type: s3, protect: 1, region: 7")
    assert [line.split(": ")[1] for line in problems(text)] == [
        "storages[0].nmae",
        "storages[0].type",
        "storages[0].protect",
        "storages[0].region",
    ]


def test_wrong_defaults_do_not_hide_wrong_entries(problems: Problems) -> None:
    text = "version: 1\ndefaults: {type: s3}\nstorages: [{name: a}, {name: [b]}]"
    assert len(problems(text)) == 2


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ("type: ${V}", "type"),
        ("type: S3\n    default_url: ${V}", "default_url"),
        ("type: local\n    default_url: ftp://${V}/", "default_url"),
        ("type: S3\n    region: ${V}\n    bucket: lab", "region"),
        ("type: S3\n    region: eu-central-2\n    bucket: a/${V}", "bucket"),
        ("type: local\n    default_url: /d\n    protect: ${V}", "protect"),
        ("type: local\n    default_url: /d\n    renamed_from: ${V}", "renamed_from"),
        ("type: local\n    default_url: /d\n    renamed_from: ['${V}', '${V}']", "renamed_from[1]"),
    ],
)
def test_a_substituted_value_is_never_shown(problems: Problems, fields: str, where: str) -> None:
    text = f"version: 1\nstorages:\n  - name: nas\n    {fields}\n"
    (line,) = problems(text, {"V": "hunter2"})
    assert f"storages[0].{where}: " in line
    assert "hunter2" not in line
    assert "${V}" in line


def test_a_substituted_default_is_never_shown(problems: Problems) -> None:
    text = "version: 1\ndefaults: {default_url: '${V}'}\nstorages: [{name: nas, type: S3}]"
    (line,) = problems(text, {"V": "ftp://hunter2"})
    assert line.startswith("m.yaml:2:25: defaults.default_url: ")
    assert "hunter2" not in line


def test_a_substituted_value_behind_an_alias_is_never_shown(problems: Problems) -> None:
    text = "version: 1\nstorages: [&a {name: b, type: '${V}'}, *a]"
    lines = problems(text, {"V": "hunter2"})
    assert len(lines) == 3, "both types, and the name that is declared twice"
    assert "hunter2" not in "".join(lines)


LONG = "x" * 5_000


@pytest.mark.parametrize(
    "text",
    [
        storage(f"type: {LONG}"),
        storage(f"type: local, default_url: {LONG}, label: {'9' * 5_000}"),
        storage(f"type: local, default_url: /d, ? {LONG} : 1"),
        f"version: 1\n? {LONG}\n: 1\n? {LONG}\n: 2\n",
        f"version: 1\nlock: *{LONG}\n",
        f"version: 1\nlock: ${{{LONG}-a}}\n",
        f"version: 1\nlock: ${{{LONG}}}\n",
        f"version: 1\nlock: ${{{LONG}_TOKEN}}\n",
        f"version: 1\nlock: ${{A:?{LONG}}}\n",
        f"version: 1\nremoved: [{{name: {LONG}}}, {{name: {LONG}}}]\n",
        f"version: 1\npolicy: {{undeclared: {LONG}, scope: [{LONG}, {LONG}], protect: {LONG}}}\n",
    ],
)
def test_what_is_long_is_cut(problems: Problems, text: str) -> None:
    for line in problems(text):
        assert "x" * 81 not in line
        assert "9" * 81 not in line
        assert len(line) < 400


def test_control_characters_are_escaped(problems: Problems) -> None:
    (line,) = problems(storage(r'type: "a\e[31m\u202e"'))
    assert r"a\x1b[31m\u202e" in line


def test_only_wrong_entries_are_explained(problems: Problems) -> None:
    text = (
        "version: 1\ndefaults: {type: S3, region: eu-central-2}\nstorages:\n"
        "  - {name: a, bucket: lab-a}\n  - {name: b}\n  - {name: c, bucket: lab-c}\n"
        "removed: [{name: x}, {}, {name: z}]\n"
    )
    assert problems(text) == [
        "m.yaml:5:5: storages[1]: an S3 storage needs default_url, or region and bucket",
        "m.yaml:7:22: removed[1]: the key 'name' is missing",
    ]


def test_a_keyword_without_words_of_its_own() -> None:
    document = Document("m.yaml", b"")
    Explainer(document, {"maximum": 3}).explain(Wrong((), "", 5))
    assert document.mistakes == [Mistake((), "5 is not valid here")]


def test_many_wrong_entries_are_counted(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "MAX_EXPLAINED", 3)
    lines = problems("version: 1\nstorages:\n" + "".join(f"  - name: a{i}\n" for i in range(10)))
    assert len(lines) == 3
    assert lines[-1] == "m.yaml:5:5: storages[2]: 8 more entries are wrong, from this one on"
