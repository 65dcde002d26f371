"""Every plan is a document of `schemas/plan.schema.json`, and survives being saved."""

from __future__ import annotations

import json

import jsonschema
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.errors import MatchingError
from reconciler.plan.document import to_json
from reconciler.plan.file import from_json
from support.repository import SCHEMAS
from support.sampling import examples
from support.values.building import plan_for
from support.values.scenarios import Scenario, likely_scenarios, wild_scenarios

SCHEMA = json.loads((SCHEMAS / "plan.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@given(st.one_of(likely_scenarios(), wild_scenarios()))
@settings(deadline=None, max_examples=examples(40, 150))
def test_a_plan_is_valid_and_survives_being_saved(scenario: Scenario) -> None:
    try:
        plan = plan_for(scenario.platform(), scenario.request)
    except MatchingError:
        plan = None
    assume(plan is not None)
    document = to_json(plan)
    assert from_json(document) == plan
    VALIDATOR.validate(json.loads(document))
