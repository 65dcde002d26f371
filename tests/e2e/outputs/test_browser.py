"""Pages in a real browser: what it shows, what it lets nobody do, and how quick it is."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import pytest
from msgspec.structs import replace

from reconciler.report.html.page import ALARM, DOUBT, FINE, PLAIN, Group, Item, Page, Value
from reconciler.report.html.writing import written
from support.browser import IN_BROWSER, Opened
from support.repository import ROOT

pytestmark = IN_BROWSER


def manifest(number):
    entries = [
        {"name": f"raw-{n:05}", "type": "S3", "default_url": f"https://minio/raw-{n:05}"}
        for n in range(number)
    ]
    return json.dumps({"version": 1, "platform": "sqlite:///platform.db", "storages": entries})


def page_of(folder, *arguments, code=0):
    """Write a page by a command, as a file."""
    file = folder.path / "page.html"
    file.write_text(folder(*arguments, "-o", "html", code=code).stdout, encoding="utf-8")
    return file


def test_search_and_filter_by_keyboard_with_a_name_for_each_control(applied, chromium):
    applied.write(applied.read("storages.yaml").replace("label: NAS", "label: Other"))
    applied.write(applied.read("storages.yaml") + "  - {name: new, type: local, default_url: /n}\n")
    opened = Opened(chromium, page_of(applied, "plan"), color_scheme="dark")
    page = opened.page
    assert opened.shown() == ["nas", "new"]
    page.get_by_role("searchbox", name="Search").press_sequentially("OTHER")
    assert opened.shown() == ["nas"]
    assert page.get_by_role("status").text_content().startswith("1 of 2 shown.")
    page.get_by_role("searchbox", name="Search").fill("")
    page.get_by_role("checkbox", name="update (1)").press("Space")
    assert opened.shown() == ["new"]
    tree = page.locator("body").aria_snapshot()
    controls = [line.strip() for line in tree.splitlines() if "box" in line or "- link" in line]
    assert len(controls) >= 5
    assert [line for line in controls if '"' not in line] == []
    for role in ("banner", "main", "contentinfo", "navigation", "search"):
        assert f"- {role}" in tree
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(13, 17, 23)"
    opened.close()


def everything():
    """Make a page that has all that pages have, at each level."""
    values = (Value("name", "a", "b"), Value("label", before="c"), Value("type", after="d"))
    more = {"was": "nas", "note": "done", "alarm": "gone", "lead": "Before:", "values": values}
    facts = ("why: 'x' is in `y`, see https://z/", "a\u202eb")
    items = [
        Item(f"kind {level}", f"item {level}", "nas", level=level, facts=facts, **more)
        for level in (FINE, PLAIN, DOUBT, ALARM)
    ]
    groups = [
        Group(f"Group {level}", tuple(items), "what it means", level, number=9)
        for level in (PLAIN, ALARM)
    ]
    counts = tuple((n, "counted", level) for n, level in enumerate((PLAIN, FINE, DOUBT, ALARM)))
    facts = (("digest", "sha256:00"), ("platform", "sqlite:///p.db"))
    page = Page("plan", "All of it.", "ready", PLAIN, ("gone",), ("Live: 1.",), counts, facts)
    return replace(page, groups=tuple(groups))


@pytest.mark.parametrize("level", [FINE, DOUBT, ALARM])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_that_shuts_anybody_out(tmp_path, chromium, level, colours):
    file = tmp_path / "page.html"
    file.write_text(written(replace(everything(), level=level)), encoding="utf-8")
    opened = Opened(chromium, file, width=360, color_scheme=colours)
    assert opened.faults() == []
    assert opened.overflow() == 0
    opened.close()


def test_without_a_script_all_is_there(applied, chromium):
    applied.write("version: 1\nplatform: sqlite:///platform.db\nstorages: []\n")
    opened = Opened(chromium, page_of(applied, "plan", code=3), java_script_enabled=False)
    assert not opened.page.get_by_role("searchbox").is_visible()
    headings = opened.page.locator("h2").all_text_contents()
    assert headings[0].startswith("What blocks it")
    for name in ("nas", "minio", "raw"):
        assert opened.page.get_by_text(name, exact=True).first.is_visible()
    assert "BLOCKED by 4 reasons" in opened.page.locator("p.alarm").first.text_content()
    opened.close()


@pytest.mark.long
@pytest.mark.sampled(1)  # not one of those of which a commit looks at some
def test_ten_thousand_operations_open_filter_and_scroll_within_two_seconds(folder, chromium):
    """In time of the processor, which does not depend on what else the machine does."""
    folder.write(manifest(10_000))
    opened = Opened(chromium, page_of(folder, "plan"))
    page = opened.page
    took = {"open": opened.seconds(page.reload)}
    for words in ("raw-04", "minio", ""):
        took[f"filter {words!r}"] = opened.seconds(partial(page.evaluate, FILTER, words))
    took["scroll"] = opened.seconds(partial(page.evaluate, SCROLL))
    print(took)
    assert sum(took.values()) < 2, took
    assert all(value < 0.2 for name, value in took.items() if name.startswith("filter")), took
    opened.requests.pop()  # the page itself, once more
    opened.close()


@pytest.mark.long
@pytest.mark.sampled(1)
@pytest.mark.usefixtures("chromium")
def test_the_pictures_of_the_documents_can_be_taken_anew(tmp_path):
    subprocess.run([sys.executable, ROOT / "docs" / "screenshots.py", tmp_path], check=True)
    kept = {path.name for path in (ROOT / "docs" / "pages").iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == kept
    assert all(path.stat().st_size < 120_000 for path in tmp_path.iterdir())


FRAME = "await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));"
FILTER = f"""async words => {{
    const input = document.querySelector("#words");
    input.value = words; input.dispatchEvent(new Event("input"));
    {FRAME} }}"""
SCROLL = f"""async () => {{
    for (let at = 1; at <= 20; at++) {{
        scrollTo(0, document.body.scrollHeight * at / 20); {FRAME} }} }}"""
