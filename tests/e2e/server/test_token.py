"""`reconciler token`, run as a user runs it."""

import json
import os
import re
import sqlite3
from contextlib import closing

import pytest

from reconciler.server.calls.tokens import new_token

DATABASE = ("--database", "sqlite:///server.db")


def create(folder, name="ci", *more, **expected):
    return folder("token", "create", name, "--role", "operator", *DATABASE, *more, **expected)


def listed(folder):
    return json.loads(folder("token", "list", *DATABASE, "-o", "json").stdout)["tokens"]


def test_a_token_is_shown_once_and_kept_as_a_hash(folder):
    told = create(folder)
    token = told.stdout.strip()
    assert re.fullmatch(r"rct_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", token)
    assert token not in told.stderr
    assert "'ci'" in told.stderr
    secret = token.split("_", 2)[2]
    assert secret.encode() not in b"".join(
        path.read_bytes() for path in folder.path.iterdir() if path.name.startswith("server.db")
    )
    assert secret not in folder("token", "list", *DATABASE).stdout


def test_the_list_tells_how_tokens_stand(folder):
    create(folder, "first")
    create(folder, "second", "--expires", "90d")
    create(folder, "third", "--expires", "0.000001s")
    first = listed(folder)[0]
    folder("token", "revoke", first["id"], *DATABASE)
    folder("token", "revoke", first["id"], *DATABASE)
    states = [(token["name"], token["state"], token["role"]) for token in listed(folder)]
    assert states == [
        ("first", "revoked", "operator"),
        ("second", "valid", "operator"),
        ("third", "expired", "operator"),
    ]
    text = folder("token", "list", *DATABASE).stdout.splitlines()
    assert text[0].split() == ["ID", "NAME", "ROLE", "STATE", "CREATED", "EXPIRES"]
    assert len(text) == 4
    assert all("." not in line for line in text)  # to the second
    assert folder("token", "list", *DATABASE, "-o", "markdown").stdout.startswith("| ID | NAME |")


def test_as_json_the_token_is_a_member(folder):
    told = json.loads(create(folder, "ci", "-o", "json").stdout)
    assert told["token"].startswith(f"rct_{told['id']}_")
    assert (told["name"], told["role"], told["state"]) == ("ci", "operator", "valid")


def test_the_audit_tells_who_made_and_revoked_it(folder):
    create(folder)
    folder("token", "revoke", listed(folder)[0]["id"], *DATABASE)
    with closing(sqlite3.connect(folder.path / "server.db")) as db:
        found = db.execute("SELECT action, account, actor, name FROM audit").fetchall()
    assert [row[0] for row in found] == ["token_created", "token_revoked"]
    assert {row[1] for row in found} == {"command-line"}
    assert {row[3] for row in found} == {"ci"}
    assert all(row[2] for row in found)


@pytest.mark.parametrize("action", ["list", "revoke"])
def test_a_typo_makes_no_database(folder, action):
    more = ["0" * 16] if action == "revoke" else []
    told = folder("token", action, *more, "--database", "sqlite:///typo.db", code=64)
    assert "'typo.db'" in told.stderr
    assert folder.files() == []


def test_an_unknown_token_cant_be_revoked(folder):
    create(folder)
    told = folder("token", "revoke", "nope", *DATABASE, code=1).stderr
    assert "no token with the name or ID 'nope'" in told
    assert "`reconciler token list`" in told


@pytest.mark.parametrize("name", ["ci", "a name longer than an ID", "日本"])
def test_a_token_is_revoked_by_its_name(folder, name):
    create(folder, name)
    create(folder, "another")
    id = listed(folder)[0]["id"]
    told = folder("token", "revoke", name, *DATABASE)
    assert told.stderr == f"Token '{name}' (ID {id}) no longer works.\n"
    assert [token["state"] for token in listed(folder)] == ["revoked", "valid"]
    # As often as one likes, also when there are several that do not work any more.
    create(folder, name)
    for _ in range(2):
        folder("token", "revoke", name, *DATABASE)
    assert [token["state"] for token in listed(folder)] == ["revoked", "valid", "revoked"]


def test_of_several_tokens_with_one_name_the_id_is_asked_for(folder):
    # As a server of an earlier version made them.
    ids = []
    for name in ("ci", "later"):
        create(folder, name)
        ids.append(listed(folder)[-1]["id"])
    with closing(sqlite3.connect(folder.path / "server.db")) as db, db:
        db.execute("UPDATE tokens SET name = 'ci'")
    told = folder("token", "revoke", "ci", *DATABASE, code=1).stderr
    assert f"2 tokens are called 'ci': say which by its ID, one of {ids[0]}, {ids[1]}" in told
    folder("token", "revoke", ids[0], *DATABASE)
    folder("token", "revoke", "ci", *DATABASE)
    assert [token["state"] for token in listed(folder)] == ["revoked", "revoked"]


def test_a_name_that_works_is_not_given_twice(folder):
    create(folder, "ci", "--expires", "0.000001s")
    create(folder)
    id = listed(folder)[1]["id"]
    told = create(folder, "ci", "--out", "second.token", code=1)
    assert (
        f"there is a token 'ci' that works (ID {id}): revoke it first, or give the new one another "
        "name" in " ".join(told.stderr.split())
    )
    assert told.stdout == ""
    assert "second.token" not in folder.files()
    folder("token", "revoke", "ci", *DATABASE)
    create(folder)
    assert [token["state"] for token in listed(folder)] == ["expired", "revoked", "valid"]


def test_a_token_is_written_to_a_new_file_of_its_owner(folder):
    told = create(folder, "ci", "--out", "ci.token")
    path = folder.path / "ci.token"
    assert told.stdout == ""
    assert "The only copy of it is in 'ci.token'" in told.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    token = path.read_text()
    assert token.endswith("\n")
    assert token.split("_")[1] == listed(folder)[0]["id"]
    told = json.loads(create(folder, "two", "--out", "two.token", "-o", "json").stdout)
    assert (told["file"], told["name"]) == ("two.token", "two")
    assert "token" not in told


@pytest.mark.parametrize("kind", ["file", "folder", "link", "pipe", "/dev/stdout", "nowhere/x"])
def test_nothing_is_overwritten_by_a_token(folder, kind):
    out = folder.path / kind
    if kind == "file":
        out.write_text("precious")
    elif kind == "folder":
        out.mkdir()
    elif kind == "link":
        out.symlink_to(folder.path / "goal")
    elif kind == "pipe":
        os.mkfifo(out)
    told = create(folder, "ci", "--out", kind, code=1)
    assert f"can't write '{kind}': " in told.stderr
    assert told.stdout == ""
    assert kind != "file" or out.read_text() == "precious"
    assert not (folder.path / "goal").exists()
    if (folder.path / "server.db").exists():
        assert listed(folder) == []


def test_a_whole_token_is_revoked_by_its_id_and_not_shown(folder):
    # `folder` fails if a token is on standard error.
    token = create(folder).stdout.strip()
    told = folder("token", "revoke", token, *DATABASE)
    assert told.stderr == f"Token 'ci' (ID {token.split('_')[1]}) no longer works.\n"
    assert listed(folder)[0]["state"] == "revoked"
    other = new_token().text.reveal()
    told = folder("token", "revoke", other, *DATABASE, code=1)
    assert f"'{other.split('_')[1]}'" in told.stderr


@pytest.mark.parametrize("line", [
    ["revoke", "{token}x"], ["revoke", "Bearer {token}"], ["revoke", "{cut}"],
    ["revoke", "{secret}"], ["revoke", "-{secret}"], ["revoke", "--{secret}"],
    ["create", "{token}", "--role", "reader"],
    ["create", "ci {token}", "--role", "reader"], ["create", "{cut}", "--role", "reader"],
    ["create", "{token}"], ["list", "{token}"], ["{token}"], ["{cut}", "ci"],
])  # fmt: skip
def test_what_holds_a_secret_is_refused_and_not_shown(folder, line):
    create(folder)
    *first, secret = new_token().text.reveal().split("_", 2)
    secret = f"A{secret[1:]}"  # no option of ours has this letter
    token = "_".join([*first, secret])
    given = [word.format(token=token, cut=token[:-1], secret=secret) for word in line]
    told = folder("token", *given, *DATABASE, code=64)
    assert secret[:-1] not in told.stderr + told.stdout
    assert "'" not in told.stderr.partition("\n")[0]
    assert len(listed(folder)) == 1


@pytest.mark.parametrize("letter", "hqvo")
def test_a_secret_that_begins_like_an_option_is_not_shown(folder, letter):
    secret = new_token().text.reveal().split("_", 2)[2]
    secret = f"A{secret[1:]}"  # no option of ours has this letter: -hf would be -h and -f
    told = folder("token", "revoke", f"-{letter}{secret}", *DATABASE, code=64)
    assert secret not in told.stderr + told.stdout


def test_it_says_where_the_token_is_and_whether_there_was_something(folder):
    path = folder.path / "server.db"
    told = create(folder)
    assert told.stderr.startswith(f"'{path}' is a new database: nothing else is in it.\n")
    assert f" is in the database '{path}'. " in told.stderr
    assert re.fullmatch(r"\S+\n", told.stdout)
    told = create(folder, "second")
    assert "new database" not in told.stderr
    assert f" is in the database '{path}'. " in told.stderr
    told = create(folder, "third", "-q")
    assert told.stderr == ""


def test_a_database_on_postgresql_is_named_without_the_password(folder, postgres):
    plain = postgres.database()
    url = plain.replace("postgres@", "postgres:hu%20sh#hush@") + "&password=hush-hush"
    assert url.count("hush") == 3
    for name in ("first", "second"):
        told = folder(
            "token", "create", name, "--role", "reader", env={"RECONCILER_DATABASE": url}
        ).stderr
        database, folder_of_socket = plain.partition("@/")[2].split("?host=")
        named = f"'postgresql://{folder_of_socket}/{database}'"
        assert f" is in the database {named}. " in told
        assert (f"{named} is a new database" in told) == (name == "first")
        assert "hu" not in told.replace(named, "")


@pytest.mark.parametrize(("url", "warned"), [
    ("postgresql://me:hush-hush@127.0.0.1:1/x", True),
    ("postgresql://me:hush#hush@127.0.0.1:1/x", True),
    ("postgresql://me:hush?hush@127.0.0.1:1/x", True),
    ("postgresql://me@127.0.0.1:1/x?sslmode=disable&password=hush", True),
    ("postgresql://me@127.0.0.1:1/x?sslpassword=hush", True),
    ("postgresql://me@127.0.0.1:1/x?application_name=a:b@c", False),
    ("postgresql://127.0.0.1:1/x?passfile=y", False),
])  # fmt: skip
def test_a_password_on_the_command_line_is_warned_of(folder, url, warned):
    told = folder("token", "list", "--database", url, code=1).stderr
    assert ("can see the password" in told) == warned
    assert "hush" not in told


@pytest.mark.parametrize("file", [False, True])
def test_the_variable_takes_every_path_that_the_option_takes(folder, file):
    url = "sqlite:///ü 日本.db"
    create(folder, "ci", "--database", url)
    variable = {"RECONCILER_DATABASE": url}
    if file:
        folder.write(f"{url}\n", "url")
        variable = {"RECONCILER_DATABASE_FILE": "url"}
    assert "ci" in folder("token", "list", env=variable).stdout


WRONG = {
    "no name": ["create", "--role", "reader"],
    "no role": ["create", "ci"],
    "unknown role": ["create", "ci", "--role", "root"],
    "reserved name": ["create", "anonymous", "--role", "reader"],
    "control character": ["create", "a\x1bb", "--role", "reader"],
    "long name": ["create", "x" * 101, "--role", "reader"],
    "no time at all": ["create", "ci", "--role", "reader", "--expires", "0d"],
    "two units": ["create", "ci", "--role", "reader", "--expires", "1md"],
    "no number": ["create", "ci", "--role", "reader", "--expires", "soon"],
    "too long": ["create", "ci", "--role", "reader", "--expires", "99999999d"],
    "list with a name": ["list", "ci"],
    "list into a file": ["list", "--out", "x"],
    "revoke into a file": ["revoke", "x", "--out", "y"],
    "list with a role": ["list", "--role", "reader"],
    "revoke nothing": ["revoke"],
    "unknown": ["delete", "x"],
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_what_makes_no_sense(folder, line):
    folder("token", *line, *DATABASE, code=64)
    assert folder.files() == []


def test_the_database_may_be_named_in_a_file(folder):
    folder.write(f"sqlite:///{folder.path}/server.db\n", "url")
    told = folder("token", "create", "ci", "--role", "reader", env={
        "RECONCILER_DATABASE_FILE": str(folder.path / "url"),
    })  # fmt: skip
    assert told.stdout.startswith("rct_")
    assert len(listed(folder)) == 1
