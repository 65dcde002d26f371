"""Where an extra is missing, the message has the command that adds it to this installation."""

from __future__ import annotations

import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from reconciler.environment import extras
from reconciler.environment.extras import missing_extra

REQUIRES = [
    "msgspec>=0.21",
    "boto3>=1.36; extra == 's3'",
    'nothing-has-this-name>=1; sys_platform != "win32" and extra == "server"',
]


class Installed:
    """What an installer has written down about an installation."""

    version = "1.2.3"
    requires = REQUIRES

    def __init__(self, origin: object) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self._origin is None else json.dumps(self._origin)


def modules(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have the environment hold these of the modules that install others."""
    monkeypatch.setattr(extras, "_has", lambda module: module in names)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    real = extras.installed
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    modules(monkeypatch, "pip", "ensurepip")

    def place(origin: object) -> None:
        ours = Installed(origin)
        monkeypatch.setattr(
            extras,
            "installed",
            lambda name=extras.DISTRIBUTION: ours if name == extras.DISTRIBUTION else real(name),
        )

    return place


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        ({"url": "file:///src/a%20b", "dir_info": {"editable": True}}, "-e '/src/a b[s3]'"),
        ({"url": "file:///src/clone", "dir_info": {}}, "'/src/clone[s3]'"),
        ({"url": "file:///d/a-1-py3-none-any.whl"}, "'/d/a-1-py3-none-any.whl[s3]'"),
        (None, "'jetraw-reconciler[s3]==1.2.3'"),
        ({"url": "https://user:secret@host/x.whl"}, "'jetraw-reconciler[s3]==1.2.3'"),
        (
            {"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "0af"}},
            "'jetraw-reconciler[s3] @ git+https://host/x.git@0af'",
        ),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths and quotes of a POSIX shell")
def test_it_comes_from_where_the_installation_came_from(installed, origin, wanted) -> None:
    installed(origin)
    assert missing_extra("the lock", "s3") == (
        "the lock needs the extra 's3', which is not installed: "
        f"`/venv/bin/python -m pip install {wanted}`"
    )


@pytest.mark.parametrize(
    ("receipt", "command"),
    [
        ("uv-receipt.toml", "uv tool install --force 'jetraw-reconciler[postgresql,s3]==1.2.3'"),
        ("pipx_metadata.json", "pipx install --force 'jetraw-reconciler[postgresql,s3]==1.2.3'"),
    ],
)
def test_installers_of_programs_keep_the_extras_that_are_there(
    installed, tmp_path, receipt, command
) -> None:
    (tmp_path / receipt).touch()
    installed(None)
    assert missing_extra("PostgreSQL", "postgresql").endswith(f"`{command}`")


@pytest.mark.parametrize(
    ("there", "by_uv", "uv", "command"),
    [
        (("ensurepip",), True, "", "uv pip install --python /venv/bin/python"),
        (("pip",), True, "", "/venv/bin/python -m pip install"),
        (
            ("ensurepip",),
            False,
            "/bin/uv",
            "/venv/bin/python -m ensurepip && /venv/bin/python -m pip install",
        ),
        ((), False, "/bin/uv", "uv pip install --python /venv/bin/python"),
        ((), False, "", "python3 -m pip --python /venv/bin/python install"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths and quotes of a POSIX shell")
def test_an_environment_without_pip_is_not_told_to_use_its_own(
    installed, tmp_path, monkeypatch, there, by_uv, uv, command
) -> None:
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n" + "uv = 0.9.13\n" * by_uv)
    monkeypatch.setattr(extras.shutil, "which", lambda _: uv or None)
    installed(None)
    modules(monkeypatch, *there)
    told = missing_extra("the lock", "s3")
    assert told.endswith(f": `{command} 'jetraw-reconciler[s3]==1.2.3'`")


def test_a_checkout_that_was_never_installed_names_the_package(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(extras, "installed", lambda *_: None)
    modules(monkeypatch, "pip")
    assert missing_extra("x", "server").endswith("-m pip install 'jetraw-reconciler[server]'`")


def test_the_package_has_the_name_that_messages_give() -> None:
    assert distribution(extras.DISTRIBUTION).name == extras.DISTRIBUTION
