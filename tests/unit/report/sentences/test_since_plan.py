import msgspec

from reconciler.report.sentences.since_plan import changed_since, changes_in_live, plan_difference


def replaced(value, **fields):
    return msgspec.structs.replace(value, **fields)


def test_changes_in_live_are_told_field_by_field(make):
    expected = make.values("nas", "NAS")
    found = make.storage("nas-3", label="NAS\n3", type="S3", url="https://ana:pw@host/b")
    assert changes_in_live(expected, found) == [
        "default_url was 'file:///data/nas', is now 'https://***@host/b'",
        "label was 'NAS', is now 'NAS\\n3'",
        "name was 'nas', is now 'nas-3'",
        "type was 'local', is now 'S3'",
    ]


def test_another_way_to_write_one_location_is_no_change(make):
    expected = make.values("nas", url="/data/nas")
    assert changes_in_live(expected, make.storage("nas", url="file:///data/nas/")) == []


def test_nothing_changed(make):
    assert changes_in_live(make.values("nas"), make.storage("nas")) == []


def test_a_storage_that_is_gone(make):
    told = changes_in_live(make.values("nas"), None)
    assert told == ["it is gone: no live storage has its id"]


def test_only_stale_operations_are_explained(make):
    operation = make.remove("nas")
    found = make.storage("nas", label="other")
    stale = make.outcome(operation, "failed", stale=True, found=found)
    assert changed_since(stale, operation) == ["label was 'A label', is now 'other'"]
    assert changed_since(replaced(stale, stale=False), operation) == []
    assert changed_since(replaced(stale, found=None), operation) == []
    assert changed_since(stale, None) == []


def test_a_create_whose_name_was_taken_says_by_what(make):
    operation = make.create("nas")
    found = make.storage("nas", url="https://ana:pw@host/b", type="S3")
    stale = make.outcome(operation, "failed", stale=True, found=found)
    assert changed_since(stale, operation) == [
        "a storage of this name was made (id 'id-of-nas', S3 at https://***@host/b)"
    ]


def test_operations_that_are_done_since_are_no_difference(make):
    reviewed = make.plan(make.create("a"), make.create("b"))
    assert plan_difference(reviewed, make.plan(make.create("b"))) == []


def test_an_operation_that_nobody_reviewed(make):
    now = make.plan(make.create("a"), make.remove("b\x1b"))
    told = plan_difference(make.plan(make.create("a")), now)
    assert told == ["remove of 'b\\x1b' is not in the reviewed plan"]


def test_an_operation_that_differs_is_told_field_by_field(make):
    reviewed = make.remove("a", holds_files=False)
    now = make.remove("a", holds_files=True, label="new")
    assert plan_difference(make.plan(reviewed), make.plan(now)) == [
        "remove of 'a': before.label was 'A label', is now 'new'",
        "remove of 'a': holds_files was no, is now yes",
    ]


def test_values_that_one_side_lacks(make):
    reviewed = make.create("a", type="S3", url="https://s3.eu-central-2.amazonaws.com/b")
    now = replaced(reviewed, after=replaced(reviewed.after, region="eu-central-2", bucket="b"))
    assert plan_difference(make.plan(reviewed), make.plan(now)) == [
        "create of 'a': after.bucket was nothing, is now 'b'",
        "create of 'a': after.region was nothing, is now 'eu-central-2'",
    ]


def test_fewer_steps_or_other_words_are_no_difference(make):
    operation = make.create("a", after=("remove:b#1",))
    reviewed = make.plan(operation)
    now = make.plan(replaced(make.create("a"), reason="other words"))
    assert plan_difference(reviewed, now) == []


def test_another_platform(make):
    reviewed, now = make.plan(platform_id="1"), make.plan(platform_id="2")
    address = "sqlite:////srv/lab/platform.db"
    assert plan_difference(reviewed, now) == [
        f"the reviewed plan is for {address} (id '1'), this one for {address} (id '2')"
    ]


def test_a_platform_that_was_made_since_the_review(make):
    reviewed = make.plan(make.create("a"), make.create("b"), platform_id="new", live=0)
    begun = make.plan(make.create("b"), platform_id="2", live=1)
    assert plan_difference(reviewed, begun) == []
    (told,) = plan_difference(reviewed, replaced(begun, platform="sqlite:////elsewhere.db"))
    assert "the reviewed plan is for" in told
    (told,) = plan_difference(reviewed, make.plan(platform_id="2", live=3))
    assert "holds other storages" in told


def test_platforms_that_cannot_tell_which_they_are_are_told_apart_by_address(make):
    reviewed = make.plan(platform_id="unknown")
    elsewhere = replaced(reviewed, platform="jetraw+sdk:other")
    assert plan_difference(reviewed, reviewed) == []
    (told,) = plan_difference(reviewed, elsewhere)
    assert "the reviewed plan is for" in told


def test_what_a_run_that_was_cut_off_left_of_an_operation_is_no_difference(make):
    before, after = make.values("a", "old"), make.values("a", "new")
    update = make.update(before, replaced(after, name="b"))
    half = replaced(update, before=replaced(before, name="b"))
    assert plan_difference(make.plan(update), make.plan(half, make.create("c"))) == [
        "create of 'c' is not in the reviewed plan"
    ]


def test_a_consent_that_nobody_reviewed(make):
    consent = make.consent("holds_files", "a", "1")
    told = plan_difference(make.plan(), make.plan(consents=(consent,)))
    assert told == ["the consent holds_files for 'a' was not in it"]


def test_many_differences_are_cut_visibly(make):
    now = make.plan(*(make.create(f"n-{number}") for number in range(101)))
    told = plan_difference(make.plan(), now)
    assert len(told) == 101
    assert told[-1] == "… and more: only the first 100 differences are listed"
    assert plan_difference(make.plan(), make.plan(*now.operations[:100]))[-1].startswith("create")
