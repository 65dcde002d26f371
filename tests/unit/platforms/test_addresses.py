from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from reconciler.disk.sqlite_file import uri
from reconciler.errors import AddressError
from reconciler.platforms import open_platform, same_address


def path_of(address: str, base: Path | str | None = None) -> str:
    opened = open_platform(address, base=base).address
    assert opened.startswith("sqlite:///")
    return opened.removeprefix("sqlite:///")


def test_a_relative_path_counts_from_its_base(tmp_path: Path) -> None:
    assert path_of("sqlite:///x.db", tmp_path) == f"{tmp_path}/x.db"
    assert path_of("sqlite:///a/b/x.db", str(tmp_path)) == f"{tmp_path}/a/b/x.db"


def test_without_a_base_it_counts_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_of("sqlite:///x.db") == f"{tmp_path}/x.db"
    assert path_of("sqlite:///x.db", "sub") == f"{tmp_path}/sub/x.db"


def test_four_slashes_begin_an_absolute_path(tmp_path: Path) -> None:
    assert path_of("sqlite:////srv/x.db", tmp_path) == "/srv/x.db"


def test_the_scheme_has_no_case(tmp_path: Path) -> None:
    assert path_of("SQLite:///x.db", tmp_path) == f"{tmp_path}/x.db"


@pytest.mark.parametrize("name", ["50%25.db", "a?b#c.db", "~", "a b.db", "ü🧊.db", "a:b.db", "'"])
def test_a_path_is_taken_to_the_letter(tmp_path: Path, name: str) -> None:
    assert path_of(f"sqlite:///{name}", tmp_path) == f"{tmp_path}/{name}"


def test_the_address_of_a_platform_opens_it_again(tmp_path: Path) -> None:
    address = open_platform("sqlite:///a%/?#.db", base=tmp_path).address
    assert open_platform(address, base="/elsewhere").address == address


def test_two_dots_after_a_link_mean_what_the_system_makes_of_them(tmp_path: Path) -> None:
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real/deep")
    assert path_of("sqlite:///link/../x.db", tmp_path) == f"{tmp_path}/real/x.db"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is empty"),
        ("platform.db", "not the address of a platform"),
        (":memory:", "not the address of a platform"),
        ("ftp://host", "not the address of a platform that reconciler knows"),
        ("postgres://host/db", "not the address of a platform that reconciler knows"),
        ("C:/x.db", "not the address of a platform that reconciler knows"),
        ("sqlite:", "three slashes"),
        ("sqlite:x.db", "three slashes"),
        ("sqlite:/x.db", "three slashes"),
        ("sqlite://x.db", "three slashes"),
        ("sqlite://", "three slashes"),
        ("sqlite:///", "names no file"),
        ("sqlite:////", "names no file"),
        ("sqlite:///folder/", "names no file"),
        ("sqlite:///:memory:", "forgotten when the command ends"),
        ("sqlite:///a\0b", "can't stand in a plan"),
        ("sqlite:///a\udcffb", "can't stand in a plan"),
    ],
)
def test_what_is_no_address_is_refused_with_an_example(address: str, words: str) -> None:
    with pytest.raises(AddressError, match=words) as caught:
        open_platform(address, base=None)
    assert caught.value.exit_code == 64
    assert "\0" not in str(caught.value)
    if words != "can't stand in a plan":
        assert "sqlite:///platform.db" in str(caught.value)


def test_no_password_of_an_address_is_shown() -> None:
    with pytest.raises(AddressError, match=r"\*\*\*") as caught:
        open_platform("https://me:hunter2@host", base=None)
    assert "hunter2" not in str(caught.value)


def test_sqlite_is_imported_only_for_an_address_of_its_own() -> None:
    script = (
        "import sys\n"
        "from reconciler.platforms import open_platform, same_address\n"
        "same_address('sqlite:///a', None, 'sqlite:///b', None)\n"
        "assert 'sqlite3' not in sys.modules\n"
        "open_platform('sqlite:///a', base=None)\n"
        "assert 'sqlite3' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# same_address


def test_one_file_from_two_folders(tmp_path: Path) -> None:
    assert same_address("sqlite:///a/x.db", tmp_path, "sqlite:///x.db", tmp_path / "a")
    assert same_address(f"sqlite:///{tmp_path}/x.db", "/", "sqlite:///x.db", tmp_path)
    assert not same_address("sqlite:///x.db", tmp_path, "sqlite:///x.db", tmp_path / "a")
    assert not same_address("sqlite:///x.db", tmp_path, "sqlite:///X%.db", tmp_path)


def test_links_are_followed_whether_the_file_exists_or_not(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    both = ("sqlite:///link/x.db", tmp_path, "sqlite:///real/x.db", tmp_path)
    assert same_address(*both)
    (tmp_path / "real/x.db").touch()
    assert same_address(*both)
    (tmp_path / "y.db").symlink_to("real/x.db")
    assert same_address("sqlite:///y.db", tmp_path, "sqlite:///real/x.db", tmp_path)


def test_same_address_refuses_what_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(AddressError):
        same_address("sqlite:///x.db", tmp_path, "ftp://host", tmp_path)


# The URI that SQLite is given


def test_the_uri_of_windows_paths() -> None:
    assert uri(PureWindowsPath("C:\\data\\50% #1?.db")) == "file:///C%3A/data/50%25%20%231%3F.db"
    assert uri(PureWindowsPath("\\\\nas\\share\\x.db")) == "file:////nas/share/x.db"
