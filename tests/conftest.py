"""How all tests run: signals as at a terminal, Hypothesis never against the clock."""

import os
import signal

from hypothesis import HealthCheck, settings

# A shell starts what it puts in the background deaf to Ctrl-C, and `nohup` deaf to SIGHUP; the
# programs that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile(
    "reconciler",
    deadline=None,
    # The same examples on every run in CI.
    derandomize="CI" in os.environ,
    # Both depend on how busy the machine is, or on which examples chance brings first.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("reconciler")
