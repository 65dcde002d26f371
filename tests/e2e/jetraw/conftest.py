"""An organisation, and the command that is logged in to it."""

import pytest

from support.platforms.jetraw_runs import assert_no_secret
from support.platforms.organisation import Organisation


@pytest.fixture
def organisation(tmp_path_factory):
    return Organisation(tmp_path_factory.mktemp("organisation") / "organisation.db")


@pytest.fixture
def run(folder, organisation):
    """Give a function that runs the command, logged in, and checks that no secret is shown."""

    def running(*arguments, code=0, env=None, without=()):
        variables = {k: v for k, v in organisation.environ.items() if k not in without}
        done = folder(*arguments, code=code, env={**variables, **(env or {})})
        assert_no_secret(done.stdout + done.stderr)
        for path in folder.path.rglob("*"):
            if path.is_file():
                assert_no_secret(path.read_text(errors="replace"))
        return done

    return running
