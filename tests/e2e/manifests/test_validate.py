"""`validate` finds what needs no platform, and says of it what `plan` says, once."""

import pytest

HEAD = "version: 1\nplatform: sqlite:///p.db\n"
NAMES = """\
storages:
  - {name: team-a, type: local, default_url: /a, renamed_from: [team-b, old]}
  - {name: other, type: local, default_url: /b}
removed:
  - {name: gone}
  - {name: team-c~move-1, id: i}
"""
WAY_OUT = "widen it (`policy.scope`, --scope, RECONCILER_SCOPE), or take the name out"
OUTSIDE = [
    f"removed[0].name: 'gone' is outside the scope: {WAY_OUT}",
    f"storages[0].renamed_from: 'old' is outside the scope: {WAY_OUT}",
    f"storages[1].name: 'other' is outside the scope: {WAY_OUT}",
]
both = pytest.mark.parametrize("command", ["validate", "plan"])


def told(folder, command, *arguments, **more):
    """Give what is said of an invalid manifest: places, and words without them."""
    lines = folder("-f", "m.yaml", command, *arguments, code=65, **more).stderr.splitlines()
    spots, words = zip(*(line.split(": ", 1) for line in lines[:-1]), strict=True)
    return list(spots), list(words)


@both
def test_names_outside_the_scope(folder, command):
    folder.write(HEAD + "policy: {scope: [team-*]}\n" + NAMES.replace(", id: i", ""), "m.yaml")
    spots, words = told(folder, command)
    assert words == OUTSIDE
    assert spots == ["m.yaml:8:12", "m.yaml:5:64", "m.yaml:6:12"]


@both
@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("--scope", "team-*"), {}),
        ((), {"RECONCILER_SCOPE": "team-*"}),
        (("--scope", "*"), {"RECONCILER_SCOPE": "team-*"}),
    ],
)
def test_names_outside_a_scope_that_was_narrowed(folder, command, arguments, env):
    folder.write(HEAD + NAMES.replace(", id: i", ""), "m.yaml")
    assert told(folder, command, *arguments, env=env)[1] == OUTSIDE


def test_what_an_id_stands_for_is_not_judged_without_its_platform(folder):
    entry = "{name: team-a, type: local, default_url: /a, id: i, renamed_from: [team-b]}"
    removed = "removed: [{name: team-c~move-1, id: j}]\n"
    policy = "policy: {scope: [team-*]}\n"
    folder.write(f"{HEAD}{policy}storages:\n  - {entry}\n{removed}", "m.yaml")
    folder("-f", "m.yaml", "validate")


@both
@pytest.mark.parametrize(
    ("platform", "lock", "words"),
    [
        ("sqlite:/p.db", "s3://b", ["platform: 'sqlite:/p.db' needs three slashes", "lock: "]),
        ("postgres://h/d", None, ["platform: 'postgres://h/d' is not the address of a platform"]),
        ("localhost:8080", None, ["platform: 'localhost:8080' is not the address of a platform"]),
        ("jetraw://a/b", None, ["platform: 'jetraw://a/b' is not the address of a platform"]),
        ("https://h?x", None, ["platform: "]),
        ("https://h:99999", None, ["platform: 'https://h:99999' has a port that there is not"]),
        ("sqlite:///p.db", "file:///", ["lock: 'file:///' names no absolute path"]),
        ("sqlite:///p.db", "s3://b/k?", ["lock: "]),
        ("sqlite:///p.db", "s3://bucket/a/../b", ["lock: "]),
    ],
)
def test_addresses_that_are_none(folder, command, platform, lock, words):
    text = f'version: 1\nplatform: "{platform}"\n' + (f'lock: "{lock}"\n' if lock else "")
    folder.write(text + "storages: [{name: a, type: local}]\n", "m.yaml")
    spots, said = told(folder, command)
    # What else is wrong is said in the same run.
    assert spots.pop().startswith(f"m.yaml:{text.count(chr(10)) + 1}:")
    assert all(one.startswith(start) for one, start in zip(said, words, strict=False))
    lines = text.splitlines()
    assert spots == [f"m.yaml:{2 + lines[1:].index(_line(lines, w))}:{_column(w)}" for w in words]


def _line(lines, word):
    return next(line for line in lines if line.startswith(word.partition(" ")[0]))


def _column(word):
    return len(word.partition(" ")[0]) + 2


def test_an_address_that_an_option_overrides_is_wrong_all_the_same(folder):
    folder.write("version: 1\nplatform: ftp://h\n", "m.yaml")
    _, said = told(folder, "plan", "--platform", "sqlite:///p.db")
    assert said[0].startswith("platform: 'ftp://h' is not the address")


@both
def test_names_that_look_alike_are_warned_of_with_both_places(folder, command):
    entry = "{{name: {}, type: local, default_url: /{}}}\n"
    folder.write(f"{HEAD}storages:\n  - {entry.format('nas', 1)}", "one.yaml")
    folder.write(f"version: 1\nstorages:\n  - {entry.format('NAS', 2)}", "two.yaml")
    done = folder("-f", "one.yaml", "-f", "two.yaml", command)
    words = "these names are hard to tell apart: 'NAS', 'nas' (at two.yaml:3:12 and one.yaml:4:12)"
    assert f"{done.stdout}{done.stderr}".count(words) == 1
    assert f"{done.stdout}{done.stderr}".count("hard to tell apart") == 1
    as_json = folder("-f", "one.yaml", "-f", "two.yaml", command, "-o", "json").stdout
    assert words in as_json
