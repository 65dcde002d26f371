"""How much a head may be, without any connection: sizes in, refusals out."""

from reconciler.server.wire.head_limits import LARGEST_HEADERS, LONGEST_URL, HeadLimits


def begun():
    """Give the limits of a head that has begun in a piece of its own."""
    limits = HeadLimits()
    limits.piece()
    limits.begin()
    return limits


def code(problem):
    return problem and problem.code


def test_a_url_may_come_in_parts_and_be_just_so_long():
    limits = begun()
    assert limits.url(LONGEST_URL - 1) is None
    assert limits.url(1) is None
    assert code(limits.url(1)) == "uri-too-long"


def test_headers_count_together_with_what_stands_around_them():
    limits = begun()
    for _ in range(8):
        assert limits.header(LARGEST_HEADERS // 8 - 4) is None
    assert code(limits.header(0)) == "headers-too-large"


def test_headers_behind_a_content_count_too():
    limits = begun()
    assert limits.header(LARGEST_HEADERS - 4) is None
    limits.complete()
    assert code(limits.header(0)) == "headers-too-large"


def test_each_request_has_its_own_limits():
    limits = begun()
    for _ in range(3):
        assert limits.url(LONGEST_URL) is None
        assert limits.header(LARGEST_HEADERS - 4) is None
        limits.complete()
        limits.end()
        limits.begin()


def test_what_the_parser_has_not_told_of_counts_by_its_pieces():
    limits = begun()
    assert limits.piece_seen(10**9) is None  # it may hold the end of a content before the head
    for _ in range(5):
        limits.piece()
        assert limits.piece_seen((LONGEST_URL + LARGEST_HEADERS) // 5) is None
    limits.piece()
    assert code(limits.piece_seen(1)) == "headers-too-large"


def test_content_has_no_limit_here():
    limits = begun()
    limits.complete()
    for _ in range(3):
        limits.piece()
        assert limits.piece_seen(10**9) is None
    limits.piece()
    limits.end()
    assert limits.piece_seen(10**9) is None  # it holds the end of the content


def test_it_is_known_whether_a_head_has_begun():
    limits = HeadLimits()
    assert (limits.is_next, limits.has_begun) == (True, False)
    limits.begin()
    assert (limits.is_next, limits.has_begun) == (True, True)
    limits.complete()
    assert (limits.is_next, limits.has_begun) == (False, False)
    limits.end()
    assert (limits.is_next, limits.has_begun) == (True, False)
