"""Who runs us, and for what: told to whoever finds the platform locked, the journal, the audit.

Worked out from the variables that CI systems set, by a list of names: nothing else of the
environment is looked at, so that no secret gets out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.masking import masked

#: Longer values are cut; no name of a user, commit or job is.
_LONGEST = 300
_ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "BUILD_REQUESTEDFOR",  # Azure Pipelines
    "BUILD_USER_ID",  # Jenkins
    "CI_COMMIT_AUTHOR",  # Woodpecker; GitLab, where nobody is logged in
)
_COMMITS = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",  # GitLab, Woodpecker
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "BUILD_SOURCEVERSION",  # Azure Pipelines
    "BITBUCKET_COMMIT",
    "GIT_COMMIT",  # Jenkins
)
_JOBS = (
    "CI_JOB_URL",  # GitLab
    "CI_PIPELINE_URL",  # Woodpecker
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "BUILD_URL",  # Jenkins
)
_GITHUB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
_AZURE = ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID")


#: Any of these says that a program runs us, not a person.
CI_VARIABLES = ("CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "BUILDKITE", "GITHUB_ACTIONS")


class Origin(Struct, frozen=True, omit_defaults=True):
    """Where a run comes from. What nobody can tell is empty. No secret in it."""

    #: The id of the run: sorted by time, and never that of another run.
    run: str
    actor: str
    host: str = ""
    commit: str = ""
    job_url: str = ""

    def claims(self) -> dict[str, str]:
        """Return what the audit of a platform keeps of us."""
        return {name: getattr(self, name) for name in ("run", "actor", "commit", "job_url")}


def run_id(now: float, random: bytes) -> str:
    r"""Make the id of a run from the seconds since 1970 and a few random bytes.

    >>> run_id(1767225600.25, b"\x3f\x9a\x1c")
    '20260101-000000-250-3f9a1c'
    """
    second = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{second}-{int(now * 1000) % 1000:03}-{random.hex()}"


def in_ci(environ: Mapping[str, str]) -> bool:
    """Return whether a CI system runs us."""
    found = (environ.get(name, "").strip().lower() for name in CI_VARIABLES)
    return any(text not in ("", "0", "false") for text in found)


def origin_of(environ: Mapping[str, str], *, run: str, user: str, host: str) -> Origin:
    """Work out where a run comes from.

    `user` is who runs us where no CI system says for whom it does; `host` is this machine.
    """
    return Origin(
        run=run,
        actor=_first(environ, _ACTORS) or _clean(user) or "unknown",
        host=_clean(host),
        commit=_first(environ, _COMMITS),
        job_url=masked(_job(environ)),
    )


def _job(environ: Mapping[str, str]) -> str:
    server, repository, run = (_clean(environ.get(name, "")) for name in _GITHUB)
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    collection, project, build = (_clean(environ.get(name, "")) for name in _AZURE)
    if collection and project and build:
        return f"{collection.removesuffix('/')}/{project}/_build/results?buildId={build}"
    return _first(environ, _JOBS)


def _first(environ: Mapping[str, str], names: Sequence[str]) -> str:
    found = (_clean(environ.get(name, "")) for name in names)
    return next(filter(None, found), "")


def _clean(text: str) -> str:
    """Make what the environment says fit for JSON: an environment may hold any bytes."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()[:_LONGEST]
