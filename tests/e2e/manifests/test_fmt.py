"""`fmt`: what it writes, what it leaves alone, and how it ends."""

import os

import pytest

UNTIDY = """\
storages:
- type: local
  name: nas   # the first one
  default_url: /data/nas
version: 1
"""
TIDY = """\
version: 1
storages:
  - name: nas   # the first one
    type: local
    default_url: /data/nas
"""
TIED = "version: 1\nstorages: &x\n- {label: &y a, name: *y, type: local, default_url: *y}\n"


def test_files_are_formatted_and_keep_their_mode(folder):
    folder.write(UNTIDY, "a.yaml").chmod(0o640)
    folder.write(TIDY, "b.yaml")
    before = (folder.path / "b.yaml").stat().st_mtime_ns
    told = folder("fmt", "a.yaml", "b.yaml")
    assert told.stdout == "Formatted 'a.yaml'.\n"
    assert told.stderr == "2 files, 1 of them changed.\n"
    assert folder.read("a.yaml") == TIDY
    assert (folder.path / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert (folder.path / "b.yaml").stat().st_mtime_ns == before
    assert folder("fmt", "a.yaml", "b.yaml").stderr == "2 files, all formatted.\n"
    assert folder.files() == ["a.yaml", "b.yaml"]


def test_the_manifest_is_what_is_formatted_unless_files_are_named(folder):
    folder.write(UNTIDY, "storages/deep/a.yaml")
    folder("fmt")
    assert folder.read("storages/deep/a.yaml") == TIDY
    folder.write(UNTIDY, "b.yaml")
    folder("-f", "b.yaml", "fmt")
    assert folder.read("b.yaml") == TIDY


def test_a_link_stays_and_leads_to_what_was_formatted(folder):
    folder.write(UNTIDY, "real/a.yaml")
    (folder.path / "a.yaml").symlink_to("real/a.yaml")
    folder("fmt", "a.yaml")
    assert (folder.path / "a.yaml").is_symlink()
    assert folder.read("real/a.yaml") == TIDY


def test_check_shows_the_difference_and_writes_nothing(folder):
    folder.write(UNTIDY)
    told = folder("fmt", "--check", code=2)
    lines = told.stdout.splitlines()
    assert lines[:2] == ["--- storages.yaml (as it is)", "+++ storages.yaml (formatted)"]
    assert "-- type: local" in lines
    assert "+  - name: nas   # the first one" in lines
    assert lines[-1] == "Not formatted: 1 file is in another layout than `fmt` writes."
    assert folder.read("storages.yaml") == UNTIDY
    folder.write(TIDY)
    assert folder("fmt", "--check").stdout == ""
    folder.write(TIDY.rstrip())
    assert "not all of its lines end in the same way" in folder("fmt", "--check", code=2).stdout


def test_a_name_of_a_file_moves_no_cursor_and_is_no_line_of_the_difference(folder):
    folder.write(UNTIDY, "storages/\x1b[2J\n+++ y.yaml")
    told = folder("fmt", "--check", code=2).stdout
    assert told.startswith("--- storages/\\x1b[2J\\n+++ y.yaml (as it is)\n")


@pytest.mark.parametrize("named", ["fmt -", "-f - fmt", "fmt /dev/stdin"])
def test_standard_input_goes_to_standard_output(folder, named):
    folder.write(UNTIDY, "a.yaml")
    told = folder.shell(f'"$0" {named} < a.yaml')
    assert (told.stdout, told.stderr, told.returncode) == (TIDY, "", 0)


def test_a_pipe_that_looks_like_commands_of_a_runner_is_not_printed(folder):
    folder.write(f"{TIDY}# ##[error]x\n", "a.yaml")
    told = folder.shell('"$0" fmt - < a.yaml')
    assert told.returncode == 1
    assert "##[error]" not in told.stdout + told.stderr
    assert "name the file" in told.stderr
    folder("fmt", "a.yaml")
    assert "##[error]" in folder.read("a.yaml")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (TIED, 1, "b.yaml:2:11: this can't be formatted"),
        ("version: 1\nstorage: []\n", 65, "b.yaml:2:1: storage: the key 'storage' is unknown"),
        ("version: 1\n\tx", 65, "b.yaml:2:"),
    ],
)
def test_one_file_that_is_refused_has_all_left_alone(folder, text, code, message):
    folder.write(UNTIDY, "a.yaml")
    folder.write(text, "b.yaml")
    assert message in folder("fmt", "a.yaml", "b.yaml", code=code).stderr
    assert folder.read("a.yaml") == UNTIDY
    assert folder.read("b.yaml") == text


def test_a_file_that_can_not_be_replaced_is_left_whole(folder):
    folder.write(UNTIDY, "locked/a.yaml")
    locked = folder.path / "locked"
    if os.geteuid() == 0:
        told = folder.shell(
            "ulimit -f 0; trap '' XFSZ; \"$0\" fmt locked/a.yaml"  # no file may grow
        )
        assert told.returncode == 1
        assert "can't write 'locked/a.yaml'" in told.stderr
    else:
        locked.chmod(0o500)
        assert "can't write" in folder("fmt", "locked/a.yaml", code=1).stderr
        locked.chmod(0o700)
    assert folder.read("locked/a.yaml") == UNTIDY
    assert [p.name for p in locked.iterdir()] == ["a.yaml"]
