"""How far a client lags, without any client: what it has not taken in, seconds out."""

from reconciler.server.wire.client_lag import LOOK, RATE, TAKING, Lag

FULL = 10**9


def test_who_takes_nothing_lags_too_far_in_the_end():
    lag = Lag()
    lag.begin(FULL)
    looks = 1
    while not lag.look(FULL, waits=True):
        looks += 1
    assert lag.seconds == looks * LOOK == TAKING


def test_who_takes_at_the_rate_keeps_up():
    lag = Lag()
    untaken = FULL
    lag.begin(untaken)
    for _ in range(100):
        untaken -= int(RATE * LOOK)
        assert not lag.look(untaken, waits=True)
        assert lag.seconds == 0


def test_who_takes_a_little_lags_further_and_further():
    lag = Lag()
    lag.begin(FULL)
    seconds = []
    for look in range(1, 10):
        lag.look(FULL - look, waits=True)
        seconds.append(lag.seconds)
    assert seconds == sorted(set(seconds))


def test_what_is_taken_between_two_looks_counts():
    lag = Lag()
    lag.begin(RATE)
    lag.look(RATE, waits=True)
    lag.take(0)
    assert lag.seconds == LOOK - 1


def test_what_is_sent_meanwhile_counts_against_nobody():
    lag = Lag()
    lag.begin(0)
    lag.look(RATE, waits=True)
    assert lag.seconds == LOOK


def test_who_is_not_waited_for_does_not_lag():
    lag = Lag()
    lag.begin(FULL)
    lag.look(FULL, waits=True)
    assert not lag.look(FULL, waits=False)
    assert lag.seconds == 0
