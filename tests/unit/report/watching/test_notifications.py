"""The text of notifications: short, plain, and harmless."""

import pytest

from reconciler.notifying.message import SUCCESS, WARNING
from reconciler.notifying.untold import EMPTY, Queue, changes, merged
from reconciler.report.watching.lines import line
from reconciler.report.watching.notifications import digest, harmless, news
from reconciler.watching.conditions import (
    BLOCKED,
    CHANGED,
    DRIFT,
    KINDS,
    UNREAD,
    Condition,
    Lasting,
    News,
)

THEN, NOW = "2026-11-30T08:00:00Z", "2026-11-30T09:00:00Z"
PLACE = "sqlite:///platform.db"


def lasting(name, kind=DRIFT, message=None):
    return Lasting(Condition(kind, name, "", message or f"'{name}': not live"), THEN)


def plain(text):
    return text.replace("\u200b", "")


def told(message):
    return plain(f"{message.first}\n{message.rest}")


def test_one_says_what_and_where_in_its_first_line():
    began = news(PLACE, changes((), [lasting("nas")], NOW))
    assert told(began) == (
        f"drift: 'nas': not live (sqlite:///platform.db)\n'nas': not live, since {THEN}"
    )
    assert began.tone == WARNING
    ended = news(PLACE, changes([lasting("nas")], (), NOW))
    assert told(ended) == (
        "no drift any more: 'nas': not live (sqlite:///platform.db)\n"
        f"'nas': not live, from {THEN} to {NOW}"
    )
    assert ended.tone == SUCCESS


def test_what_a_later_version_has_told_keeps_nobody_from_being_told():
    later = lasting("a", "low_quota", "'a': full")
    both = changes((), [lasting("nas"), later], NOW)
    assert "low quota: 1" in told(news(PLACE, both))
    assert told(news(PLACE, changes([later], (), NOW))).startswith("not any more, low quota: 'a'")
    known = (lasting("nas"), later)
    assert "low quota: 'a': full" in told(digest(PLACE, EMPTY, known, THEN, NOW))
    assert (
        line(News(CHANGED, NOW, later.condition, THEN)) == f"{NOW} low quota has changed: 'a': full"
    )


def test_once_more_is_what_was_told_before():
    here, there = [lasting("nas")], [Lasting(lasting("nas").condition, NOW)]
    over, back = changes(here, (), NOW), changes((), there, NOW)
    assert told(news(PLACE, merged(over, back))).startswith("drift, once more: 'nas'")
    untold = told(news(PLACE, merged(changes((), here, NOW), merged(over, back))))
    assert untold.startswith("drift: 'nas'")
    assert untold.endswith(f"since {THEN}, 2 times")


def test_what_lasts_stands_before_what_is_over():
    known, now = [lasting("old")], [lasting("nas"), lasting("raw", BLOCKED, "'raw' is protected")]
    passed = merged(changes((), [lasting("x")], NOW), changes([lasting("x")], (), NOW))
    queue = merged(merged(passed, passed), changes(known, now, NOW))
    assert told(news(PLACE, queue)).splitlines() == [
        f"drift: 1; blocked: 1; drift, and over by now: 1; no drift any more: 1 ({PLACE})",
        f"- drift: 'nas': not live, since {THEN}",
        f"- blocked: 'raw' is protected, since {THEN}",
        f"- drift, and over by now: 'x': not live, from {THEN} to {NOW}, 2 times",
        f"- no drift any more: 'old': not live, from {THEN} to {NOW}",
    ]


def test_what_is_only_counted_is_told_too():
    queue = Queue(changes((), [lasting("nas")], NOW).each, {UNREAD: 12})
    message = told(news(PLACE, queue))
    assert message.startswith("drift: 1; can't look, and over by now: 12 (")
    assert message.endswith("- can't look, and over by now: 12 more")


def test_a_digest_says_what_stands_and_what_happened():
    queue = changes([lasting("old")], [lasting("nas")], NOW)
    message = told(digest(PLACE, queue, (lasting("nas"),), THEN, NOW))
    assert message.splitlines() == [
        "digest: 1 stands; 1 began, 1 ended (sqlite:///platform.db)",
        f"From {THEN} to {NOW}.",
        "",
        "What stands:",
        f"- drift: 'nas': not live, since {THEN}",
        "",
        "What began or ended:",
        f"- drift: 'nas': not live, since {THEN}",
        f"- no drift any more: 'old': not live, from {THEN} to {NOW}",
    ]
    stale = told(digest(PLACE, EMPTY, (), THEN, NOW, "2026-11-29T08:00:00Z"))
    assert "known at 2026-11-29T08:00:00Z, when it was looked last" in stale
    nothing = told(digest(PLACE, EMPTY, (), THEN, NOW))
    assert nothing.startswith("digest: nothing stands; 0 began, 0 ended (")


def test_no_text_is_longer_than_small_chats_take():
    long = [lasting(f"{n}", kind, "x" * 5000) for kind in KINDS for n in range(20)]
    for message in (
        news(PLACE, changes((), long, NOW)),
        news(PLACE, changes((), long[:1], NOW)),
        digest(PLACE, changes((), long, NOW), tuple(long), THEN, NOW),
    ):
        assert len(message.first) + len(message.rest) < 2000
        assert message.rest


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("@here", "@|here"),
        ("<!channel>", "<|!channel>"),
        ("<script>", "<|script>"),
        ("[click](https://evil.example)", "[click]|(https:|//evil.example)"),
        ("[click]: //evil", "[click]|: //evil"),
        ("WWW.evil.example", "WWW|.evil.example"),
        ("two\nlines\x1b[31m\u202e", "two\\nlines\\x1b[31m\\u202e"),
        ("https://ada:sesame@h/x", "https:|//***@|h/x"),
        ("raw_frames *2*", "raw_frames *2*"),
    ],
)
def test_nothing_in_it_acts(name, shown):
    assert harmless(name).replace("\u200b", "|") == shown
