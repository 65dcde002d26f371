import msgspec

from reconciler.plan.document import UPDATE, Step
from reconciler.report.sentences.operations import Order


def in_two_calls(make):
    before = make.values("nas", "NAS")
    after = msgspec.structs.replace(before, name="nas-3", label="NAS 3")
    key = "update:nas-3"
    steps = (
        Step(f"{key}#1", UPDATE, "nas-3", None, ("remove:nas-3#1",)),
        Step(f"{key}#2", UPDATE, None, "NAS 3", (f"{key}#1",)),
    )
    return make.update(before, after, steps=steps)


def test_name_and_label_in_two_calls(make):
    operation = in_two_calls(make)
    assert Order(make.plan(make.remove("nas-3"), operation)).phrases(operation) == [
        "step 1: take the name 'nas-3', after 'nas-3' is removed",
        "step 2: take the label 'NAS 3'",
    ]


def test_one_call_that_waits_for_nothing_needs_no_words(make):
    operation = make.create("nas")
    assert Order(make.plan(operation)).phrases(operation) == []


def test_everything_that_a_create_waits_for_is_named(make):
    operation = make.create("nas", after=("remove:a#1", "remove:b#1"))
    plan = make.plan(make.remove("a"), make.remove("b"), operation)
    assert Order(plan).phrases(operation) == ["after 'a' is removed and 'b' is removed"]
