"""Sending beside the watch: what fails, hangs, bursts, and what a restart goes on with."""

import threading
import time
from datetime import UTC, datetime
from queue import Queue as Mailbox

import msgspec
import pytest
from msgspec.structs import replace

from reconciler.environment.timestamps import utc_now
from reconciler.notifying.book import BLANK, Book
from reconciler.notifying.digests import DAILY, Rhythm
from reconciler.notifying.message import Outcome
from reconciler.notifying.post import BEFORE, NO_ANSWER, Means, Post
from reconciler.report.html.watching.overview import Wish, overview
from reconciler.report.watching.notifications import digest, news
from reconciler.report.watching.numbers import numbers
from reconciler.watching.conditions import DRIFT, Condition, Lasting
from reconciler.watching.memory import Memory
from support.values.watched import calm

THEN = "2026-11-30T09:00:00Z"
SOON = 10
UNSURE = "no answer in time"


def lasting(*names):
    found = [Condition(DRIFT, name, "missing", f"'{name}': not live") for name in names]
    return tuple(Lasting(one, THEN) for one in found)


def seen(*names):
    return Memory(1, lasting(*names))


class Door:
    """A destination that the test opens and shuts."""

    service, whom, may_be_taken = "Test", "", False

    def __init__(self, *why):
        self.why, self.tried, self.taken = list(why), Mailbox(), Mailbox()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def send(self, message):
        self.tried.put(message)
        self.may_answer.wait(SOON)
        why = self.why.pop(0) if self.why else ""
        if why in ("", UNSURE):
            self.taken.put(message)
        return Outcome(why, again=2 if why == UNSURE else None)

    def first(self):
        return self.taken.get(timeout=SOON).first


class Kept:
    """What is on the disk; whoever waits is told of each write."""

    def __init__(self):
        self.book, self.rings, self.pauses, self.is_full = BLANK, 0, [], False
        self.now = datetime(2026, 11, 30, 9, tzinfo=UTC)

    def __call__(self, book):
        if self.is_full:
            return True
        self.book = msgspec.json.decode(msgspec.json.encode(book), type=Book)
        return False

    def ring(self):
        self.rings += 1

    def pause(self, failures):
        self.pauses.append(failures)
        return 0.01

    def post(self, rhythm=None, patience=60.0, has_looked=True, **doors):
        said = (news, digest, "here")
        means = Means(*said, lambda: self.now, self, self.ring, rhythm, self.pause, patience)
        return Post(self.book, doors, means, has_looked=has_looked)


@pytest.fixture
def kept():
    return Kept()


def test_a_burst_is_one_message(kept):
    team = Door()
    post = kept.post(team=team)
    post.take(seen(*map(str, range(1000))))
    told = team.taken.get(timeout=SOON)
    post.close(SOON, tried=True)
    assert told.first == "drift: 1,000 (here)"
    assert len(told.rest.splitlines()) == 11
    assert told.rest.endswith("- drift: 990 more")
    assert team.taken.empty()


def test_what_fails_is_tried_again_and_merged_and_told_of_once(kept):
    team = Door("refused", "refused", "refused")
    post = kept.post(team=team)
    post.take(seen("nas"))
    for _ in range(3):
        team.tried.get(timeout=SOON)
    post.take(seen())
    post.take(seen("other"))
    taken = [team.taken.get(timeout=SOON)]
    post.close(SOON, tried=True)
    while not team.taken.empty():
        taken.append(team.taken.get())
    told = "\n".join(f"{one.first}\n{one.rest}" for one in taken)
    assert told.count("drift: 'other'") == 1 + (len(taken) > 1)
    assert "'nas': not live" in told
    assert kept.pauses == [1, 2, 3]
    said = post.troubles()
    assert [one.partition(" ")[0] for one in said] == ["Warning:", "Note:"]
    assert "'team' (Test) can't be notified: refused" in said[0]
    assert post.troubles() == []
    (status,) = post.status()
    assert (status.waiting, status.failures, status.problem) == (0, 0, "")


@pytest.mark.parametrize("looks", [True, False])
def test_what_could_not_be_kept_is_kept_at_the_next_look_or_at_the_end(kept, looks):
    team = Door()
    post = kept.post(team=team)
    kept.is_full = True
    post.take(seen("nas"))
    assert team.first() == "drift: 'nas': not live (here)"
    kept.is_full = False
    if looks:
        post.take(seen("nas"))
        assert kept.book.known == lasting("nas")
    post.close(SOON, tried=False)
    assert kept.book.known == lasting("nas")
    assert not kept.book.destinations["team"].news
    after = kept.post(team=team)
    after.take(seen("nas"))
    after.close(SOON, tried=True)
    assert team.taken.empty()


def test_one_that_hangs_keeps_no_other_one_and_no_watch_waiting(kept):
    team, mail = Door(), Door()
    team.may_answer.clear()
    post = kept.post(patience=-1.0, team=team, mail=mail)
    post.take(seen("nas"))
    team.tried.get(timeout=SOON)
    assert mail.first() == "drift: 'nas': not live (here)"
    begun = time.monotonic()
    post.take(seen())
    assert mail.first() == "no drift any more: 'nas': not live (here)"
    hanging = {one.name: one for one in post.status()}["team"]
    assert (hanging.problem, hanging.waiting) == (NO_ANSWER, 2)
    assert (hanging.failures, bool(hanging.failing_since)) == (1, True)
    told = replace(calm(), destinations=(hanging,))
    assert 'reconciler_watch_notification_failures{destination="team"} 1' in numbers(told)
    view = overview(told, utc_now(), Wish())
    assert (view.status, view.title) == ("not notified", "1 destination can't be notified.")
    assert [item.name for one in view.sections for item in one.items] == ["team"]
    assert f"Warning: 'team' (Test): {NO_ANSWER}" in post.troubles()
    post.close(0.0, tried=False)
    assert time.monotonic() - begun < SOON / 2
    team.may_answer.set()


def test_what_was_not_taken_is_sent_after_a_restart(kept):
    team = Door(*["refused"] * 1000)
    post = kept.post(team=team)
    post.take(seen("nas"))
    post.take(seen())
    team.tried.get(timeout=SOON)
    post.close(SOON, tried=True)
    later = Door()
    post = kept.post(team=later)
    assert "over by now: 'nas': not live" in later.first()
    post.close(SOON, tried=True)
    assert later.taken.empty()
    later = Door()
    kept.post(team=later).close(SOON, tried=True)
    assert later.tried.empty()


def test_who_failed_before_the_restart_is_not_warned_of_again(kept):
    for _ in range(2):
        post = kept.post(team=Door(*["refused"] * 1000))
        post.take(seen("nas"))
        post.close(SOON, tried=True)
        said = post.troubles()
        kept.rings += len(said)
    assert said == []
    assert kept.book.destinations["team"].failing_since == "2026-11-30T09:00:00Z"
    team = Door()
    team.may_answer.clear()
    post = kept.post(team=team)
    (fares,) = post.status()
    assert (fares.failures, fares.problem) == (1, BEFORE)
    assert 'failures{destination="team"} 1' in numbers(replace(calm(), destinations=(fares,)))
    team.may_answer.set()
    post.close(SOON, tried=True)
    assert post.troubles() == ["Note: 'team' (Test) takes notifications again"]


def test_a_new_destination_is_told_what_lasts_and_an_old_one_is_forgotten(kept):
    team, mail = Door(), Door()
    post = kept.post(team=team)
    post.take(seen("nas"))
    post.close(SOON, tried=True)
    kept.post(mail=mail).close(SOON, tried=True)
    assert mail.first() == "drift: 'nas': not live (here)"
    assert list(kept.book.destinations) == ["mail"]


def test_who_has_another_number_at_its_address_is_told_nothing_twice(kept):
    def at(*people):
        each = {}
        for number, (whom, why) in enumerate(people):
            each[f"team/{number + 1}" if number else "team"] = door = Door(*[why] * 10)
            door.whom = whom
        return each

    def sent(doors, *names):
        post = kept.post(**doors)
        post.take(seen(*names))
        post.close(SOON, tried=True)
        return [door.taken.qsize() for door in doors.values()]

    assert sent(at(("bad", "refused"), ("good", "")), "nas") == [0, 1]
    assert sent(at(("good", "")), "nas") == [0]
    assert sent(at(("first", ""), ("good", "")), "nas") == [1, 0]
    assert sent(at(("good", ""), ("first", "")), "nas", "raw") == [1, 1]


def test_a_digest_that_was_missed_is_sent_once(kept):
    daily = Rhythm(DAILY, datetime(2026, 1, 1, 8).time())
    team = Door()
    post = kept.post(daily, team=team)
    post.take(seen("nas"))
    post.close(SOON, tried=True)
    assert team.first() == "drift: 'nas': not live (here)"
    assert team.taken.empty()  # it is not time yet
    kept.now = datetime(2026, 12, 3, 9, tzinfo=UTC)
    kept.post(daily, has_looked=False, team=team).close(SOON, tried=True)
    assert team.taken.empty()  # nobody knows whether it still stands
    for _ in range(2):
        post = kept.post(daily, has_looked=False, team=team)
        post.looked()
        post.close(SOON, tried=True)
    digest = team.taken.get(timeout=SOON)
    assert digest.first == "digest: 1 stands; 1 began, 0 ended (here)"
    assert "From 2026-11-30T09:00:00Z to 2026-12-03T08:00:00Z." in digest.rest
    assert "known at 2026-12-03T09:00:00Z, when it was looked last" in digest.rest
    assert team.taken.empty()


def test_whichever_is_the_newer_one_is_gone_on_from(kept):
    old, new = Memory(1, lasting("nas"), serial=7), Memory(1, lasting("other"), serial=8)
    team = Door()
    post = kept.post(team=team)
    post.take(old)
    assert team.first() == "drift: 'nas': not live (here)"
    # Killed before it was taken down what the watch knows since: it is told now.
    assert post.recalled(new) == new
    post.close(SOON, tried=True)
    assert team.first() == "drift: 1; no drift any more: 1 (here)"
    # A memory that is lost, or older, is no end of what was told.
    post = kept.post(team=team)
    assert post.recalled(Memory(1)).lasting == new.lasting
    assert post.recalled(old) == new
    post.close(SOON, tried=True)
    assert team.taken.empty()


@pytest.mark.parametrize("how", [{"tried": False}, {"tried": True, "hurries": lambda: True}])
@pytest.mark.parametrize("may_be_taken", [True, False])
def test_a_message_that_is_out_at_each_end_is_sent_three_times_if_it_may_be_taken(
    kept, may_be_taken, how
):
    team = Door()
    team.may_be_taken = may_be_taken
    team.may_answer.clear()
    for number in range(4):
        post = kept.post(team=team)
        post.take(seen("nas"))
        if number < 3 or not may_be_taken:
            assert team.tried.get(timeout=SOON).first == "drift: 'nas': not live (here)"
        post.close(SOON if "hurries" in how else 0.01, **how)
    assert team.tried.empty()
    team.may_answer.set()


def test_of_what_a_watch_has_told_outlasts_its_memory(kept):
    of = {"manifest": "s.yaml", "platform": "here", "platform_id": "a", "repository": "r"}
    of["platforms"], of["repositories"] = {"here": "a", "there": "b"}, {"proofs": "r"}
    post = kept.post(team=Door())
    post.take(Memory(1, serial=1, **of))
    post.close(SOON, tried=True)
    again = kept.post(team=Door())
    assert again.recalled(Memory(1)) == Memory(1, serial=1, **of)
    newer = Memory(1, serial=2, **{**of, "platform_id": "b"})
    assert again.recalled(newer) == newer
    again.close(SOON, tried=True)


def test_what_may_have_been_taken_is_sent_twice_again_and_alone(kept):
    team = Door(*[UNSURE] * 3)
    team.may_answer.clear()
    post = kept.post(team=team)
    post.take(seen("nas"))
    team.tried.get(timeout=SOON)
    post.take(seen("nas", "other"))
    team.may_answer.set()
    told = [team.first() for _ in range(4)]
    post.close(SOON, tried=True)
    assert told == ["drift: 'nas': not live (here)"] * 3 + ["drift: 'other': not live (here)"]
    assert team.taken.empty()
    assert kept.pauses == [1, 2, 3]
    assert post.troubles() == [
        f"Warning: 'team' (Test): {UNSURE}; it is sent again",
        f"Warning: 'team' (Test): {UNSURE}; it is not sent again",
        "Note: 'team' (Test) takes notifications again",
    ]


def test_how_often_something_was_sent_is_known_after_a_restart_and_a_refusal(kept):
    """As with `--once`: each run sends once, and one of them hangs until it is ended."""
    sent = []
    for why in (UNSURE, "refused", "hangs", UNSURE, ""):
        team = Door(why)
        if why == "hangs":
            team.may_answer.clear()
        post = kept.post(team=team)
        post.take(seen("nas"))
        if len(sent) < 4:
            sent.append(team.tried.get(timeout=SOON).first)
        post.close(0.0 if why == "hangs" else SOON, tried=True)
        team.may_answer.set()
    assert sent == ["drift: 'nas': not live (here)"] * 4
    assert team.tried.empty()
    assert not kept.book.destinations["team"].unsure


def test_a_digest_that_may_have_been_taken_is_sent_again_as_it_was(kept):
    daily = Rhythm(DAILY, datetime(2026, 1, 1, 8).time())
    post = kept.post(daily, team=Door())
    post.take(seen("nas"))
    post.close(SOON, tried=True)
    kept.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
    kept.post(daily, team=Door(UNSURE)).close(SOON, tried=True)
    kept.now = datetime(2026, 12, 3, 9, tzinfo=UTC)
    team = Door()
    post = kept.post(daily, team=team)
    told = [team.taken.get(timeout=SOON).rest.splitlines()[0] for _ in range(2)]
    post.close(SOON, tried=True)
    assert told == [
        "From 2026-11-30T09:00:00Z to 2026-12-01T08:00:00Z.",
        "From 2026-12-01T08:00:00Z to 2026-12-03T08:00:00Z.",
    ]
