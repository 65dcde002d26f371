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
