"""Where a run comes from, by what CI systems say; and nothing else of the environment."""

import pytest

from reconciler.environment.origin import Origin, origin_of, run_id

GITHUB = {
    "GITHUB_ACTOR": "anna",
    "GITHUB_SHA": "c0ffee",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "lab/storages",
    "GITHUB_RUN_ID": "42",
}


def origin(environ):
    return origin_of(environ, run="r", user="root", host="ci-7")


def test_without_a_ci_system():
    assert origin({}) == Origin("r", "root", "ci-7")
    assert origin_of({}, run="r", user="", host="").actor == "unknown"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (GITHUB, ("anna", "c0ffee", "https://github.com/lab/storages/actions/runs/42")),
        (
            {
                "GITLAB_USER_LOGIN": "otto",
                "CI_COMMIT_SHA": "beef",
                "CI_JOB_URL": "https://gitlab.lab/x/-/jobs/1",
            },
            ("otto", "beef", "https://gitlab.lab/x/-/jobs/1"),
        ),
        (
            {"BUILD_USER_ID": "j", "GIT_COMMIT": "1", "BUILD_URL": "http://jenkins/job/1/"},
            ("j", "1", "http://jenkins/job/1/"),
        ),
        (
            {
                "BUILD_REQUESTEDFOR": "Ada",
                "BUILD_SOURCEVERSION": "2",
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/lab/",
                "SYSTEM_TEAMPROJECT": "p",
                "BUILD_BUILDID": "9",
            },
            ("Ada", "2", "https://dev.azure.com/lab/p/_build/results?buildId=9"),
        ),
    ],
    ids=["GitHub", "GitLab", "Jenkins", "Azure"],
)
def test_what_ci_systems_say(environ, expected):
    found = origin(environ)
    assert (found.actor, found.commit, found.job_url) == expected


@pytest.mark.parametrize("missing", ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"])
def test_half_an_address_is_none(missing):
    assert origin({**GITHUB, missing: ""}).job_url == ""


def test_nothing_secret_gets_out():
    found = origin(
        {
            "CI_JOB_TOKEN": "secret",
            "GITHUB_TOKEN": "secret",
            "CI_REPOSITORY_URL": "https://ci:secret@gitlab.lab/x.git",
            "CI_JOB_URL": "https://ci:secret@gitlab.lab/x/-/jobs/1",
        }
    )
    assert "secret" not in repr(found)
    assert found.job_url == "https://***@gitlab.lab/x/-/jobs/1"


def test_any_bytes_and_any_length():
    found = origin({"GITHUB_ACTOR": "a\udcff" + "x" * 10_000})
    found.actor.encode()
    assert len(found.actor) == 300


def test_ids_of_runs_sort_by_time():
    times = (0.0, 0.5, 1.0, 1767225600.25, 1767225600.999)
    ids = [run_id(time, b"\x00\x01\x02") for time in times]
    assert ids == sorted(ids)
    assert ids[-1] == "20260101-000000-999-000102"
