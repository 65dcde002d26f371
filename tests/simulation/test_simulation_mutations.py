"""The simulation can see: with a safeguard taken out, it soon finds what that was for."""

from __future__ import annotations

import pytest

from simulation.campaign import campaign
from simulation.mutations import MUTATIONS, mutated

SEEDS = 2000


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", MUTATIONS)
def test_without_a_safeguard_a_rule_is_broken(name: str) -> None:
    with mutated(name):
        found = campaign(range(SEEDS), stop_at_first=True)
    assert found.violations, f"{name}, and {SEEDS} seeds did not show it"
