from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler.errors import AddressError
from reconciler.platforms import open_platform, same_address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("jetraw://my-org", "jetraw://my-org"),
        ("JETRAW://My.Org_2", "jetraw://My.Org_2"),
        ("jetraw+module:storages", "jetraw+module:storages"),
        ("Jetraw+Module:our_lab.jetraw_2.storages", "jetraw+module:our_lab.jetraw_2.storages"),
    ],
)
def test_an_address_has_one_spelling(given: str, address: str) -> None:
    assert open_platform(given, base=None).address == address
    assert same_address(given, None, address, "/elsewhere")


@pytest.mark.parametrize(
    "address",
    [
        "jetraw:",
        "jetraw:my-org",
        "jetraw://",
        "jetraw:///my-org",
        "jetraw://my-org/",
        "jetraw://my-org/storages",
        "jetraw://my org",
        "jetraw://-my-org",
        "jetraw://my-org:443",
        "jetraw://me:hunter2@my-org",
        "jetraw://my-org\n",
        "jetraw+module:",
        "jetraw+module:a..b",
        "jetraw+module:.a",
        "jetraw+module:a b",
        "jetraw+module://a",
        "jetraw+module:a-b",
        "jetraw+module:2a",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(AddressError, match=r"write jetraw(://my-org|\+module:package)") as caught:
        open_platform(address, base=None)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(AddressError):
        same_address(address, None, "jetraw://my-org", None)


@pytest.mark.parametrize("name", ["reconciler", "reconciler.storages"])
def test_our_own_module_is_no_platform(name: str) -> None:
    with pytest.raises(AddressError, match="reconciler's own module"):
        open_platform(f"jetraw+module:{name}", base=None)


def test_different_organisations_and_modules_are_different_platforms() -> None:
    assert not same_address("jetraw://a", None, "jetraw://A", None)
    assert not same_address("jetraw://a", None, "jetraw+module:a", None)
    assert not same_address("jetraw://a", None, "sqlite:///a", None)


def test_one_module_alone_imports_by_name() -> None:
    package = Path(reconciler.__file__).parent
    importing = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "import_module" in path.read_text(encoding="utf-8")
    ]
    assert importing == ["platforms/jetraw/sdk.py"]


def test_an_address_alone_imports_no_sdk() -> None:
    script = (
        "import sys\n"
        "from reconciler.platforms import open_platform\n"
        "assert open_platform('jetraw://my-org', base=None).address == 'jetraw://my-org'\n"
        "assert not {'jetraw', 'sqlite3', 'httpx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
