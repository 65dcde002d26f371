"""constraints.txt pins all that dev.py installs, by versions alone."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from support.repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = {
    pin.name: pin for pin in map(Requirement, (ROOT / "constraints.txt").read_text().splitlines())
}


def named() -> list[Requirement]:
    project = PROJECT["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    lines = [*PROJECT["build-system"]["requires"], *project["dependencies"], *extras]
    wanted = [Requirement(line) for line in lines]
    return [one for one in wanted if one.name != project["name"]]


@pytest.mark.parametrize("wanted", named(), ids=lambda wanted: wanted.name)
def test_what_the_project_names_is_pinned_within_its_bounds(wanted: Requirement) -> None:
    pin = PINS[re.sub(r"[-_.]+", "-", wanted.name).lower()]
    (exact,) = pin.specifier
    assert exact.operator == "=="
    assert wanted.specifier.contains(exact.version)


def test_each_line_is_a_name_a_version_and_perhaps_a_system() -> None:
    pin = re.compile(r"[a-z0-9-]+==[a-z0-9.]+( ; [a-z_]+ ([!=]=|<) '[\w.]+'( (and|or) .*)?)?")
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not pin.fullmatch(line)] == []


@pytest.mark.parametrize("wanted", named(), ids=lambda wanted: wanted.name)
def test_what_the_project_names_has_a_lower_bound(wanted: Requirement) -> None:
    if wanted.name.startswith("types-"):
        return
    assert [one for one in wanted.specifier if one.operator == ">="]
