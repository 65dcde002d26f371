"""`deploy/`: the systemd unit and the container file do what the page for users promises."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import parse
from support.repository import ROOT

UNIT = ROOT / "deploy" / "reconciler.service"
CONTAINER = ROOT / "deploy" / "Containerfile"
PAGE = ROOT / "docs" / "run-a-state-server.md"
BIN = Path(sys.executable).parent
STATE = "/var/lib/reconciler"
LISTENING = re.compile(r"http://127\.0\.0\.1:(\d+)")
#: What keeps a server that was taken over from doing more harm.
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "StateDirectory": "reconciler",
    "StateDirectoryMode": "0700",
    "UMask": "0077",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
}


def directives():
    """Give the unit's (section, key, value)s, in order; anything else is no unit."""
    section = ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith(("#", ";")):
            key, equals, value = line.partition("=")
            assert equals, line
            assert key.isalnum(), line
            yield section, key, value


def of_service(wanted):
    return [value for section, key, value in directives() if (section, key) == ("Service", wanted)]


def instructions():
    """Give the container file's (instruction, rest)s, with continued lines joined."""
    text = re.sub(r"^#.*\n", "", CONTAINER.read_text(encoding="utf-8"), flags=re.M)
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line:
            name, _, rest = line.partition(" ")
            yield name, rest


def of_container(wanted):
    return [rest for name, rest in instructions() if name == wanted]


@contextmanager
def serving(command, tmp_path, environment):
    """Run a server until it listens; give its address. SIGTERM must end it well."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RECONCILER_")}
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=clean | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := LISTENING.search(log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
                pytest.fail(f"it ended: {log.read_text()}")
        yield found[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def is_healthy(address):
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        return answer.status == 200


def on_a_free_port(command):
    """Change the address of a command from the documented one to a free port of loopback."""
    changed = [re.sub(r"\A(?:127\.0\.0\.1|0\.0\.0\.0):8080\Z", "127.0.0.1:0", w) for w in command]
    assert changed != command
    return changed


def test_the_unit_starts_a_server_that_stops_well(tmp_path):
    credentials, state = tmp_path / "credentials", tmp_path / "state"
    credentials.mkdir()
    state.mkdir()
    (load,) = of_service("LoadCredential")
    name, _, source = load.partition(":")
    assert source == "/etc/reconciler/database"
    (credentials / name).write_text(f"sqlite:///{state}/server.db\n")
    (variable,) = of_service("Environment")
    key, _, value = variable.replace("%d", str(credentials)).partition("=")
    (start,) = of_service("ExecStart")
    command = on_a_free_port(shlex.split(start.replace("/opt/reconciler/bin", str(BIN))))
    assert of_service("KillSignal") == ["SIGTERM"]
    with serving(command, tmp_path, {key: value}) as address:
        assert is_healthy(address)
    assert (state / "server.db").exists()


@pytest.mark.parametrize("key", HARDENED)
def test_the_unit_is_hardened(key):
    assert of_service(key) == [HARDENED[key]]


def test_the_unit_runs_as_its_own_user_and_holds_no_secret():
    assert of_service("User") == of_service("Group") == ["reconciler"]
    text = UNIT.read_text(encoding="utf-8")
    assert "RECONCILER_DATABASE=" not in text
    assert "--database" not in text


def test_wrong_usage_is_not_tried_again_for_ever():
    assert of_service("Restart") == ["on-failure"]
    assert of_service("RestartPreventExitStatus") == ["64"]


def test_the_container_file_has_no_faults():
    told = subprocess.run(
        [shutil.which("hadolint", path=BIN), "--no-color", CONTAINER],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (0, "")


def test_what_the_container_file_copies_is_enough_to_build_the_package(tmp_path):
    copied = [rest.split() for rest in of_container("COPY") if not rest.startswith("--from")]
    for *sources, target in copied:
        for source in sources:
            to = tmp_path / target / (source if target == "./" else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, to)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "out"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "out").iterdir()
    assert wheel.suffix == ".whl"


def test_the_container_file_installs_extras_that_exist():
    (install,) = (rest for rest in of_container("RUN") if "pip install" in rest)
    wanted = re.search(r"\.\[([\w,]+)\]", install)[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # All that a user may want: the image is also what runs `apply` with `lock: s3://…`.
    assert set(wanted) == project["optional-dependencies"].keys() - {"test", "dev"}
    assert "-c constraints.txt" in install


def test_the_container_does_not_run_as_root():
    assert of_container("USER") == ["10001:10001"]
    assert "--uid 10001" in next(rest for rest in of_container("RUN") if "useradd" in rest)


def anybodys_python():
    """Give a Python that other users than ours can start, and that makes virtual environments."""
    for python in ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable):
        above = Path(python).resolve().parents
        if Path(python).exists() and all(folder.stat().st_mode & 0o001 for folder in above):
            asked = [python, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(asked, check=False, capture_output=True).returncode == 0:
                return python
    pytest.skip("no Python from 3.11 on, with venv, that another user could start")


@pytest.mark.long
def test_what_the_image_installs_works_for_an_ordinary_user(tmp_path_factory):
    """Its lines, run in a virtual environment here: there is no engine for containers."""
    folder = tmp_path_factory.mktemp("image")
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, folder / name)
    for name in ("schemas", "reconciler"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (install,) = (rest for rest in of_container("RUN") if "pip install" in rest)
    home, user = Path(tempfile.mkdtemp(prefix="reconciler-image-")), {}
    try:
        line = install.replace("/opt/reconciler", str(home / "opt"))
        line = line.replace("python -m venv", f"{anybodys_python()} -m venv")
        subprocess.run(["/bin/sh", "-ec", line], cwd=folder, check=True, capture_output=True)
        if os.getuid() == 0:
            user = {"user": 10001, "group": 10001, "extra_groups": []}
        home.chmod(0o755)
        state = home / "state"
        state.mkdir()
        state.chmod(0o777)
        for words in (["--version"], ["serve", "--help"], ["scan", "--help"], ["plan"]):
            environment = {"PATH": f"{home}/opt/bin:/usr/bin:/bin", "HOME": str(state)}
            done = subprocess.run(
                ["reconciler", *words],
                cwd=state,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                **user,
            )
            assert done.returncode == (64 if words == ["plan"] else 0), done.stderr
            assert "Traceback" not in done.stderr
        there = "import pyarrow, psycopg, distributed, boto3, obstore, socksio, uvloop, apprise"
        python = [home / "opt" / "bin" / "python", "-c", there]
        subprocess.run(python, cwd=state, check=True, capture_output=True, **user)
    finally:
        shutil.rmtree(home)


def test_the_container_starts_a_server_and_knows_whether_it_is_well(tmp_path):
    (entry,), (default,) = of_container("ENTRYPOINT"), of_container("CMD")
    words = json.loads(entry) + json.loads(default)
    (health,) = of_container("HEALTHCHECK")
    probe = json.loads(health.partition("CMD ")[2])
    assert probe[0] == "python"
    command = on_a_free_port([word.replace(STATE, str(tmp_path)) for word in words])

    def is_well(address):
        code = probe[2].replace("http://127.0.0.1:8080", address)
        assert code != probe[2]
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        return told.returncode == 0

    with serving([BIN / command[0], *command[1:]], tmp_path, {}) as address:
        assert is_well(address)
    assert not is_well(address)
    assert (tmp_path / "server.db").exists()
    assert of_container("STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize("path", [UNIT, CONTAINER], ids=lambda path: path.name)
def test_the_page_for_users_tells_of_it(path):
    assert f"deploy/{path.name}" in PAGE.read_text(encoding="utf-8")


def words_of(block):
    return [shlex.split(line) for line in re.sub(r"\\\n\s*", "", block).splitlines()]


def blocks_of_the_page(holding):
    text = PAGE.read_text(encoding="utf-8")
    return [b for b in re.findall(r"^```text\n(.*?)^```$", text, re.M | re.S) if holding in b]


def test_the_page_makes_a_token_before_it_starts_the_service():
    (block,) = blocks_of_the_page("systemctl enable")
    done = [" ".join(words) for words in words_of(block)]
    (user,) = of_service("User")
    folder = done.index(f"install -d -m 0700 -o {user} -g {user} {STATE}")
    (token,) = (at for at, line in enumerate(done) if "token create" in line)
    start = done.index("systemctl enable --now reconciler")
    assert folder < token < start
    assert done[token].startswith(f"runuser -u {user} -- ")
    assert done[token].endswith(f" --database sqlite:///{STATE}/server.db")


def test_the_page_makes_a_token_before_it_starts_a_container_and_lets_it_finish():
    (first, second) = blocks_of_the_page("docker run -d")
    token, server = (words for words in words_of(first) if words[:2] == ["docker", "run"])
    assert token[token.index("reconciler") :][:3] == ["reconciler", "token", "create"]
    (stop,) = of_service("TimeoutStopSec")
    for words in (server, *words_of(second)):
        assert words[words.index("--stop-timeout") + 1] == stop


def test_the_page_says_that_tokens_come_before_a_proxy():
    text = PAGE.read_text(encoding="utf-8")
    (proxy,) = (line for line in text.splitlines() if "reverse proxy on the same machine" in line)
    assert "Make the first token before you set the proxy up" in proxy
    for header in ("Forwarded", "X-Forwarded-…", "X-Real-IP", "Via"):
        assert f"`{header}`" in proxy


def test_the_commands_of_the_page_that_need_root_or_a_container_make_sense():
    blocks = re.findall(
        r"^```(?:text|ini)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S
    )
    lines = re.sub(r"\\\n\s*", "", "".join(blocks)).splitlines()
    found = [re.search(r"(?<!-)\b(?:serve --|token create ).*", line) for line in lines]
    commands = [match[0] for match in found if match]
    assert len(commands) == 5
    for command in commands:
        parse(shlex.split(command), COMMANDS)
