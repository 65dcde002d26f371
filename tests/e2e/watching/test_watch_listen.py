"""`watch --listen`: who is told what, over real sockets, and who may poke."""

import base64
import http.client
import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from datetime import timedelta
from subprocess import DEVNULL, PIPE

import jsonschema
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.environment.timestamps import timestamp, utc_now
from reconciler.report.watching.document import document
from reconciler.report.watching.numbers import numbers
from reconciler.schemas import schema_text
from reconciler.server.watching.app import is_ready
from reconciler.watching.conditions import APPLYING, KINDS, LIVE, READING, Condition, Lasting
from reconciler.watching.status import Destination, Status
from support.repository import ROOT
from support.server.watched import Served, serving

SCHEMA = json.loads(schema_text("status"))
TOKEN = "0123456789abcdefghij"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PROMTOOL = shutil.which("promtool")
GETS = ("/", "/metrics", "/v1/status")
NOW = timestamp(utc_now(), "seconds")
HOSTILE = 'a"} 1\nreconciler_watch_live_storages 99 \u202e\\'
STATUS = Status(
    format_version=1,
    tool_version="0.1.0",
    at=NOW,
    started_at=NOW,
    interval=300.0,
    platform="https://storages.example.org",
    commit="",
    looked_at=NOW,
    seconds=0.25,
    tried_at=NOW,
    rounds=3,
    failures=1,
    digest="",
    declared=2,
    live=1,
    applied_at="",
    applied_code=None,
    paused_until="",
    lasting=(
        Lasting(Condition("drift", HOSTILE, "missing", HOSTILE), NOW),
        Lasting(Condition("blocked", "x", HOSTILE, HOSTILE), NOW),
    ),
    destinations=(
        Destination("team", "Slack", 2, 5, NOW, 3, NOW, "it was refused with status 500"),
        Destination("mail", "E-Mail", 0, 0, "", 0, "", ""),
    ),
)


class Asked:
    """Asks a watch, as whatever program or browser."""

    def __init__(self, watch):
        self.watch = watch

    def __call__(self, method, path, headers=None, host=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.watch.port, timeout=30)
        connection.putrequest(method, path, skip_host=True)
        host = host or f"127.0.0.1:{self.watch.port}"
        for name, value in {"Host": host, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer


@contextmanager
def asking(token=None):
    with serving(STATUS, token) as watch:
        yield Asked(watch)


@pytest.fixture(scope="module")
def open_one():
    with asking() as asked:
        yield asked


@pytest.fixture(scope="module")
def closed_one():
    with asking(TOKEN) as asked:
        yield asked


def test_this_machine_is_told_without_a_token(open_one):
    answer = open_one("GET", "/v1/status")
    assert answer.status == 200
    jsonschema.validate(json.loads(answer.text), SCHEMA)
    assert [one["name"] for one in json.loads(answer.text)["conditions"]] == [HOSTILE, "x"]
    team, mail = json.loads(answer.text)["destinations"]
    assert (team["problem"], team["waiting"]) == ("it was refused with status 500", 2)
    assert (mail["problem"], mail["told_at"], mail["failing_since"]) == (None, None, None)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert open_one("GET", "/page").status == 404
    assert open_one("GET", "/v1/status?all=1").status == 400
    assert open_one("DELETE", "/v1/status").status == 405
    assert open_one("GET", "/healthz").text == '{"status":"ok"}'


def test_the_numbers_are_numbers_whatever_names_say(open_one):
    answer = open_one("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["reconciler_watch_live_storages",] == 1
    assert values["reconciler_watch_drifted_storages", "missing"] == 1
    assert values["reconciler_watch_drifted_storages", "changed"] == 0
    assert values["reconciler_watch_blocking_reasons", HOSTILE] == 1
    assert values["reconciler_watch_failed_looks_total",] == 1
    assert values["reconciler_watch_notifications_total", "team"] == 5
    assert values["reconciler_watch_notification_failures", "team"] == 3
    assert values["reconciler_watch_untold_conditions", "team"] == 2
    known = {key[1] for key in values if key[0] == "reconciler_watch_conditions"}
    assert known == READING | LIVE | APPLYING  # nothing was pulled, and nothing scanned
    assert "reconciler_watch_last_apply_exit_code" not in families  # there was none
    assert all(family.documentation for family in families.values())


def test_every_number_is_in_the_reference():
    status = msgspec.structs.replace(
        STATUS,
        commit="c0ffee",
        applied_at=NOW,
        applied_code=1,
        paused_until=NOW,
        scanned_at=NOW,
        scanned_code=0,
        oldest_proof=NOW,
        knows_files=True,
        scans=True,
        scanning_since=NOW,
    )
    for kind in KINDS:
        assert f'reconciler_watch_conditions{{kind="{kind}"}} ' in numbers(status)
    named = {line.split()[2] for line in numbers(status).splitlines() if line.startswith("# HELP")}
    text = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    assert named == set(re.findall(r"^\| `(reconciler_watch_\w+)` \|", text, re.M))


@pytest.mark.skipif(not PROMTOOL, reason="there is no promtool (Debian: apt install prometheus)")
def test_promtool_finds_nothing_wrong_with_the_numbers():
    told = numbers(STATUS)
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=told, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_nobody_knows_has_no_line():
    status = msgspec.structs.replace(STATUS, platform="", looked_at="", tried_at="", lasting=())
    assert "live_storages" not in numbers(status)
    assert "reconciler_watch_conditions" not in numbers(status)
    jsonschema.validate(json.loads(document(status)), SCHEMA)


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ({}, "evil.example.org"),  # a name that was made to lead here
        ({}, "127.0.0.1.evil.example.org"),
        ({"Origin": "https://evil.example.org"}, None),
        ({"Origin": "null"}, None),
        ({"Origin": "http://[::1"}, None),
        ({"Origin": "http://127.0.0.1:1"}, None),  # another server of this machine
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, None),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, None),
        ({"X-Forwarded-For": "192.0.2.1"}, None),
        ({"Forwarded": "for=192.0.2.1"}, None),
    ],
)
@pytest.mark.parametrize("path", GETS)
def test_a_page_of_somebody_else_and_a_proxy_are_told_nothing(open_one, path, headers, host):
    answer = open_one("GET", path, headers, host)
    assert answer.status == 421
    assert "storages.example.org" not in answer.text


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"]
)
def test_where_there_is_a_token_nobody_is_told_anything_without_it(closed_one, authorization):
    """Also on this machine: a proxy that says nothing of itself is on it, too."""
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in GETS:
        answer = closed_one("GET", path, headers)
        challenge = answer.headers["WWW-Authenticate"].partition(" ")[0]
        assert (answer.status, challenge) == (401, "Basic" if path == "/" else "Bearer")
        assert "storages.example.org" not in answer.text
    assert closed_one("GET", "/healthz").status == 200
    for path in GETS:  # the holder of the token may come through a proxy, by any name
        assert (
            closed_one("GET", path, {**BEARER, "Via": "1.1 x"}, "watch.example.org").status == 200
        )


def test_the_page_is_served_with_a_policy_and_kept_by_nobody(open_one):
    answer = open_one("GET", "/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "https://storages.example.org" in answer.text
    (policy,) = answer.headers.get_all("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "no-store" in answer.headers.get_all("Cache-Control")
    assert answer.headers["X-Frame-Options"] == "DENY"
    again = open_one("GET", "/", {"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    assert again.headers.get_all("Content-Security-Policy") == [policy]
    other = open_one("GET", "/?words=nas", {"If-None-Match": answer.headers["ETag"]})
    assert other.status == 200
    for wrong in ("?token=x", "?page=one", "?show=secrets", "?page=1&page=2"):
        assert open_one("GET", f"/{wrong}").status == 400
    assert open_one("POST", "/").status == 405


def test_a_browser_that_was_given_the_token_may_read_and_nothing_else(closed_one):
    def basic(password, user="ada"):
        text = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {text}"}

    for path in GETS:
        assert closed_one("GET", path, basic(TOKEN)).status == 200
        assert closed_one("GET", path, basic(TOKEN, user="")).status == 200
        assert closed_one("GET", path, basic(f"{TOKEN}x")).status == 401
        assert closed_one("GET", path, basic("", user=TOKEN)).status == 401
        foreign = {**basic(TOKEN), "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert closed_one("GET", path, foreign).status == 421
    assert closed_one("GET", "/", {"Authorization": "Basic \xff"}).status == 401
    through = {"X-Forwarded-For": "192.0.2.1"}
    asked = closed_one("GET", "/", through, "watch.example.org")
    assert (asked.status, asked.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
    given = closed_one("GET", "/", {**through, **basic(TOKEN)}, "watch.example.org")
    assert given.status == 200
    before = closed_one.watch.pokes
    assert closed_one("POST", "/poke", basic(TOKEN)).status == 401
    assert closed_one.watch.pokes == before


def test_a_poke_wants_the_token_and_no_page_can_send_one(closed_one):
    before = closed_one.watch.pokes
    assert closed_one("POST", "/poke").status == 401
    assert closed_one("POST", "/poke", {"Authorization": "Bearer wrong"}).status == 401
    foreign = {**BEARER, "Origin": "https://evil.example.org"}
    assert closed_one("POST", "/poke", foreign).status == 421
    assert closed_one("GET", "/poke", BEARER).status == 405
    assert closed_one.watch.pokes == before
    assert closed_one("POST", "/poke", BEARER).status == 202
    assert closed_one.watch.pokes == before + 1


def test_without_a_token_nobody_can_poke():
    with asking() as one:
        assert one("POST", "/poke", BEARER).status == 401
        assert one("GET", "/v1/status", BEARER).status == 401
        assert one("GET", "/v1/status").status == 200
        assert one("GET", "/", {"X-Forwarded-For": "192.0.2.1"}).status == 421
        assert one.watch.pokes == 0


def test_a_watch_whose_looks_fail_is_not_ready(open_one):
    assert open_one("GET", "/readyz").status == 200
    for changes in ({"rounds": 0}, {"looked_at": ""}, {"looked_at": "2026-01-01T00:00:00Z"}):
        open_one.watch.status = msgspec.structs.replace(STATUS, **changes)
        answer = open_one("GET", "/readyz")
        assert (answer.status, answer.text) == (503, '{"status":"not ready"}')
        assert open_one("GET", "/healthz").status == 200
    open_one.watch.status = STATUS


def test_a_poke_has_the_watch_look_at_once(applied):
    with applied.start(
        *("watch", "--interval", "1h", "--listen", "127.0.0.1:0"),
        env={"RECONCILER_WATCH_TOKEN": TOKEN},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            port = int(re.search(r"http://127\.0\.0\.1:([0-9]+)", process.stderr.readline())[1])
            assert process.stderr.readline().startswith("Watching ")
            asked = Asked(Served(port, STATUS))
            text = applied.read("storages.yaml")
            applied.write(text.replace("label: NAS", "label: Other"))
            assert asked("POST", "/poke", BEARER).status == 202
            assert " drift: 'nas': not as declared" in process.stdout.readline()
            told = json.loads(asked("GET", "/v1/status", BEARER).text)
            jsonschema.validate(told, SCHEMA)
            assert [one["kind"] for one in told["conditions"]] == ["drift"]
            assert told["platform"].startswith("sqlite:///")
            assert [one["standing"] for one in told["storages"]].count("changed") == 1
            assert told["differences"][0]["sides"] == [
                {"field": "label", "live": "NAS", "declared": "Other"}
            ]
            assert [one["done"] for one in told["runs"]] == ["3 operations: 3 done."]
            assert "1 storage not as declared." in asked("GET", "/", BEARER).text
            assert 'drifted_storages{kind="changed"} 1' in asked("GET", "/metrics", BEARER).text
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("listen", "token", "says"),
    [
        ("0.0.0.0:0", None, "everybody who can reach 0.0.0.0"),
        ("127.0.0.1:0", "short", "could be guessed"),
        ("nowhere", None, "no address to listen on"),
    ],
)
def test_what_would_let_strangers_in_is_refused_at_the_start(applied, listen, token, says):
    env = {} if token is None else {"RECONCILER_WATCH_TOKEN": token}
    assert says in applied("watch", "--once", "--listen", listen, code=64, env=env).stderr


def test_a_look_of_a_time_to_come_makes_no_watch_ready():
    now = utc_now()
    for ahead, ready in ((0, True), (30, True), (3_600, False)):
        at = timestamp(now + timedelta(seconds=ahead), "seconds")
        assert is_ready(msgspec.structs.replace(STATUS, looked_at=at), now) == ready
