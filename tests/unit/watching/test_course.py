"""The course of a watch: bounded, and no drift vanishes from it."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.watching.course import MOST, Point, covered, with_point
from reconciler.watching.survey import Proof

NUMBERS = st.none() | st.integers(0, 9)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3 * MOST))
def test_however_long_it_goes_on_it_is_short_and_tells_the_worst(samples):
    course = ()
    for n, (drifted, proved) in enumerate(samples):
        files = None if proved is None else 9
        course = with_point(course, Point(f"{n:05}", drifted, files, proved))
        assert len(course) <= MOST
    assert [point.at for point in course] == sorted({point.at for point in course})
    newest = [drifted for drifted, _ in samples[-MOST // 2 :]]
    assert [point.drifted for point in course[len(course) - len(newest) :]] == newest
    for told, known in (
        ([point.drifted for point in course], [drifted for drifted, _ in samples]),
        ([-point.proved for point in course if point.proved is not None],
         [-proved for _, proved in samples if proved is not None]),
    ):  # fmt: skip
        worst = [
            max((one for one in each if one is not None), default=None) for each in (told, known)
        ]
        assert worst[0] == worst[1]


def test_after_weeks_it_still_begins_near_the_start():
    course = ()
    for n in range(10_000):
        course = with_point(course, Point(f"{n:05}", 1 if n == 17 else 0))
    assert len(course) <= MOST
    assert sum(point.drifted for point in course) == 1
    assert course[0].at < course[-1].at


def test_only_what_is_wanted_and_known_counts():
    known = Proof("a", 60, files=10, proved=7)
    assert covered([known, Proof("b", 60), Proof("c", 0, files=5, proved=0)]) == (10, 7)
    assert covered([Proof("b", 60)]) == (None, None)
    assert covered([]) == (None, None)
