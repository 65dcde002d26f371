"""How Hypothesis runs here: never against the clock, and the same examples on every run in CI."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "reconciler",
    deadline=None,
    derandomize="CI" in os.environ,
    # Both depend on how busy the machine is, or on which examples chance brings first.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("reconciler")
