"""A saved plan goes where it was reviewed to go, and touches what the pipeline may touch."""

import json

import msgspec
import pytest

from reconciler.plan.document import content_digest, to_json
from reconciler.plan.file import from_json
from support.platforms.live_file import live, local, made, manifest


@pytest.fixture
def planned(folder):
    made(folder, "team-a-1", "team-b-1")
    folder.write(
        manifest(
            local("team-a-1", label="New"), removed=[{"name": "team-b-1"}], undeclared="ignore"
        )
    )
    folder("plan", "--out", "plan.json", "--digest-file", "digest")
    return folder


def digest_of(folder):
    return (folder.path / "digest").read_text().strip()


def test_a_saved_plan_outside_the_scope_is_refused(planned):
    told = planned("apply", "plan.json", env={"RECONCILER_SCOPE": "team-a-*"}, code=64)
    assert "'team-b-1' is outside RECONCILER_SCOPE='team-a-*'" in told.stderr
    assert len(live(planned)) == 2
    planned("apply", "plan.json", env={"RECONCILER_SCOPE": "team-a-*,team-b-*"})
    assert len(live(planned)) == 1


@pytest.mark.parametrize("form", ["digest", "plan", "text"])
def test_a_file_is_bound_to_what_was_reviewed(planned, form):
    expected = {"digest": "digest", "plan": "plan.json", "text": digest_of(planned)}[form]
    planned("apply", "plan.json", "--expect", expected)
    assert len(live(planned)) == 1


def test_another_file_than_the_reviewed_one_is_refused(planned):
    reviewed = digest_of(planned)
    planned.write(manifest(local("team-a-1", label="Other"), undeclared="ignore"))
    planned("plan", "--out", "other.json")
    for expected in (reviewed, "digest", "plan.json"):
        told = planned("apply", "other.json", "--expect", expected, code=4)
        assert "not the one that was reviewed" in told.stderr
    planned("apply", "other.json", "--expect", "sha256:12", code=64)
    planned("apply", "other.json", "--expect", "nowhere", code=64)


def test_a_new_plan_is_compared_with_the_reviewed_one_without_a_platform(planned):
    reviewed = digest_of(planned)
    planned.write(manifest(local("team-a-1", label="New"), undeclared="ignore"))
    planned("plan", "--out", "rest.json")
    (planned.path / "platform.db").unlink()
    # A part of what was reviewed is no more than that; but it is another plan.
    planned("show", "rest.json", "--expect", "plan.json")
    planned("show", "plan.json", "--expect", reviewed)
    told = planned("show", "rest.json", "--expect", reviewed, "-o", "markdown", code=4)
    assert f"expected {reviewed}" in told.stdout
    told = planned("show", "plan.json", "--expect", "rest.json", code=4)
    assert "remove of 'team-b-1'" in told.stderr
    assert told.stdout == ""
    planned("show", "plan.json", "--expect", "sha256:12", code=64)


def test_a_digest_file_is_expected_of_a_new_plan(planned):
    planned("apply", "--expect", "digest")
    planned.write(manifest(local("team-a-1", label="Other"), undeclared="ignore"))
    planned("apply", "--expect", "digest", code=4)


def of_format_1(folder, address):
    plan = from_json((folder.path / "plan.json").read_bytes())
    document = json.loads(to_json(plan))
    document.update(format_version=1, platform=address or document["platform"])
    old = msgspec.structs.replace(plan, format_version=1, platform=document["platform"])
    document["digest"] = content_digest(old)
    (folder.path / "old.json").write_text(json.dumps(document))


def test_a_plan_of_format_1_is_applied_and_says_what_it_can_not_promise(planned):
    of_format_1(planned, None)
    told = planned("apply", "old.json")
    assert "format 1" in told.stderr
    assert len(live(planned)) == 1


def test_a_plan_of_format_1_takes_no_token_anywhere(planned):
    of_format_1(planned, "http://127.0.0.1:9")
    told = planned("apply", "old.json", env={"RECONCILER_TOKEN": "rct_0123456789abcdef_x"}, code=64)
    assert "give --platform http://127.0.0.1:9" in told.stderr


@pytest.mark.parametrize(
    "command",
    [
        "apply plan.json --expect <(cat digest)",
        "apply plan.json --expect <(cat plan.json)",
        "apply --expect <(cat digest)",
        "apply --expect <(cat plan.json)",
        "apply <(cat plan.json)",
    ],
)
def test_what_was_reviewed_may_come_through_a_pipe(planned, command):
    done = planned.shell(f'"$0" {command}')
    assert done.returncode == 0, done.stderr
    assert len(live(planned)) == 1
