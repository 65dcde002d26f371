"""Manifests that come through pipes, files from Windows, and a folder that is gone."""

import json
import os

import pytest

SOUND = """\
version: 1
platform: sqlite:///p.db
storages:
  - {name: one, type: local, default_url: /data/one}
"""
GONE = SOUND.replace("}", ", id: gone}")


@pytest.fixture
def through_a_pipe(folder):
    """Run the command with a manifest that can be read only once."""

    def run(text, way, *arguments, **options):
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        if way == "/dev/fd":
            way, how = f"/dev/fd/{read}", {"pass_fds": (read,)}
        else:
            how = {"stdin": read}
        try:
            return folder(*arguments, "-f", way, **how, **options)
        finally:
            os.close(read)

    return run


WAYS = pytest.mark.parametrize("way", ["-", "/dev/stdin", "/dev/fd"])


@WAYS
def test_problems_in_what_came_through_a_pipe_have_their_place(folder, through_a_pipe, way):
    folder.write(SOUND)
    folder("apply", "-y")
    told = through_a_pipe(GONE, way, "plan", code=65).stderr
    assert ":4:58: storages[0].id: " in told
    assert told.startswith("<stdin>:" if way == "-" else way)


@WAYS
def test_relative_paths_from_a_pipe_count_from_the_current_folder(folder, through_a_pipe, way):
    through_a_pipe(SOUND, way, "apply", "-y")
    assert folder.files() == [".reconciler", "p.db"]


def test_a_named_pipe_is_read_once(folder):
    folder.write(SOUND)
    folder("apply", "-y")
    os.mkfifo(folder.path / "pipe")
    told = folder.shell(
        f"printf '{GONE}' >pipe & \"$0\" plan -f pipe; code=$?; wait; exit $code".replace(
            "\n", "\\n"
        )
    )
    assert told.returncode == 65
    assert "pipe:4:58: storages[0].id: " in told.stderr


def test_standard_input_that_is_closed(folder):
    told = folder.shell('exec "$0" plan -f - <&-')
    assert told.returncode == 65
    assert "standard input is closed" in told.stderr


def test_files_from_windows(folder):
    folder.write(f"\ufeff{SOUND}", "M.YAML")
    folder("-f", "M.YAML", "plan", "--out", "plan.json")
    folder.write("\ufeff" + folder.read("plan.json"), "plan.json")
    folder("show", "plan.json")
    (folder.path / "wide.json").write_bytes(folder.read("plan.json").encode("utf-16"))
    told = folder("show", "wide.json", code=65).stderr
    assert "'wide.json' is UTF-16: save it as UTF-8" in told


@pytest.mark.parametrize("command", ["list", "doctor", "plan", "export", "validate", "history"])
def test_a_current_folder_that_was_deleted(folder, command):
    (folder.path / "gone").mkdir()
    told = folder.shell(
        "export RECONCILER_PLATFORM=sqlite:///p.db; "
        f'cd gone && rmdir ../gone && exec "$0" {command}'
    )
    assert told.returncode not in (0, None)
    if command != "history":
        assert "the current folder was deleted" in told.stderr
    assert "Errno" not in told.stderr


def test_a_variable_that_is_not_utf8_is_a_problem_with_a_place(folder):
    folder.write(SOUND.replace("name: one", 'name: "${TEAM}"'))
    told = folder("validate", "-o", "json", env={"TEAM": "caf\udce9"}, code=65)
    (problem,) = json.loads(told.stdout)["problems"]
    assert (problem["line"], problem["path"]) == (4, "storages[0].name")
    assert "TEAM is not valid UTF-8" in problem["message"]
