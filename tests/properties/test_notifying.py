"""Each beginning and each end is told once to each destination, whatever is down and whenever.

A destination counts what it is told. A watch is restarted, killed and loses messages at any point;
what is kept on the disk is what a restart knows.
"""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from reconciler.environment.timestamps import timestamp
from reconciler.notifying import book as books
from reconciler.notifying.book import BLANK, Book
from reconciler.notifying.digests import DAILY, WEEKLY, Rhythm
from reconciler.watching.conditions import DRIFT, Condition, Lasting
from support.sampling import examples

NAMES = ("team", "mail")


class Told:
    """What a destination was told: how often each condition began, ended, and whether it lasts."""

    def __init__(self):
        self.began, self.ended, self.lasts = Counter(), Counter(), {}

    def read(self, queue):
        assert len({one.condition.key for one in queue.each}) == len(queue.each)
        for one in queue.each:
            name = one.condition.name
            self.began[name] += one.began
            self.ended[name] += one.ended
            self.lasts[name] = "" if one.until else one.condition.message
            assert self.began[name] - self.ended[name] == (not one.until)


class Notified(RuleBasedStateMachine):
    """What lasts changes; destinations take what they are sent, or do not."""

    @initialize(weekly=st.booleans(), digests=st.booleans())
    def begin(self, weekly, digests):
        self.rhythm = Rhythm(WEEKLY if weekly else DAILY, time(8)) if digests else None
        self.now = datetime(2026, 11, 30, 7, tzinfo=UTC)
        self.lasting = {}
        self.began, self.ended = Counter(), Counter()
        self.told = {name: Told() for name in NAMES}
        self.digests = {name: Told() for name in NAMES}
        self.kept = books.opened(BLANK, dict.fromkeys(NAMES, ""), self.now, self.rhythm)
        self.book = self.kept
        self.out = {}

    def keep(self, book):
        self.book = book
        self.kept = msgspec.json.decode(msgspec.json.encode(book), type=Book)

    @rule(name=st.sampled_from("abc"), how=st.sampled_from(("x", "y", None)))
    def see(self, name, how):
        """A condition begins, says something else, or ends; or it is as it was."""
        before = self.lasting.pop(name, None)
        self.now += timedelta(seconds=1)
        now = timestamp(self.now, "seconds")
        if how:
            since = before.since if before else now
            self.lasting[name] = Lasting(Condition(DRIFT, name, "", how), since)
        self.began[name] += bool(how and not before)
        self.ended[name] += bool(before and not how)
        lasting, digests = tuple(sorted(self.lasting.values())), self.rhythm is not None
        self.keep(books.taken(self.book, lasting, now, digests=digests))

    @rule(days=st.integers(0, 15))
    def pass_time(self, days):
        self.now += timedelta(days=days, hours=1)

    @rule(name=st.sampled_from(NAMES))
    def send(self, name):
        """Hand out what waits."""
        waiting = self.book.destinations[name]
        if name in self.out:
            return
        if waiting.unsure:
            digest = not waiting.sending
            self.out[name] = (digest, waiting.sending_digest if digest else waiting.sending)
            return
        if self.rhythm:
            waiting = books.owing(waiting, self.now, self.rhythm)
        if waiting.news:
            self.out[name] = (False, waiting.news)
            self.book = books.with_waiting(self.book, name, books.sending_news(waiting))
        elif waiting.owed:
            assert waiting.owed < waiting.digested <= timestamp(self.now, "seconds")
            self.out[name] = (True, waiting.digest)
            self.book = books.with_waiting(self.book, name, books.sending_digest(waiting))

    @precondition(lambda self: self.out)
    @rule(how=st.sampled_from(("taken", "refused", "unanswered")), data=st.data())
    def end(self, how, data):
        """It is taken, or not; or nobody answers, and it was not (else it would be told twice)."""
        name = data.draw(st.sampled_from(sorted(self.out)))
        digest, queue = self.out.pop(name)
        waiting = self.book.destinations[name]
        if how == "taken":
            (self.digests if digest else self.told)[name].read(queue)
            after = books.delivered(waiting, digest=digest)
        elif how == "unanswered":
            after = books.unanswered(waiting)
        else:
            after = books.refused(waiting)
        self.keep(books.with_waiting(self.book, name, after))

    @rule()
    def restart(self):
        """It is killed: what was out has not arrived (else it would be told twice)."""
        self.out = {}
        self.book = books.opened(self.kept, dict.fromkeys(NAMES, ""), self.now, self.rhythm)

    @invariant()
    def nothing_is_lost_or_told_twice(self):
        for name in NAMES if hasattr(self, "kept") else ():
            waiting = books.refused(replace(self.kept.destinations[name], unsure=0))
            self.check(self.told[name], waiting.news)
            if self.rhythm:
                self.check(self.digests[name], waiting.digest)

    def check(self, told, waits):
        """What was told and what waits is all that happened; what was told last is what lasts."""
        began, ended = Counter(told.began), Counter(told.ended)
        for one in waits.each:
            began[one.condition.name] += one.began
            ended[one.condition.name] += one.ended
        assert began == self.began
        assert ended == self.ended
        lasts = {
            **told.lasts,
            **{o.condition.name: "" if o.until else o.condition.message for o in waits.each},
        }
        lasts = {name: said for name, said in lasts.items() if said}
        assert lasts == {name: one.condition.message for name, one in self.lasting.items()}


TestNotified = Notified.TestCase
TestNotified.settings = settings(
    max_examples=examples(25, 2000), stateful_step_count=30, deadline=None
)
