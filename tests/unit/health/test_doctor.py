"""What `doctor` learns of a platform, and how it judges it."""

import pytest
from msgspec.structs import replace

from reconciler.errors import AddressError, PlatformError
from reconciler.health.platform import FAILED, OK, WARNING, Facts, checks, examine, healthy
from reconciler.lease.contract import Holder, Lease
from reconciler.platform import Abilities, About
from support.values.memory_platform import MemoryPlatform, MemoryReader

WELL = Facts(
    "https://storages.example.org",
    python="3.13.0 on Linux x86_64",
    abilities=Abilities(lock=True),
    platform_id="id-of-platform",
    about=About("reconciler 0.1.0", "ci", "operator", True, "2026-11-22T10:00:00Z"),
    clock_ahead=0.2,
    live=3,
    complete=True,
)
#: 2026-11-22T10:00:00Z
TEN = 1_795_341_600.0


class Doctored(MemoryPlatform):
    """A platform of which a test decides what it tells, and where it fails."""

    def __init__(self, about=About(), failing="", **fields):  # noqa: B008 - frozen
        super().__init__(**fields)
        self.told, self.failing, self.closed = about, failing, 0

    def reader(self):
        self.fails("reader")
        return Told(self)

    def fails(self, method):
        if method == self.failing:
            raise PlatformError(f"{method} is broken")


class Told(MemoryReader):
    def identity(self):
        self._platform.fails("identity")
        return super().identity()

    def about(self):
        self._platform.fails("about")
        return self._platform.told

    def read(self):
        self._platform.fails("read")
        return super().read()

    def spaces_using(self, id):
        self._platform.fails("spaces_using")
        return super().spaces_using(id)

    def close(self):
        self._platform.closed += 1


def by_topic(facts):
    return {check.topic: check for check in checks(facts)}


def changed(**fields):
    return replace(WELL, about=replace(WELL.about, **fields))


def examined(platform, *times):
    clock = iter(times or (TEN, TEN))
    return examine(platform, None, lock_address=None, now=lambda: next(clock))


def test_everything_is_learned_and_the_platform_is_let_go():
    platform = Doctored(About("7.1", "ci", "operator", True, "2026-11-22T10:00:05Z"))
    facts = examined(platform, TEN, TEN + 2)
    assert facts.about == platform.told
    assert facts.abilities == platform.reader().abilities
    assert facts.platform_id == platform.reader().identity()
    assert (facts.live, facts.complete, facts.failure) == (0, True, "")
    assert facts.clock_ahead == 4.0  # against the middle of the call
    assert platform.closed == 1
    assert platform.writes == []


@pytest.mark.parametrize(
    ("failing", "known"),
    [
        ("reader", ()),
        ("identity", ("abilities",)),
        ("about", ("abilities", "platform_id")),
        ("read", ("abilities", "platform_id", "about")),
    ],
)
def test_a_failure_ends_the_examination_and_keeps_what_was_learned(failing, known):
    platform = Doctored(failing=failing)
    facts = examined(platform)
    assert facts.failure == f"{failing} is broken"
    fields = ("abilities", "platform_id", "about", "live")
    assert tuple(name for name in fields if getattr(facts, name) is not None) == known
    assert platform.closed == (failing != "reader")
    failed = [check for check in checks(facts) if check.status == FAILED]
    assert [check.message for check in failed] == [facts.failure]
    assert not healthy(checks(facts))


def test_wrong_usage_is_not_a_finding():
    class Refusing(Doctored):
        def reader(self):
            raise AddressError("set a token")

    with pytest.raises(AddressError):
        examined(Refusing())


@pytest.mark.parametrize("clock", ["", "soon", "2026-11-22T10:00:00"])
def test_a_clock_that_says_nothing_is_not_compared(clock):
    assert examined(Doctored(About(clock=clock))).clock_ahead is None


@pytest.mark.parametrize("second", [-1, 0, 3, 4])
def test_what_the_length_of_the_call_explains_is_no_difference(second):
    told = Doctored(About(clock=f"2026-11-22T10:00:{10 + second:02}Z"))
    assert examined(told, TEN + 10, TEN + 14).clock_ahead == 0.0


def test_all_well():
    assert {check.status for check in checks(WELL)} == {OK}
    assert healthy(checks(WELL))
    assert not any(check.advice for check in checks(WELL))
    assert "'ci', role 'operator'" in by_topic(WELL)["account"].message


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (0.4, OK, "agree to the second"),
        (1.2, OK, "1 second ahead of ours"),
        (-30.0, OK, "30 seconds behind ours"),
        (30.1, WARNING, "30 seconds ahead of ours"),
        (119.0, WARNING, "119 seconds ahead of ours"),
        (-7199.0, WARNING, "119 minutes behind ours"),
        (-7200.0, WARNING, "2 hours behind ours"),
        (86_400.0 * 3650, WARNING, "3,650 days ahead of ours"),
    ],
)
def test_clocks_that_differ_by_more_than_half_a_minute_are_a_warning(ahead, status, words):
    check = by_topic(replace(WELL, clock_ahead=ahead))["clock"]
    assert check.status == status
    assert words in check.message
    assert bool(check.advice) == (status == WARNING)


def test_a_platform_without_a_clock_is_fine_and_one_that_tells_nonsense_is_not():
    assert by_topic(changed(clock=""))["clock"].status == OK
    check = by_topic(replace(changed(clock="so\x1bon"), clock_ahead=None))["clock"]
    assert check.status == WARNING
    assert "\x1b" not in check.message


@pytest.mark.parametrize(("may", "status"), [(True, OK), (None, WARNING), (False, FAILED)])
def test_an_account_that_may_not_write_is_broken_and_one_that_may_is_not(may, status):
    facts = changed(may_write=may)
    assert by_topic(facts)["write access"].status == status
    assert healthy(checks(facts)) == (status != FAILED)
    assert by_topic(replace(facts, reads=True))["write access"].status == OK


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("sqlite:////srv/p.db", "make the file and its folder writable"),
        ("https://server.example", "use a token with the role operator"),
        ("jetraw://lab", "give credentials that may write"),
    ],
)
def test_the_advice_fits_the_platform(address, advice):
    facts = replace(changed(may_write=False), address=address)
    assert by_topic(facts)["write access"].advice.startswith(advice)


def test_who_only_reads_needs_no_lock():
    unlocked = replace(WELL, abilities=replace(WELL.abilities, lock=False))
    assert by_topic(unlocked)["lock"].status == WARNING
    assert by_topic(replace(unlocked, reads=True))["lock"].status == OK


@pytest.mark.parametrize(
    ("complete", "words"), [(None, "nobody can tell"), (False, "which is not all")]
)
def test_a_list_that_may_not_be_complete_is_a_warning_with_account_and_count(complete, words):
    check = by_topic(replace(WELL, complete=complete))["storages"]
    assert check.status == WARNING
    assert "3 live storages: what 'ci' may see" in check.message
    assert words in check.message
    anonymous = replace(WELL, complete=complete, about=About())
    assert "what this account may see" in by_topic(anonymous)["storages"].message


def test_an_embedded_file_that_does_not_exist_is_said_to_be_new():
    check = by_topic(replace(WELL, platform_id="new", live=0))["platform"]
    assert check.status == WARNING
    assert "does not exist yet" in check.message


@pytest.mark.parametrize("spaces", [True, False])
def test_spaces_are_asked_for_where_a_removal_would_ask(spaces):
    broken = Doctored(abilities=Abilities(spaces=spaces), failing="spaces_using")
    found = by_topic(examined(broken))
    assert ("spaces" in found) == spaces
    if spaces:
        assert (found["spaces"].status, found["spaces"].message) == (
            FAILED,
            "spaces_using is broken",
        )
        assert "no removal" in found["spaces"].advice
    assert "lock" in found


class Register:
    """A lock that a test holds in its hand."""

    def __init__(self, answer=None):
        self.answer, self.asked = answer, 0

    def current(self):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


LEASE = Lease(7, Holder("ci", "runner-3"), "2026-11-22T10:00:00Z", "2026-11-22T10:01:00Z")


def with_lock(platform, lock, address="s3://locks/lab"):
    return examine(platform, lock, lock_address=address, now=lambda: TEN)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (None, OK, "the manifest's, s3://locks/lab; nobody holds it"),
        (LEASE, OK, "held by 'ci' on 'runner-3' since 2026-11-22T10:00:00Z"),
        (PlatformError("the bucket is gone"), FAILED, "the bucket is gone"),
    ],
)
def test_the_lock_of_the_manifest_is_asked_who_holds_it(answer, status, words):
    check = by_topic(with_lock(Doctored(), Register(answer)))["lock"]
    assert check.status == status
    assert words in check.message
    assert bool(check.advice) == (status == FAILED)


def test_a_platform_that_keeps_its_own_lease_says_who_holds_it():
    platform = Doctored(abilities=Abilities(lock=True))
    check = by_topic(with_lock(platform, Register(LEASE), address=None))["lock"]
    assert check.status == OK
    assert "the platform keeps the lease; held by 'ci'" in check.message


@pytest.mark.parametrize("failing", ["reader", "about", "read"])
def test_nothing_is_said_of_the_lease_of_a_platform_that_does_not_answer(failing):
    lock = Register()
    facts = with_lock(Doctored(abilities=Abilities(lock=True), failing=failing), lock)
    assert lock.asked == 0
    assert "lock" not in by_topic(facts)


def test_where_nothing_keeps_applies_apart_the_manifest_can():
    facts = replace(WELL, abilities=Abilities())
    assert by_topic(facts)["lock"].status == WARNING
    assert "`lock: s3://" in by_topic(facts)["lock"].advice
    locked = by_topic(replace(facts, lock="https://me:word@host/lock"))["lock"]
    assert locked.status == OK
    assert "https://***@host/lock" in locked.message
