"""The installed command, run as a user runs it."""

import os
import pty
import select
import subprocess

import pytest

from reconciler.environment.origin import CI_VARIABLES
from support.commands import starting
from support.commands.starting import COMMAND
from support.leaks import check_told

#: A storage of each kind that a manifest can declare.
THREE = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: NAS, type: local, default_url: /data/nas}
  - {name: minio, type: S3, default_url: "https://storage-server:9000/my-bucket"}
  - {name: raw, label: Raw frames, type: S3, region: eu-central-2, bucket: lab-raw}
"""


def environment(**changes):
    """Give an environment in which nothing of the developer's own can change a result."""
    unwanted = ("RECONCILER_", "JETRAW_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
    unwanted += CI_VARIABLES
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    return {**kept, "TERM": "xterm", **changes}


class Folder:
    """A folder to run the command in."""

    command = COMMAND

    def __init__(self, path, warm=None):
        """Take the process that starts commands, if they need not be started as users do."""
        self.path = path
        self._warm = warm

    def write(self, text, name="storages.yaml"):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, name):
        return (self.path / name).read_text(encoding="utf-8")

    def files(self):
        """Name what is in the folder, but for what SQLite keeps beside its file."""
        return sorted(p.name for p in self.path.iterdir() if not p.name.endswith(("-wal", "-shm")))

    def __call__(self, *arguments, code=0, env=None, **options):
        """Run the command without a terminal and check its exit code."""
        around = environment(**(env or {}))
        warm = self._warm and self._warm.of(around, arguments)
        if warm and not options:
            done = warm.run([COMMAND, *arguments], self.path, around, seconds=60)
        else:
            settings = {"stdin": subprocess.DEVNULL, "capture_output": True, **options}
            done = subprocess.run(
                [COMMAND, *arguments],
                cwd=self.path,
                env=around,
                timeout=60,
                encoding="utf-8",
                check=False,
                **settings,
            )
        told = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == code, told
        assert "Traceback" not in told
        assert "has a bug" not in told
        # The one place where a token is shown is the output of the command that makes it.
        check_told(str(done.stderr) if "token" in arguments else told)
        return done

    def start(self, *arguments, env=None, **options):
        """Start the command and let the caller deal with it."""
        line, around = [COMMAND, *arguments], environment(**(env or {}))
        warm = self._warm and self._warm.of(around, arguments)
        if warm and _plain(**options):
            return warm.start(line, self.path, around, **options)
        return subprocess.Popen(line, cwd=self.path, env=around, **options)

    def shell(self, script, *, plain=False):
        """Run a line of shell in which `"$0"` is the command; give what came of it.

        In a `plain` one a command inherits nothing that counts, but for its streams.
        """
        command = self._warm.commands(COMMAND) / COMMAND.name if plain and self._warm else COMMAND
        # Where no file may grow, Python would keep the half of a compiled module for all others.
        limited = {"PYTHONDONTWRITEBYTECODE": "1"} if "ulimit -f" in script else {}
        return subprocess.run(
            ["bash", "-c", script, command],
            cwd=self.path,
            env=environment(**limited),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            encoding="utf-8",
            check=False,
        )

    def on_terminal(self, *arguments, answer=None, code=0, columns=80, env=None):
        """Run the command on a terminal and give what is shown.

        At the question `answer` is typed, or sent if it is a signal.
        """
        ours, theirs = pty.openpty()
        process = self.start(
            *arguments,
            env={"COLUMNS": str(columns), **(env or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while chunk := _read(ours):
                shown += chunk
                if answer is not None and b"Only 'yes' is accepted" in shown:
                    if isinstance(answer, bytes):
                        os.write(ours, answer)
                    else:
                        process.send_signal(answer)
                    answer = None
            assert process.wait(timeout=60) == code, shown.decode()
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        assert b"Traceback" not in shown
        return shown.decode().replace("\r\n", "\n")


def _plain(*, stdin=subprocess.DEVNULL, stdout=None, stderr=None, text=False, **others):
    """Say whether what starts commands knows each of these options."""
    of_numbers = all(isinstance(stream, int) for stream in (stdin, stdout, stderr))
    known = stdin != subprocess.PIPE and subprocess.STDOUT not in (stdout, stderr)
    return of_numbers and known and not others


def _read(terminal):
    if not select.select([terminal], [], [], 30)[0]:
        raise TimeoutError("nothing was shown for 30 seconds")
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side has closed
        return b""


@pytest.fixture(scope="session")
def warm():
    """Give the process that starts commands; None where each is to be started as users do."""
    return starting.warm()


@pytest.fixture
def folder(tmp_path, warm):
    """Give an empty folder to run the command in."""
    return Folder(tmp_path, warm)


@pytest.fixture
def quickstart(folder):
    """Give a folder with a manifest of three storages that nobody has applied yet."""
    folder.write(THREE)
    return folder


@pytest.fixture
def applied(quickstart):
    """Give a folder with a manifest that has been applied."""
    quickstart("apply", "-y", "-q")
    return quickstart
