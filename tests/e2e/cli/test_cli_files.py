"""Files that a command is told to write: an ordinary one, or none."""

import os

import pytest

STALE = "label: NAS"


@pytest.mark.parametrize("option", ["--out", "--digest-file"])
def test_what_is_no_file_is_refused_before_anything_is_read(quickstart, option):
    path = quickstart.path
    os.mkfifo(path / "pipe")
    (path / "link").symlink_to("pipe")
    (path / "folder").mkdir()
    (path / "out").symlink_to("/dev/stdout")
    for goal in ("/dev/stdout", "/dev/null", "/dev/fd/1", "out", "pipe", "link", "folder"):
        log = path / "log.txt"
        log.write_text("a log\n")
        with log.open("a") as stream:
            told = quickstart(
                *("plan", option, goal),
                code=1,
                capture_output=False,
                stdout=stream,
                stderr=-1,
            )
        assert "it is not an ordinary file" in told.stderr, goal
        assert log.read_text() == "a log\n"


def test_a_link_to_a_file_stays_a_link(quickstart):
    quickstart("plan", "--out", "plan.json")
    (quickstart.path / "link").symlink_to("plan.json")
    quickstart("plan", "--out", "link")
    assert (quickstart.path / "link").is_symlink()


def test_an_old_plan_is_not_shown_as_if_it_could_be_applied(quickstart):
    quickstart("plan", "--out", "plan.json")
    quickstart("apply", "plan.json")
    quickstart("apply", "-y")
    text = quickstart.read("storages.yaml").replace(STALE, "label: Other")
    quickstart.write(text)
    quickstart("plan", "--out", "other.json")
    quickstart("apply", "other.json")
    told = quickstart("apply", "other.json")
    assert "Nothing was written: 1 operation had been done already." in told.stdout
    assert "Applied:" not in told.stdout
