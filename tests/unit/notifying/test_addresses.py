"""Where notifications go: read from a file or a variable, and never shown."""

import os

import pytest

from reconciler.errors import UsageError
from reconciler.notifying.addresses import VARIABLE, exposed, is_asked_for, read_addresses

SECRET = "s3cr3t"


def revealed(found):
    return {name: one.reveal() for name, one in found.items()}


def test_a_file_has_one_a_line_with_a_name_or_a_number(tmp_path):
    file = tmp_path / "notify"
    file.write_text("# those on call\n\nteam=slack://a/b/c\n ops-2 = json://h/?a=b\nmailtos://u\n")
    wanted = {"team": "slack://a/b/c", "ops-2": "json://h/?a=b", "3": "mailtos://u"}
    assert revealed(read_addresses({}, str(file))) == wanted
    assert revealed(read_addresses({f"{VARIABLE}_FILE": str(file)}, None)) == wanted
    assert revealed(read_addresses({VARIABLE: file.read_text()}, None)) == wanted
    assert is_asked_for({VARIABLE: ""}, None)
    assert not is_asked_for({}, None)


@pytest.mark.skipif(os.name != "posix", reason="only there a file has a mode")
def test_a_file_that_everybody_can_read_is_told(tmp_path):
    file = tmp_path / "our notify"
    file.write_text("json://h/s3cr3t")
    file.chmod(0o644)
    assert exposed(str(file)).endswith(f"which holds secrets: `chmod 600 '{file}'`")
    file.chmod(0o640)
    assert exposed(str(file)) == ""
    assert exposed("nothing") == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no address"),
        ("# nobody\n", "holds no address"),
        (f"team=slack://a\n{SECRET}\n", "line 2 is no address"),
        (f"team=slack://a\nteam=json://{SECRET}\n", "line 2: 'team' is the name of another one"),
        (f"json://{SECRET}\n" * 21, "holds 21 addresses; 20 can be notified"),
    ],
)
def test_what_is_no_list_is_refused_without_showing_it(tmp_path, text, says):
    file = tmp_path / "notify"
    file.write_text(text)
    with pytest.raises(UsageError, match=says) as refused:
        read_addresses({}, str(file))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("begins", ["json://", "json:/", "mailto:", "team = slack://", "T0/"])
def test_an_address_in_place_of_a_file_is_refused_without_showing_it(begins):
    for environ, path in (({}, begins + SECRET), ({f"{VARIABLE}_FILE": begins + SECRET}, None)):
        with pytest.raises(UsageError, match=r"everybody on this|not shown") as refused:
            read_addresses(environ, path)
        assert SECRET not in str(refused.value)


def test_a_list_that_begins_with_a_mark_of_its_encoding_is_read(tmp_path):
    file = tmp_path / "notify"
    file.write_bytes(b"\xef\xbb\xbfteam = json://h\r\n")
    assert revealed(read_addresses({}, str(file))) == {"team": "json://h"}


def test_they_are_given_in_one_way(tmp_path):
    with pytest.raises(UsageError, match="given together"):
        read_addresses({VARIABLE: "json://h"}, str(tmp_path / "notify"))
    with pytest.raises(UsageError, match="can't be read"):
        read_addresses({}, str(tmp_path / "notify"))
