"""What is known of a platform across looks: another one is not looked at as if it were the same."""

import pytest
from msgspec.structs import replace

from reconciler.errors import ERROR
from reconciler.model import NEW_PLATFORM, UNKNOWN_PLATFORM
from reconciler.watching.conditions import DRIFT, OF_ANOTHER, OF_PLATFORM, UNREAD, Condition
from reconciler.watching.deeds import Looked
from reconciler.watching.memory import NOTHING, checked
from reconciler.watching.schedule import Found

SEEN = Looked(
    2,
    (Condition(DRIFT, "nas", "changed", "label"),),
    found=Found(ready=True, digest="x"),
    platform="sqlite:///p.db",
    platform_id="a",
)


@pytest.mark.parametrize(
    ("known", "found", "says"),
    [
        ("a", "b", "is another platform than before (its id is 'b', and was 'a')"),
        ("a", NEW_PLATFORM, "does not exist any more (the platform that was there has the id 'a')"),
        ("a", UNKNOWN_PLATFORM, "does not say any more which platform it is (its id was 'a')"),
    ],
)
def test_another_platform_at_the_same_address_is_not_looked_at(known, found, says):
    memory = replace(NOTHING, platform=SEEN.platform, platform_id=known)
    looked = checked(memory, replace(SEEN, platform_id=found))
    assert (looked.exit_code, looked.found, looked.conditions) == (ERROR, None, ())
    assert (looked.problem.kind, looked.problem.code) == (UNREAD, OF_ANOTHER)
    assert says in looked.problem.message
    assert "--state" in looked.problem.message


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ("a", "a"),
        ("", "a"),
        ("", NEW_PLATFORM),
        (NEW_PLATFORM, NEW_PLATFORM),
        (NEW_PLATFORM, "a"),  # made since, by whomever
        (UNKNOWN_PLATFORM, UNKNOWN_PLATFORM),
        (UNKNOWN_PLATFORM, "a"),  # it was taught to say it
    ],
)
def test_where_none_was_known_whatever_is_found_is_what_there_is(known, found):
    looked = replace(SEEN, platform_id=found)
    memory = replace(NOTHING, platform=SEEN.platform, platform_id=known)
    assert checked(memory, looked) is looked


def test_another_address_is_what_a_person_wants_and_what_fails_says_so_itself():
    memory = replace(NOTHING, platform="sqlite:///q.db", platform_id="b")
    assert checked(memory, SEEN) is SEEN
    new = checked(memory, replace(SEEN, platform_id=NEW_PLATFORM))
    assert "does not exist: `reconciler apply` makes it" in new.problem.message
    failed = Looked(1, problem=Condition(UNREAD, "", OF_PLATFORM, "no route"))
    assert checked(memory, failed) is failed


def seen(memory, name, id):
    """Return a memory after a look that worked."""
    return replace(memory, **memory.of_platform(f"sqlite:///{name}.db", id))


def test_which_platform_lay_at_an_address_is_known_also_after_one_at_another():
    # Of an earlier version, which kept only the one that was looked at last.
    ours = replace(NOTHING, platform="sqlite:///p.db", platform_id="a")
    since = seen(ours, "q", "b")
    assert checked(since, SEEN) is SEEN
    theirs = checked(since, replace(SEEN, platform_id="c"))
    assert (theirs.exit_code, theirs.problem.code) == (ERROR, OF_ANOTHER)
    assert "(its id is 'c', and was 'a')" in theirs.problem.message
    gone = checked(since, replace(SEEN, platform_id=NEW_PLATFORM))
    assert "(the platform that was there has the id 'a')" in gone.problem.message
    third = seen(seen(since, "r", "c"), "q", "b")
    assert checked(third, replace(SEEN, platform_id="b")).problem.code == OF_ANOTHER
    assert third.platforms == {"sqlite:///p.db": "a", "sqlite:///r.db": "c", "sqlite:///q.db": "b"}


@pytest.mark.parametrize("nobody", ["", NEW_PLATFORM, UNKNOWN_PLATFORM])
def test_what_says_not_which_it_is_is_not_known_for_later(nobody):
    since = seen(seen(replace(NOTHING, platform="", platform_id=""), "p", nobody), "q", "b")
    assert checked(since, SEEN) is SEEN
    assert since.platforms == {"sqlite:///q.db": "b"}


def test_the_addresses_that_are_longest_ago_are_forgotten_and_never_the_last_one():
    memory = NOTHING
    for number in range(300):
        memory = seen(seen(memory, f"{number}", f"{number}"), "p", "a")
    assert 50 < len(memory.platforms) < 200
    assert checked(memory, SEEN) is SEEN
    assert checked(memory, replace(SEEN, platform_id="c")).problem.code == OF_ANOTHER
    assert memory.platform_at("sqlite:///299.db") == "299"
    assert memory.platform_at("sqlite:///0.db") == ""
