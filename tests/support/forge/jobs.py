"""What forges have in common: one repository, jobs that run here, and people who agree to them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from support.forge.answering import Route, answering
from support.forge.hosting import Hosting
from support.forge.shells import Shell


@dataclass
class Job:
    """What became of one job."""

    name: str
    status: str = "success"
    #: Standard output and errors of all steps.
    log: str = ""
    #: What the page of the run shows, where a forge has that.
    summary: str = ""
    #: What our action or lines gave; and what of it the job hands to later ones.
    outputs: dict[str, str] = field(default_factory=dict)
    handed: dict[str, str] = field(default_factory=dict)


class Forge:
    """A repository whose jobs run here."""

    #: Whose name our jobs write under.
    bot: str
    #: What is served.
    routes: Callable[[Hosting], list[Route]]

    def __init__(self, folder: Path, shell: Shell) -> None:
        """Take where to work, and what runs shells."""
        self.hosting = Hosting(folder)
        self.shell = shell
        #: Secrets and variables, by environment; "" has those of the repository.
        self.secrets: dict[str, dict[str, str]] = {}
        self.variables: dict[str, dict[str, str]] = {}
        #: Asked before the job that applies, with what whoever is to agree can read of its run.
        self.agrees: Callable[[str], bool] = lambda _: True
        #: Runs or pipelines by number: what became of their jobs, so that one can be run again.
        self.runs: dict[str, dict[str, Job]] = {}
        self.url = ""
        self.home = folder / "runner"
        self.kept = folder / "kept"
        self.kept.mkdir()
        self._numbers = itertools.count(501)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Answer requests while entered."""
        with answering(self.hosting, type(self).routes(self.hosting)) as self.url:
            yield self

    def number(self) -> str:
        """Give a run or job its number."""
        return str(next(self._numbers))

    def begin(self, *folders: str) -> Path:
        """Make the runner's folder anew, with others in it."""
        shutil.rmtree(self.home, ignore_errors=True)
        for folder in folders:
            (self.home / folder).mkdir(parents=True)
        return self.home
