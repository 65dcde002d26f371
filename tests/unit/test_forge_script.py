"""deploy/github/forge.py, which the steps of action.yml run: what GitHub may answer, and has."""

import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.repository import ROOT

OURS, THEIRS = "a" * 40, "b" * 40
DIGEST = "sha256:" + "1" * 64
MERGED = [{"number": 7, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": OURS}]
FIRST = f"<!-- reconciler plan production digest={DIGEST} commit={OURS} run=42 -->"
HEAD = ("GET", "/repos/lab/storages/git/ref/heads/main")


def comment(body, login="github-actions[bot]", id=1, at="2026-01-01T00:00:00Z"):
    told = {"id": id, "number": id, "body": body, "updated_at": at}
    return {**told, "user": login and {"login": login}}


class Answers:
    """What GitHub answers, by method and path, and what it was asked."""

    def __init__(self):
        self.url = ""
        #: Each answer once, then the last again: status and JSON, or status, JSON and headers.
        self.of = {}
        self.asked = []

    def take(self, key):
        left = self.of.get(key, [(404, {})])
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def answers():
    scripted = Answers()

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            told = json.loads(content or b"{}")
            scripted.asked.append((self.command, path, told, self.headers["Authorization"]))
            status, body, *headers = scripted.take((self.command, path))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(raw)), **dict(*headers)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - names of the library

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    scripted.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def forge(monkeypatch, answers):
    """Give the script, in the environment of a step."""
    for name, value in {
        "GITHUB_API_URL": answers.url,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "lab/storages",
        "GITHUB_REF_NAME": "main",
        "GITHUB_SHA": OURS,
        "GITHUB_TOKEN": "ghs_secret",
        "INPUT_ENVIRONMENT": "production",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("INPUT_ACCOUNT", "PULL", "KIND", "DIGEST", "COMMIT", "RUN"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("forge", ROOT / "deploy" / "github" / "forge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PAUSE = 0
    return module


def commenting(answers, *comments):
    answers.of[("GET", f"/repos/lab/storages/commits/{OURS}/pulls")] = [(200, MERGED)]
    answers.of[("GET", "/repos/lab/storages/issues/7/comments")] = [(200, [*comments])]
    answers.of[("POST", "/repos/lab/storages/issues/7/comments")] = [(201, {})]


def test_a_run_goes_on_while_its_commit_is_the_head(forge, answers, capsys):
    answers.of[HEAD] = [(200, {"object": {"sha": OURS}}), (200, {"object": {"sha": THEIRS}})]
    assert forge.main(["head"]) == 0
    assert forge.main(["head"]) == 1
    assert "Stopped: main has moved on to bbbbbbbbbbbb" in capsys.readouterr().err
    assert {asked[3] for asked in answers.asked} == {"Bearer ghs_secret"}


def test_the_name_of_a_branch_is_no_part_of_an_address(forge, answers, monkeypatch):
    monkeypatch.setenv("GITHUB_REF_NAME", "a?b#c/d%e")
    forge.main(["head"])
    assert answers.asked[0][1] == "/repos/lab/storages/git/ref/heads/a%3Fb%23c/d%25e"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {}), "401, the token is not valid"),
        ((403, {}), "403, the token may not do that"),
        ((404, {}), "404, it is not there"),
        ((422, {}), "422, GitHub refused it"),
        ((200, []), "answered what nobody expected"),
        ((200, {"object": None}), "answered what nobody expected"),
        ((200, b"<html>"), "GitHub did not answer"),
        ((502, {}), "GitHub did not answer"),
        ((200, {"object": {"sha": "::error::x\n\x1b[1m"}}), "moved on to : :error: :"),
    ],
)
def test_what_cannot_be_known_ends_the_step_and_says_why(forge, answers, capsys, answer, told):
    answers.of[HEAD] = [answer]
    assert forge.main(["head"]) == 1
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1
    assert "::" not in shown
    assert "\x1b" not in shown
    assert "ghs_secret" not in shown


@pytest.mark.parametrize(
    "busy", [(502, {}), (429, {}), (403, {}, {"Retry-After": "1"}), (200, b"{")]
)
def test_what_changes_nothing_twice_is_asked_again(forge, answers, busy):
    answers.of[HEAD] = [busy, busy, (200, {"object": {"sha": OURS}})]
    assert forge.main(["head"]) == 0
    assert len(answers.asked) == 3


def test_a_comment_is_not_written_twice(forge, answers, monkeypatch, tmp_path):
    commenting(answers)
    answers.of[("POST", "/repos/lab/storages/issues/7/comments")] = [(502, {}), (201, {})]
    monkeypatch.setenv("KIND", "plan")
    monkeypatch.setenv("PULL", "7")
    (tmp_path / "plan.md").write_text("Nothing.\n")
    assert forge.main(["comment", str(tmp_path / "plan.md")]) == 1
    assert [asked[0] for asked in answers.asked].count("POST") == 1


def test_the_token_follows_no_redirect(forge, answers, capsys):
    answers.of[HEAD] = [(302, {}, {"Location": f"{answers.url}/elsewhere"})]
    assert forge.main(["head"]) == 1
    assert [asked[1] for asked in answers.asked] == [HEAD[1]]
    assert "302" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("comments", "told"),
    [
        ([comment(f"{FIRST}\nplan")], f"pull=7\ndigest={DIGEST}\nrun=42\n"),
        ([comment(f"{FIRST}\nplan", "mallory")], "pull=7\n"),
        ([comment(f"{FIRST}\nplan", None), comment(None)], "pull=7\n"),
        ([comment(f"See this:\n{FIRST}\nplan")], "pull=7\n"),
        ([comment(FIRST.replace("production", "staging"))], "pull=7\n"),
        ([comment(FIRST.replace(DIGEST, "sha256:12"))], "pull=7\n"),
        ([comment(FIRST.replace("run=42", "run=4/../2"))], f"pull=7\ndigest={DIGEST}\n"),
        ([comment(FIRST, at="2026-01-01T00:00:01Z")], "pull=7\n"),
        # The oldest is the one that is kept up to date.
        ([comment("<!-- reconciler plan production -->\nNo."), comment(FIRST)], "pull=7\n"),
    ],
)
def test_only_the_first_line_of_our_own_comment_says_what_was_reviewed(
    forge, answers, capsys, comments, told
):
    commenting(answers, *comments)
    assert forge.main(["reviewed"]) == 0
    assert capsys.readouterr().out == told


@pytest.mark.parametrize("pull", [{"merged_at": None}, {"merge_commit_sha": THEIRS}])
def test_a_pull_request_that_did_not_make_the_commit_says_nothing(forge, answers, capsys, pull):
    commenting(answers, comment(FIRST))
    pulls = ("GET", f"/repos/lab/storages/commits/{OURS}/pulls")
    answers.of[pulls] = [(200, [MERGED[0] | pull])]
    assert forge.main(["reviewed"]) == 0
    assert capsys.readouterr().out == ""


def test_a_comment_begins_with_what_was_planned_and_says_of_which_commit(
    forge, answers, monkeypatch, tmp_path
):
    commenting(answers, comment("mine", "mallory", 3), comment(FIRST, id=4))
    answers.of[("PATCH", "/repos/lab/storages/issues/comments/4")] = [(200, {})]
    known = {"KIND": "plan", "PULL": "7", "DIGEST": DIGEST, "COMMIT": OURS, "RUN": "43"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "plan.md").write_text("The plan.\n")
    assert forge.main(["comment", str(tmp_path / "plan.md")]) == 0
    body = answers.asked[-1][2]["body"]
    assert body.splitlines() == [
        FIRST.replace("42", "43"),
        "The plan.",
        "",
        "Commit aaaaaaaaaaaa, [run 43](https://github.example/lab/storages/actions/runs/43).",
    ]
    # What is no digest or number is not written.
    monkeypatch.setenv("DIGEST", "x --> y")
    assert forge.main(["comment", str(tmp_path / "plan.md")]) == 0
    assert "-->\n" in answers.asked[-1][2]["body"]
    assert "x -->" not in answers.asked[-1][2]["body"]


def test_a_text_that_is_too_long_is_cut_between_lines(forge, answers, monkeypatch, tmp_path):
    commenting(answers)
    monkeypatch.setenv("KIND", "apply")
    (tmp_path / "apply.md").write_text("- `raw`: gone\n" * 6000)
    assert forge.main(["comment", str(tmp_path / "apply.md")]) == 0
    body = answers.asked[-1][2]["body"]
    assert len(body) <= 65_536
    kept = body.removesuffix(forge.CUT).splitlines()
    assert set(kept[1:]) == {"- `raw`: gone"}
    assert "the page of the run" in body.splitlines()[-1]


def test_without_a_pull_request_there_is_nothing_to_comment(forge, answers, tmp_path, monkeypatch):
    answers.of[("GET", f"/repos/lab/storages/commits/{OURS}/pulls")] = [(200, [])]
    monkeypatch.setenv("KIND", "apply")
    (tmp_path / "apply.md").write_text("Done.\n")
    assert forge.main(["comment", str(tmp_path / "apply.md")]) == 0
    assert [asked[0] for asked in answers.asked] == ["GET"]


def test_a_plan_outside_of_a_pull_request_is_told_in_none(forge, answers, tmp_path, monkeypatch):
    commenting(answers, comment(FIRST))
    monkeypatch.setenv("KIND", "plan")
    (tmp_path / "plan.md").write_text("The plan of now.\n")
    assert forge.main(["comment", str(tmp_path / "plan.md")]) == 0
    assert answers.asked == []


def test_an_issue_is_looked_for_on_every_page(forge, answers, tmp_path):
    page = [comment("about something else", id=n) for n in range(1, 101)]
    issues = ("GET", "/repos/lab/storages/issues")
    answers.of[issues] = [
        (200, page),
        (200, [comment("<!-- reconciler drift production -->", id=9)]),
    ]
    answers.of[("PATCH", "/repos/lab/storages/issues/9")] = [(200, {})]
    assert forge.main(["issue", "--close"]) == 0
    assert answers.asked[-1][:3] == ("PATCH", "/repos/lab/storages/issues/9", {"state": "closed"})
    answers.of[issues] = [(200, page)]
    forge.PAGES = 2
    assert forge.main(["issue", "--close"]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("INPUT_ENVIRONMENT", "a --> b"), ("INPUT_ENVIRONMENT", ""), ("GITHUB_TOKEN", "")],
)
def test_a_step_that_is_not_set_up_says_so(forge, monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    assert forge.main(["issue", "--close"]) == 1
    assert "Stopped: " in capsys.readouterr().err
