"""Writing to somebody who reads slowly, or not at all."""

import os
import sys
import threading
from contextlib import contextmanager

import pytest

from reconciler.cli import main
from reconciler.cli.applying.events import EventStream
from reconciler.cli.output.pipe import Outlet, StalledError, for_seconds, wait_for_room
from reconciler.cli.output.streams import Streams
from reconciler.errors import ReconcilerError
from reconciler.executor.events import Started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only sockets can be asked for room")
#: More than any pipe takes.
MUCH = "x" * 3_000_000


def at_once(_since):
    """Wait for nobody."""
    return False


def always(_since):
    return True


@pytest.fixture
def pipe():
    """Give the two ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def full(pipe):
    """Give the end to write to of a pipe that takes nothing more."""
    os.set_blocking(pipe[1], False)
    for size in (65536, 1):
        while True:
            try:
                os.write(pipe[1], b"x" * size)
            except BlockingIOError:
                break
    os.set_blocking(pipe[1], True)
    return pipe[1]


@contextmanager
def stalled(pipe):
    """Make standard output and standard error streams that nobody reads."""
    streams = Streams()
    streams.heed(at_once)
    # Closing them writes what is left in them.
    with (
        os.fdopen(os.dup(pipe), "w") as out,
        os.fdopen(os.dup(pipe), "w") as err,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        yield streams


def test_a_full_pipe_is_waited_for_as_long_as_that_may_be(full):
    asked = []
    with pytest.raises(StalledError):
        wait_for_room(full, lambda since: asked.append(since) or len(asked) < 3)
    assert len(asked) == 3
    with pytest.raises(StalledError):
        wait_for_room(full, for_seconds(0))


def test_a_file_has_room(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        wait_for_room(file.fileno(), at_once)


def test_who_reads_gets_everything(pipe):
    reader, writer = pipe
    data = os.urandom(300_000)
    outlet = Outlet(os.dup(writer), always)
    thread = threading.Thread(target=lambda: (outlet.write(data), outlet.close()))
    thread.start()
    read = b""
    while len(read) < len(data):
        read += os.read(reader, 65536)
    thread.join()
    assert read == data


def test_who_stops_reading_gets_no_more_than_a_pipe_takes(pipe):
    with pytest.raises(StalledError):
        Outlet(pipe[1], at_once).write(MUCH.encode())


@pytest.mark.parametrize("tell", ["result", "document"])
def test_a_result_that_nobody_reads_is_an_error_and_goes_nowhere(full, tell):
    with stalled(full) as streams:
        with pytest.raises(ReconcilerError, match="can't write to standard output: whoever reads"):
            getattr(streams, tell)(MUCH)
        getattr(streams, tell)(MUCH)


def test_a_note_that_nobody_reads_goes_nowhere(full):
    with stalled(full) as streams:
        streams.note(MUCH)
        streams.note(MUCH)


def test_results_reach_who_reads_slowly_whole(pipe, monkeypatch):
    reader, writer = pipe
    streams = Streams()
    streams.heed(always)
    text = "".join(map(chr, range(0x10000, 0x20000)))
    with os.fdopen(os.dup(writer), "w", encoding="utf-8") as output:
        monkeypatch.setattr(sys, "stdout", output)
        thread = threading.Thread(target=lambda: streams.result(text))
        thread.start()
        read = b""
        while len(read) < 4 * len(text):
            read += os.read(reader, 65536)
        thread.join()
    assert read.decode() == text


def test_an_interrupt_is_not_told_to_who_does_not_read(full, monkeypatch):
    monkeypatch.setattr("reconciler.cli.output.pipe._has_room", lambda _: False)
    with stalled(full):
        main._tell_interrupt()


def test_events_that_nobody_reads_are_given_up_once(full):
    told = []
    events = EventStream(Outlet(full, at_once), "run", told.append)
    for _ in range(3):
        events.end(0)
        events.end(130)
    assert told == ["Warning: no more events can be written: whoever reads it takes nothing more"]


def test_events_after_an_interrupt_are_given_up(full):
    def interrupted(_since):
        raise KeyboardInterrupt

    events = EventStream(Outlet(full, interrupted), "run", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        events.observe(Started("create:a", "create", "a"))
    events.end(130)


def test_an_end_is_told_once(pipe):
    events = EventStream(Outlet(pipe[1], at_once), "run", lambda _: None)
    events.end(0)
    events.end(130)
    (line,) = os.read(pipe[0], 65536).splitlines()
    assert b'"exit":0' in line
