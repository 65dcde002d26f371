"""What can't be told, and whether somebody tells it later."""

import pytest

from reconciler.cli.applying.events import EventStream
from reconciler.cli.context import Context
from reconciler.cli.output.streams import Streams
from reconciler.cli.settings import Settings
from reconciler.cli.watching.telling import Telling
from reconciler.errors import ReconcilerError
from reconciler.watching.conditions import BEGAN, DRIFT, Condition, News


class Full(Streams):
    """Standard output on a disk that is full."""

    def __init__(self):
        super().__init__()
        self.notes = []

    def result(self, text, **_):
        raise ReconcilerError("can't write")

    def note(self, text):
        self.notes.append(text)


@pytest.mark.parametrize("stays", [False, True])
def test_what_one_round_could_not_tell_the_next_one_is_to_tell(stays):
    context = Context.of(Settings(), Full(), {})
    teller = Telling(context, EventStream(None, "x", print), stays=stays)
    news = (News(BEGAN, "", Condition(DRIFT, "nas", "missing", "not live"), ""),)
    for tell, what in ((teller.news, news), (teller.cut_off, "20261130-084329-640-c7d9ea")):
        if stays:
            tell(what)
        else:
            with pytest.raises(ReconcilerError, match="can't write"):
                tell(what)
    assert len(context.streams.notes) == 2 * stays
