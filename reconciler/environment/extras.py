"""Libraries that only some installations have: what is missing, and how to add it to this one."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

#: What the package is called where it is installed from; `reconciler` there is another program.
DISTRIBUTION = "jetraw-reconciler"
_OF_EXTRA = re.compile(r"(?P<name>[\w.-]+).*;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")


def missing_extra(what: str, extra: str) -> str:
    """Return that `what` needs an extra, and the command that adds it to this installation."""
    return f"{what} needs the extra '{extra}', which is not installed: `{_command(extra)}`"


def _command(extra: str) -> str:
    """Return the command by which whatever made this installation adds an extra to it."""
    home = Path(sys.prefix)
    for receipt, installer in (
        ("uv-receipt.toml", "uv tool install --force"),
        ("pipx_metadata.json", "pipx install --force"),
    ):
        if (home / receipt).exists():  # these make an installation anew, with what is named alone
            return f"{installer} {_wanted({*_present(), extra})}"
    python = shlex.quote(sys.executable)
    if _has("pip"):
        return f"{python} -m pip install {_wanted({extra})}"
    if not _made_by_uv(home):
        if _has("ensurepip"):
            return f"{python} -m ensurepip && {python} -m pip install {_wanted({extra})}"
        if not shutil.which("uv"):
            return f"python3 -m pip --python {python} install {_wanted({extra})}"
    return f"uv pip install --python {python} {_wanted({extra})}"


def _has(module: str) -> bool:
    """Return whether this environment has a module, which is not imported."""
    return find_spec(module) is not None


def _made_by_uv(home: Path) -> bool:
    """Return whether uv has made a virtual environment: who has that one, has uv."""
    try:
        return "\nuv = " in "\n" + (home / "pyvenv.cfg").read_text()
    except (OSError, ValueError):
        return False


def _wanted(extras: set[str]) -> str:
    """Name the extras as an installer takes them: from where this installation came from."""
    listed = f"[{','.join(sorted(extras))}]"
    found = installed()
    if found is None:
        return shlex.quote(DISTRIBUTION + listed)
    origin = msgspec.json.decode(found.read_text("direct_url.json") or "{}")
    url = urlsplit(str(origin.get("url", "")))
    if url.scheme == "file":
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return editable + shlex.quote(_path(url.path) + listed)
    if not url.scheme or "@" in url.netloc:  # user info is not for messages
        return shlex.quote(f"{DISTRIBUTION}{listed}=={found.version}")
    source = url.geturl()
    if control := origin.get("vcs_info"):
        source = f"{control['vcs']}+{source}@{control['commit_id']}"
    return shlex.quote(f"{DISTRIBUTION}{listed} @ {source}")


def _path(of_url: str) -> str:
    """Return the path in a file's URL; on Windows it has a slash before its drive."""
    path = unquote(of_url)
    return path.lstrip("/") if os.name == "nt" else path


def _present() -> set[str]:
    """Name the extras all of whose libraries are installed."""
    found = installed()
    lines = map(_OF_EXTRA.match, (found and found.requires) or ())
    wanted = [(match["extra"], match["name"]) for match in lines if match]
    lacking = {extra for extra, name in wanted if installed(name) is None}
    return {extra for extra, _ in wanted} - lacking


def installed(name: str = DISTRIBUTION) -> Distribution | None:
    """Return what is known of an installed package; None if it is not, or not by an installer."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
