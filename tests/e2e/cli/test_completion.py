"""TAB in the real shells: what is offered, and that nothing else ever comes of it."""

import os
import re
import shlex
import shutil
import socket
import subprocess

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.completion import script
from support.commands import starting
from support.commands.typing import terminal
from support.repository import ROOT

PROMPT = "> "
#: How a shell begins that has no settings of its own, and how it is told its prompt.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile"], f"PS1='{PROMPT}'"),
    "zsh": (["zsh", "-f"], f"PS1='{PROMPT}'"),
    "fish": (["fish", "--no-config"], f"function fish_prompt; echo '{PROMPT}'; end"),
}
PAGE = (ROOT / "docs" / "while-you-write.md").read_text(encoding="utf-8")
OURS = re.compile(
    r"`[^`]*?(\w+)(?:rc|\.fish)`:\n\n<!-- run by tests/e2e/cli/test_completion.py -->\n"
    r"```console\n\$ (.*)\n```\n"
)
MANIFEST = """\
version: 1
platform: https://127.0.0.1:{port}
storages:
  - {{name: minio, type: S3, default_url: "https://storage-server:9000/my-bucket"}}
  - {{name: nas, type: local, default_url: /data/nas}}
  - name: Raw frames
  - name: it's $new
"""
#: What is typed before TAB, and what the line then is.
LINES = [
    (r"list Raw\ f", r"list Raw\ frames"),
    ('list "R', 'list "Raw frames"'),
    ("export it", r"export it\'s\ \$new"),
    ("plan --target=mi", "plan --target=minio"),
    ("verify r --explain mi", "verify r --explain minio"),
    ("history 2026", "history 20261130-083000-123-abcdef"),
    ("-f other.yaml scan oth", "-f other.yaml scan other"),
    ("-f broken.yaml list na", "-f broken.yaml list nas"),
    ("-f none.yaml list na", "-f none.yaml list na"),
]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_offers_what_is_at_hand_and_nothing_else(folder, shell):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} on this machine: apt-get install {shell}")
    commands = starting.warm()
    first = commands.commands(starting.COMMAND) if commands else starting.COMMAND.parent
    kept = {"PATH": f"{first}:{os.environ['PATH']}", "HOME": str(folder.path), "TERM": "xterm"}
    lines, prompt = SHELLS[shell]
    loading = dict(OURS.findall(PAGE))[{"fish": "config"}.get(shell, shell)]
    with socket.create_server(("127.0.0.1", 0)) as platform:
        folder.write(MANIFEST.format(port=platform.getsockname()[1]))
        folder.write("version: 1\nstorages: [{name: other}]", "other.yaml")
        folder.write("storages: {[\n\t- name: nas\n  name: 'x", "broken.yaml")
        folder.write("", ".reconciler/journal/20261130-083000-123-abcdef.jsonl")
        with terminal(lines, folder.path, {**kept, "LC_ALL": "C.UTF-8"}) as typed:
            typed.type(f"{prompt}; {loading}; clear\n")
            typed.until(lambda shown: shown == [PROMPT.strip()])
            for before, after in LINES:
                # What is typed behind it shows that the shell is done.
                typed.type(f"reconciler {before}\t!")
                wanted = f"{PROMPT}reconciler {after}"
                shown = typed.until(lambda lines: lines[-1:] and lines[-1].endswith("!"))
                assert [line.replace(" !", "!") for line in shown] == [f"{wanted}!"]
                typed.type("\x15")
                typed.until(lambda shown: shown == [PROMPT.strip()])
        platform.setblocking(False)
        with pytest.raises(BlockingIOError):
            platform.accept()


@pytest.mark.parametrize("mark", ['"', "'"])
def test_bash_is_given_no_name_that_would_end_its_quotation_or_run_anything(mark):
    names = ["raw$(touch x)", "nas'; touch x; #", "`x`", "a\\b", "bang!", 'a"b', "two words", "a"]
    told = " ".join(shlex.quote(name) for name in names)
    asked = f"COMP_WORDS=(x); _reconciler_names {shlex.quote(mark)}"
    line = f"{script('bash', COMMANDS)}\nreconciler() {{ printf '%s\\n' {told}; }}; {asked}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["two words", "a"]
