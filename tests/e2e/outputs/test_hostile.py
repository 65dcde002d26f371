"""Nothing that a manifest, a platform or a storage says is more than text, in any output.

Each row of `OUTPUTS` says what the program sees that reads it, each of `RUNS` what is told, by
which command, and so in which formats. A new format is a row.
"""

import json
import os

import pytest

from reconciler.cli.commands import COMMANDS
from reconciler.cli.settings import FORMATS, HTML
from reconciler.printable import shown as visible
from support.browser import IN_BROWSER, Opened
from support.outputs import comments, documents, pages, runners, screens
from tests.e2e.conftest import Folder
from tests.e2e.jetraw.test_modules import MODULE

#: Played whole for each commit, and not by a third: see tests/support/sampling.py.
pytestmark = pytest.mark.sampled(1_000)

FAILS = """
def list_storages(*, client=None):
    raise RuntimeError(json.loads(pathlib.Path("said.json").read_text()))
"""
#: What anybody may declare.
PRINTABLE = [
    "::error file=x::owned",
    "  ::stop-commands::x",
    "##[add-mask]true",
    "##vso[task.setvariable variable=a]b",
    "##teamcity[setParameter name='a' value='b']",
    "##octopus[setVariable name='YQ==' value='Yg==']",
    "section_start:0:x",
    "[click](https://evil.example/a)",
    "![image](https://evil.example/i.png)",
    "[x]: https://evil.example/b",
    "<https://evil.example/c>",
    "https://evil.example/d www.evil.example ann@evil.example",
    "@all @org/team #1 GH-1 !1",
    "``` fence",
    "| a | b |",
    "|---|---|",
    "# heading",
    "/close",
    "- [ ] task",
    "a `b` **c** _d_ ~~e~~ $f$",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- comment",
    "]]>&amp;&lt;",
    "%0A::error::x",
    "it's 'quoted' ::error::x",
    "{0} %{strong_start} ${{ github.token }} $(id)",
    "x" * 60_000,
]
#: What only a platform, or a file system, can hold.
CONTROL = [
    "a\r\n::error::b",
    "a\n\n# b\n\n```\nc\n/merge",
    "a\u2028::error::b\x85::error::c\x0b::error::d",
    "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b2J",
    "\u202egnp.exe\u2066\u200b\u00ad\ufeff::error::x",
    "\x00\x08\x7f\ufffe\uffff",
    "\ud800 lone \udfff",
]
ALL = PRINTABLE + CONTROL
FORMATS_OF = {row.name: row.command.formats for row in COMMANDS}


class Run:
    """What a command has told, in every format that it has."""

    def __init__(self, folder, *arguments, code, env=None):
        self.folder = folder
        (folder.path / ".git").mkdir(exist_ok=True)
        files = {name: f"told-{name}" for name in FORMATS_OF[arguments[0]]}
        asked = [word for name, file in files.items() for word in ("-o", f"{name}={file}")]
        variables = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", **(env or {})}
        done = folder(*arguments, *asked, "-o", "github", code=code, env=variables)
        self.printed = {"stdout": done.stdout, "stderr": done.stderr}
        self.told = {name: folder.read(file) for name, file in files.items()}
        self.told |= {"outputs": folder.read("output"), "summary": folder.read("summary")}


class Each(Run):
    """What a command that writes to standard output alone has told, in one format after another.

    In an argument FORMAT is the name of the format: what is done anew for each.
    """

    def __init__(self, folder, *arguments, code=0, env=None):
        self.folder, self.told, self.printed = folder, {}, {}
        for name in (each for each in FORMATS_OF[arguments[0]] if each in (*FORMATS, HTML)):
            words = [word.replace("FORMAT", name) for word in arguments]
            around = {"STORE": f"store-{name}.json", **(env or {})}
            done = folder(*words, "-o", name, code=code, env=around)
            self.told[name] = done.stdout
            self.printed[f"stderr of {name}"] = done.stderr


def declared(**more):
    text = json.dumps({"version": 1, "platform": "jetraw+module:ours", **more}, ensure_ascii=False)
    return text.replace("$", "$$")


def entry(name, number, **more):
    return {"name": name, "type": "local", "default_url": f"/data/{number}", **more}


def live(name, number, **more):
    row = {"id": f"id-{number}", "name": name, "label": name, "type": "local"}
    return row | {"default_url": f"/data/{number}"} | more


def with_module(folder, rows, module=MODULE):
    (folder.path / "ours.py").write_text(module)
    folder.write(json.dumps(rows), "store.json")
    return {"PYTHONPATH": str(folder.path)}


def _storages(folder):
    """Declare what is changed, created and removed, beside what nobody declared."""
    entries = [entry(name, n, label=f"new {name}") for n, name in enumerate(PRINTABLE)]
    removed = [{"name": f"removed {name}"} for name in PRINTABLE]
    rows = [live(name, n) for n, name in enumerate(PRINTABLE) if n % 2]
    rows += [live(f"removed {name}", 100 + n) for n, name in enumerate(PRINTABLE)]
    rows += [live(f"undeclared {name}", 200 + n) for n, name in enumerate(ALL)]
    rows += [live(f"label {n}", 300 + n, label=name) for n, name in enumerate(ALL)]
    rows += [live(f"url {n}", n, default_url=f"/{name}", id=f"u-{n}") for n, name in enumerate(ALL)]
    folder.write(declared(storages=entries, removed=removed))
    return with_module(folder, rows)


def invalid(folder):
    wrong = [{"name": name, "type": name, name: name, "label": [name]} for name in PRINTABLE]
    folder.write(declared(storages=wrong, removed=PRINTABLE, policy={"undeclared": PRINTABLE[0]}))
    return Run(folder, "validate", code=65)


def warned(folder):
    names = [*PRINTABLE[:-1], *(f"{name} " for name in PRINTABLE[:-1])]
    entries = [entry(name, n) for n, name in enumerate(names)]
    folder.write(declared(storages=entries))
    return Run(folder, "validate", code=0)


def blocked(folder):
    return Run(folder, "plan", code=3, env=_storages(folder))


def drifted(folder):
    return Run(folder, "drift", code=2, env=_storages(folder))


def failed(folder):
    folder.write(declared(storages=[entry("a", 1)]))
    variables = with_module(folder, [], MODULE + FAILS)
    folder.write(json.dumps("\n".join(ALL[:-1])), "said.json")
    return Run(folder, "plan", code=1, env=variables)


def misused(folder):
    return Run(folder, "plan", "--target", "x", "::error::x\n::error::y", code=64)


def _file(folder, path, data):
    """Write a file whose name is bytes, as of long ago."""
    file = folder.path / "nas" / os.fsdecode(path)
    file.write_bytes(data)
    os.utime(file, (1_600_000_000, 1_600_000_000))
    return file


def verified(folder):
    """Let files of hostile names rot and go."""
    names = [name.replace("/", "|").replace("\0", "")[:200] for name in ALL]
    paths = [
        f"{what} {n}".encode("utf-8", "surrogatepass") for what in ("rots", "goes") for n in names
    ]
    nas = folder.path / "nas"
    nas.mkdir()
    for path in paths:
        _file(folder, path, b"good")
    folder.write(declared(storages=[entry(PRINTABLE[5], 1, default_url=str(nas))]))
    env = with_module(folder, [live(PRINTABLE[5], 1, default_url=str(nas))])
    folder("scan", "--into", "proofs", "-q", env=env)
    folder("snapshot", "create", "proofs", "-q", env=env)
    for path in paths:
        file = _file(folder, path, b"evil")
        if path.startswith(b"goes"):
            file.unlink()
    return Run(folder, "verify", "proofs", "--deep", code=7, env=env)


def objective(folder):
    proof, nas = {"every": "30d"}, str(folder.path / "nas")
    folder.write(declared(proof=proof, storages=[entry(PRINTABLE[5], 1, default_url=nas)]))
    return Run(folder, "verify", "proofs", "--objective", code=7)


def explained(folder):
    path = f"rots {PRINTABLE[0]}"
    return Each(folder, "verify", "proofs", "--explain", PRINTABLE[5], path, code=7)


def scanned(folder):
    env = {"PYTHONPATH": str(folder.path), "STORE": "store.json"}
    return Each(folder, "scan", "--into", "proofs", env=env, code=7)


def listed(folder):
    names = [*PRINTABLE[:-1], *CONTROL]  # each cell of a column would be as wide as the longest
    folder.write(declared(storages=[entry(PRINTABLE[0], 0)]))
    env = with_module(folder, [live(name, n) for n, name in enumerate(names)])
    return Each(folder, "list", env={**env, "STORE": "store.json"})


def shown(folder):
    entries = [entry(name, n, label=f"new {name}") for n, name in enumerate(PRINTABLE)]
    folder.write(declared(storages=entries))
    folder("plan", "--out", "plan.json", "-q", env=with_module(folder, []))
    return Run(folder, "show", "plan.json", code=0)


def applied(folder):
    entries = [entry(name, n, label=f"new {name}") for n, name in enumerate(PRINTABLE[:-1])]
    folder.write(declared(storages=entries))
    return Each(folder, "apply", "-y", "--platform", "sqlite:///FORMAT.db")


def told_later(folder):
    return Each(folder, "history", "--name", "*", "--platform", "sqlite:///text.db")


def told_of_one(folder):
    there = ("history", "--platform", "sqlite:///text.db")
    run = json.loads(folder(*there, "-o", "json").stdout)["runs"][0]
    return Each(folder, "history", run["run"])


#: What goes on in the folder of another run.
AFTER = {
    **dict.fromkeys((objective, explained, scanned), "verified"),
    **dict.fromkeys((told_later, told_of_one), "applied"),
}
#: What writes its formats into files, with the command that it is of, and what has but one place.
INTO_FILES = {
    invalid: "validate",
    warned: "validate",
    blocked: "plan",
    drifted: "drift",
    failed: "plan",
    misused: "plan",
    verified: "verify",
    objective: "verify",
    shown: "show",
}
ALONE = {
    explained: "verify",
    scanned: "scan",
    listed: "list",
    applied: "apply",
    told_later: "history",
    told_of_one: "history",
}
RUNS = {run.__name__: run for run in (*INTO_FILES, *ALONE)}
#: Each run with each output that it has; GitHub reads two more.
TOLD = [
    (run.__name__, output)
    for run, name in (*INTO_FILES.items(), *ALONE.items())
    for output in (*FORMATS_OF[name], "outputs", "summary")
    if run in INTO_FILES or output in (*FORMATS, HTML)
]


def _text(told, run):
    drawn, done = screens.seen(told)
    assert not done
    assert drawn.strip()
    assert all(char.isprintable() or char == " " for char in drawn)


def _json(told, run):
    json.loads(told)


def _markdown(told, run):
    seen = comments.seen(told.removeprefix(comments.SIGNED))
    assert (seen.tags, seen.links, seen.mentions) == ((), (), ())
    made = {kind.removesuffix("_open").removesuffix("_close") for kind in seen.kinds}
    known = {"heading", "paragraph", "inline", "text", "strong", "code_inline", "html_inline"}
    known |= {"bullet_list", "list_item", "softbreak", "text_special"}
    known |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert made <= known
    assert len(told.encode("utf-16-le", "surrogatepass")) // 2 <= 65_536


def _html(told, run):
    pages.seen(told)


def _github(told, run):
    found = list(runners.commands(told))
    assert {command.name for command in found} <= {"error", "warning"}
    for level in ("error", "warning"):
        assert sum(command.name == level for command in found) <= 10
    for command in found:
        known = {"title", "file", "line", "col", "endLine", "endColumn"}
        assert command.properties.keys() <= known
        assert command.properties.get("file", "storages.yaml") == "storages.yaml"
        told = command.data + command.properties["title"]
        assert all(char.isprintable() for char in told)
        assert len(command.data) <= 4_096
        assert len(command.properties["title"]) <= 255


def _outputs(told, run):
    outputs = runners.outputs(told)
    keys = ("status", "exit_code", "digest", "counts", "errors", "warnings", "headline")
    assert tuple(outputs) == keys
    assert all(value.isprintable() for value in outputs.values())
    json.loads(outputs["counts"])


def _gitlab(told, run):
    for found in documents.quality(told):
        assert found["description"].isprintable()
        assert found["location"]["path"] == "storages.yaml"


def _widget(told, run):
    documents.widget(told)


def _sarif(told, run):
    for result in documents.sarif(told)["results"]:
        assert result["message"]["text"].isprintable()


def _junit(told, run):
    suites = documents.junit(told)
    known = {"testsuites", "testsuite", "testcase", "failure", "error", "system-out"}
    assert {element.tag for element in suites.iter()} <= known
    texts = [t for e in suites.iter() for t in (e.text or "", *e.attrib.values())]
    assert all(line.isprintable() for text in texts for line in text.strip().split("\n"))


OUTPUTS = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
    "github": _github,
    "gitlab": _gitlab,
    "gitlab-widget": _widget,
    "sarif": _sarif,
    "junit": _junit,
    "outputs": _outputs,
    "summary": _markdown,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, warm):
    """Give what a run has told; each is played once."""
    known = {}

    def get(name):
        if name not in known:
            known[name] = None
            before = AFTER.get(RUNS[name])
            folder = Folder(tmp_path_factory.mktemp(name), warm)
            known[name] = RUNS[name](get(before).folder if before else folder)
        assert known[name], "an earlier test shows why"
        return known[name]

    return get


@pytest.mark.parametrize(("run", "output"), TOLD)
def test_whoever_reads_an_output_sees_text(runs, run, output):
    OUTPUTS[output](runs(run).told[output], runs(run))


@IN_BROWSER
@pytest.mark.parametrize("run", [run for run, output in TOLD if output == HTML])
def test_a_browser_shows_text(runs, run, chromium):
    file = runs(run).folder.path / "page.html"
    file.write_text(runs(run).told[HTML], encoding="utf-8")
    opened = Opened(chromium, file, width=360, color_scheme="dark" if len(run) % 2 else "light")
    found = pages.seen(runs(run).told[HTML])
    there, text = opened.contents()
    written = {*found.tags, *(name for name, _ in found.attributes)}
    assert written - there <= {"hidden"}  # of the search, which a script shows
    assert there <= written
    assert text == "".join(found.text.split())
    assert opened.overflow() == 0
    opened.close()


@pytest.mark.parametrize("run", RUNS)
def test_no_runner_finds_a_command_in_what_is_printed(runs, run):
    """That goes for each report, as a job may print the file, and for messages and tracebacks."""
    for name, text in {**runs(run).printed, **runs(run).told}.items():
        if name not in ("stdout", "github"):
            assert list(runners.commands(text)) == [], name
        assert runners.others(text) == [], name
        if name != "outputs":
            assert "\x1b" not in text


@pytest.mark.parametrize("run", ["invalid", "blocked", "drifted", "verified"])
def test_a_terminal_draws_text(runs, run):
    folder = runs(run).folder
    line, code = {
        "invalid": (("validate",), 65),
        "blocked": (("plan",), 3),
        "drifted": (("drift",), 2),
        "verified": (("verify", "proofs", "--deep", "-q"), 7),
    }[run]
    env = {"PYTHONPATH": str(folder.path)}
    _text(folder.on_terminal(*line, code=code, env=env).replace("\x1b[0m", ""), None)


def test_nor_in_a_traceback(runs):
    path = runs("failed").folder.path
    told = runs("failed").folder.shell(f'PYTHONPATH={path} "$0" plan --debug')
    assert "Traceback" in told.stderr
    assert list(runners.commands(told.stdout + told.stderr)) == []


@pytest.mark.parametrize("run", ["blocked", "shown", "applied", "told_of_one"])
def test_names_are_the_same_in_json_and_on_a_page(runs, run):
    told = json.loads(runs(run).told["json"])
    names = {operation["name"] for operation in (told.get("runs", [told])[0])["operations"]}
    assert names >= set(PRINTABLE[:-1])
    page = pages.seen(runs(run).told[HTML]).text
    assert [name for name in names if visible(name) not in page] == []
