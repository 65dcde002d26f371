"""What one thread reads at a time: the files of a storage, cut into tasks; and reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from threading import Event
from typing import TypeAlias

from msgspec import Struct, field

from reconciler.errors import UnreachableError
from reconciler.masking import quoted_url
from reconciler.recovery.rows import (
    ARCHIVED,
    ATTESTED,
    FILE,
    KEPT,
    Content,
    Rows,
    chosen,
    content_of,
    extend,
    part_of,
    with_attested,
)
from reconciler.recovery.scanning.reading.pace import Pace
from reconciler.recovery.source import Source
from reconciler.recovery.values import Root, Target

#: A task has at most so many files, and about so many bytes: what is lost if it is ended.
FILES, BYTES = 2_000, 1 << 30
#: The first ones are smaller, so that there is something for each thread at once.
_FIRST_FILES, _FIRST_BYTES = 64, 32 << 20
#: Within a task, what is read before anybody counts it, or looks whether others have failed.
_PORTION_FILES, _PORTION_BYTES = 64, 64 << 20

#: Opens a storage; to be sent elsewhere it must stand in a module under its own name.
Opener: TypeAlias = Callable[[Target, Sequence[str]], Source]


class Task(Struct):
    """Some files that follow each other in a listing, and the hashes that they should have."""

    number: int = 0
    #: With what the cloud attests of them, which counts where reading is refused.
    files: Rows = field(default_factory=Rows)
    known: list[bytes | None] = field(default_factory=list)
    bytes: int = 0


class Done(Struct):
    """What became of a task. It can be pickled, as a task can."""

    number: int
    #: What was read; sorted, as the task is.
    rows: Rows = field(default_factory=Rows)
    #: What was listed, and then was gone.
    gone: Rows = field(default_factory=Rows)
    #: Paths with the size and time that they had, but other bytes.
    altered: list[bytes] = field(default_factory=list)
    #: Those files, as they should be and as they are.
    rotten: list[tuple[Content, Content]] = field(default_factory=list)
    #: Whether nothing of the task was left out.
    whole: bool = True


class Cutter:
    """Cuts what must be read into tasks, in the order of the listing."""

    def __init__(self, workers: int, *, first: int = 0) -> None:
        """Take how many tasks are read at once, and the number of the first."""
        self._workers = workers
        self._task = Task(first)

    @property
    def following(self) -> int:
        """The number of the next task."""
        return self._task.number

    def add(self, files: Rows, known: Sequence[bytes | None]) -> Iterator[Task]:
        """Yield the tasks that are full with these files."""
        start = 0
        for i, size in enumerate(files.size):
            task = self._task
            if len(task.files) + i - start >= self._most(_FIRST_FILES, FILES) or (
                task.bytes and task.bytes + (size or 0) > self._most(_FIRST_BYTES, BYTES)
            ):
                self._take(files, known, start, i)
                start = i
                yield from self.rest()
            self._task.bytes += size or 0
        self._take(files, known, start, len(files))

    def rest(self) -> Iterator[Task]:
        """Yield what is left, if there is any."""
        if len(self._task.files):
            task, self._task = self._task, Task(self._task.number + 1)
            yield task

    def _take(self, files: Rows, known: Sequence[bytes | None], start: int, end: int) -> None:
        extend(self._task.files, part_of(files, start, end))
        self._task.known += known[start:end]

    def _most(self, first: int, most: int) -> int:
        rounds = self._task.number // (2 * self._workers)
        return min(most, first << min(rounds, 10))


def read_here(
    source: Source,
    pace: Pace,
    halt: Event,
    task: Task,
    tell: Callable[[list[tuple[Content, Content]]], None] = lambda _rotten: None,
) -> Done:
    """Read a task in a thread of this process: until it is done, or somebody ends it.

    What was found damaged it `tell`s at once, for the rest may take long.
    """
    done, known = Done(task.number), _known(task)
    for portion in portions(task.files, 1 if pace.rate else _PORTION_FILES):
        if pace.stopping or halt.is_set():
            done.whole = False
            break
        read = with_attested(source.read(portion, pace), portion, (ARCHIVED,))
        pace.count_files(len(read))
        if len(read) < len(portion) and pace.stopping:
            # What follows the last one was not looked for.
            until = portion.path.index(read.path[-1]) + 1 if len(read) else 0
            portion = part_of(portion, 0, until)  # noqa: PLW2901
            done.whole = False
        _add(done, portion, read)
        if rotten := _rotten(read, known):
            done.altered += [now.path for _, now in rotten]
            done.rotten += rotten
            tell(rotten)
    return done


def read_there(
    open_source: Opener, target: Target, excluded: Sequence[str], root: Root, task: Task
) -> Done:
    """Read a whole task in another process or on another machine, where no pace is known.

    What is mounted there may be another thing: the root is proved to be `root` before anything is
    read, and again after. Raises `UnreachableError`.
    """
    with closing(open_source(target, excluded)) as source:
        there = source.prove(root)
        if there.server != root.server:
            servers = (each.server for each in (there, root))
            one, other = (quoted_url(server) if server else "AWS" for server in servers)
            raise UnreachableError(
                f"a worker asks {one} for {quoted_url(target.url)}, and it was listed at {other}: "
                "give the workers the same AWS_ENDPOINT_URL, or name the server in the address",
                reason="other server",
            )
        done = read_here(source, Pace(), Event(), task)
        source.prove(root)
        return done


def _add(done: Done, portion: Rows, read: Rows) -> None:
    extend(done.rows, read)
    if len(read) < len(portion):
        there = set(read.path)
        gone = [i for i, path in enumerate(portion.path) if path not in there]
        extend(done.gone, chosen(portion, gone))


def _known(task: Task) -> dict[bytes, tuple[int | None, int | None, bytes]]:
    """Return size, time and hash that files should have, by path."""
    files = task.files
    each = zip(files.path, files.size, files.mtime_ns, task.known, strict=True)
    return {path: (size, time, sha256) for path, size, time, sha256 in each if sha256 is not None}


def _rotten(
    rows: Rows, known: dict[bytes, tuple[int | None, int | None, bytes]]
) -> list[tuple[Content, Content]]:
    """Return the files whose bytes are not what they were, though nothing else shows it.

    By reading or, where that is refused, by the word of the cloud.
    """
    found = []
    for i, path in enumerate(rows.path if known else ()):
        size, mtime, sha256 = known.get(path, (None, None, None))
        if (
            sha256 is not None
            and (rows.kind[i] == FILE or rows.proof[i] == ATTESTED)
            and (rows.size[i], rows.mtime_ns[i]) == (size, mtime)
            and rows.sha256[i] != sha256
        ):
            now = content_of(rows, i)
            good = Content(path, FILE, size, mtime, sha256, KEPT, version=now.version)
            found.append((good, now))
    return found


def portions(files: Rows, most: int = _PORTION_FILES) -> Iterator[Rows]:
    """Cut the files of a task once more, into portions of at `most` so many."""
    start = total = 0
    for i, size in enumerate(files.size):
        if i > start and (i - start >= most or total + (size or 0) > _PORTION_BYTES):
            yield part_of(files, start, i)
            start, total = i, 0
        total += size or 0
    if start < len(files):
        yield part_of(files, start, len(files))
