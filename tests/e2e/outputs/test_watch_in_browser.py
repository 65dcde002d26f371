"""The page of a watch in a browser: by keyboard, by ear, while it changes, without a script."""

from functools import partial

import pytest
from msgspec.structs import replace

from reconciler.environment.timestamps import utc_now
from reconciler.watching.conditions import KINDS, Condition, Lasting
from support.browser import IN_BROWSER, Opened
from support.server.watched import serving
from support.values.watched import ago, calm, eventful, large, storage

pytestmark = IN_BROWSER
HOSTILE = "</style></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}\u202ex"
#: What can be reached by keyboard, in the order of the page.
CONTROLS = "a[href], button, input, select, summary"
#: The element that has the focus, as its place among these; -1 for others.
FOCUSED = f"[...document.querySelectorAll('{CONTROLS}')].indexOf(document.activeElement)"
REFRESH = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture(scope="module")
def watch():
    with serving(calm()) as served:
        yield served


class Page(Opened):
    """The page of a watch, which asks nobody but its own server."""

    def __init__(self, browser, watch, status=None, query="", **options):
        watch.status = status or calm()
        self.origin = watch.url
        super().__init__(browser, f"{watch.url}{query}", **options)

    def refresh(self, watch, status):
        """Have the page take over another status."""
        watch.status = status
        with self.page.expect_response(lambda one: one.url.startswith(self.origin)):
            self.page.evaluate(REFRESH)

    def top(self, selector):
        """Tell where in the window something is."""
        return self.page.locator(selector).evaluate("one => one.getBoundingClientRect().top")

    def close(self):
        """Check that nothing was complained of, and nobody else was asked."""
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(self.origin)] == []
        self.context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("status", [eventful, lambda: replace(calm(), storages=None, looked_at="")])
def test_axe_finds_nothing_that_shuts_anybody_out(chromium, watch, status, colours):
    opened = Page(chromium, watch, status(), width=360, color_scheme=colours)
    for summary in opened.page.locator("summary").all():
        summary.click()
    assert opened.faults() == []
    assert opened.overflow() == 0
    opened.close()


def test_every_control_is_reached_by_keyboard_and_has_a_name(chromium, watch):
    opened = Page(chromium, watch, replace(eventful(), storages=large(101).storages))
    page = opened.page
    number = page.locator(CONTROLS).count()
    reached = []
    for _ in range(number):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached == [*range(number)]
    tree = page.locator("body").aria_snapshot()
    kinds = ("- link", "- button", "- searchbox", "- combobox")
    controls = [line.strip() for line in tree.splitlines() if line.strip().startswith(kinds)]
    assert len(controls) >= 14
    assert [line for line in controls if '"' not in line] == []
    for role in ("banner", "main", "contentinfo", "navigation", "search"):
        assert f"- {role}" in tree
    for picture in ("Drift. Storages that are not", "Coverage. Files proved within"):
        assert f'figure "{picture}' in tree
    page.get_by_role("button", name="Hold still").press("Space")
    assert page.get_by_role("button", pressed=True).count() == 1
    page.get_by_role("link", name="Next page").press("Enter")
    page.wait_for_url("**/?page=2#storages")
    assert page.locator(".rows > li").count() == 1
    opened.close()


def test_a_refresh_moves_nothing_and_keeps_what_the_reader_chose(chromium, watch):
    before = eventful()
    opened = Page(chromium, watch, before, query="?words=a")
    page = opened.page
    page.locator("[data-key=id-raw] summary").click()
    page.locator("[data-key=id-raw] summary").focus()
    page.evaluate("scrollTo(0, document.querySelector('[data-key=id-raw]').offsetTop - 300)")
    place = opened.top("[data-key=id-raw]")
    new = [Lasting(Condition("drift", f"a{n}", "missing", "not live"), ago(9)) for n in range(30)]
    more = tuple(storage(f"a{n}", "missing") for n in range(30))
    storages = tuple(one for one in before.storages if one.name != "models")
    opened.refresh(
        watch,
        replace(before, lasting=(*before.lasting, *new), storages=(*more, *storages)),
    )
    page.wait_for_selector("[data-key=id-a7]")
    assert page.locator("[data-key=id-models]").count() == 0
    assert opened.top("[data-key=id-raw]") == pytest.approx(place, abs=1)
    assert page.locator("[data-key=id-raw] details").get_attribute("open") is not None
    assert page.evaluate("document.activeElement.closest('li').dataset.key") == "id-raw"
    assert page.get_by_role("searchbox").input_value() == "a"
    assert "33 storages not as declared" in page.locator("#news").text_content()
    assert page.title().startswith("blocked")
    opened.refresh(watch, replace(before, storages=storages[:1]))  # what had the focus goes
    page.wait_for_selector("[data-key=id-raw]", state="detached")
    assert page.evaluate("document.activeElement.id") == "storages"
    opened.close()


def test_what_has_not_changed_is_not_sent_again(chromium, watch):
    opened = Page(chromium, watch, calm())
    opened.page.evaluate("document.querySelector('h1').dataset.mine = 'yes'")
    with opened.page.expect_response(watch.url) as response:
        opened.page.evaluate(REFRESH)
    assert response.value.status == 304
    assert opened.page.locator("h1").get_attribute("data-mine") == "yes"
    opened.close()


def test_ten_thousand_storages_are_searched_within_half_a_second(chromium, watch):
    """In time of the page's own thread, which does not depend on what else the machine does."""
    opened = Page(chromium, watch, large(10_000))
    page = opened.page
    assert len(page.content()) < 200_000
    assert "10,000 storages; 1 to 100 stand on this page." in page.locator("main").text_content()
    took = {}
    for words, number in (("raw-04", "1,000"), ("raw-09999 LABEL", "1"), ("nobody", "0")):
        told = f"Found {number} of 10,000 storages"
        took[words] = opened.seconds(partial(searched, page, words, told))
    assert page.url.endswith("?words=nobody")
    assert all(value < 0.5 for value in took.values()), took
    opened.close()


def searched(page, words, told):
    page.get_by_role("searchbox", name="Search").fill(words)
    page.get_by_text(told).wait_for()


def test_hostile_words_are_words(chromium, watch):
    plain = Page(chromium, watch, eventful())
    names, _ = plain.contents()
    plain.close()
    status = eventful()
    status = replace(
        status,
        platform=HOSTILE,
        lasting=tuple(Lasting(Condition(kind, *[HOSTILE] * 3), ago(9)) for kind in KINDS),
        storages=(replace(storage(HOSTILE), label=HOSTILE, location=HOSTILE, id=HOSTILE),),
        findings=tuple(replace(one, path=HOSTILE, explain=HOSTILE) for one in status.findings),
        runs=tuple(replace(one, actor=HOSTILE, job=HOSTILE) for one in status.runs),
    )
    opened = Page(chromium, watch, status)
    found, text = opened.contents()
    assert found - names <= {"mark"}
    assert text.count("onerror=alert(1)") > 20
    opened.page.get_by_role("searchbox").fill(HOSTILE)
    opened.page.get_by_text("Found 1 of 1 storage").wait_for()
    assert opened.contents()[0] - names <= {"mark"}
    opened.close()


def test_without_a_script_it_is_read_searched_and_loaded_again(chromium, watch):
    opened = Page(chromium, watch, eventful(), java_script_enabled=False)
    page = opened.page
    assert page.locator("noscript > meta").get_attribute("content") == "30"
    assert not page.get_by_role("button", name="Hold still").is_visible()
    assert page.get_by_text("Found").count() == 0
    page.get_by_role("searchbox", name="Search").fill("raw")
    page.get_by_role("combobox", name="Show").select_option(label="all storages")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("status").filter(has_text="Found 1 of 5 storages").is_visible()
    assert page.locator("main").get_by_text("file:///data/raw").is_visible()
    opened.close()


def test_a_page_that_is_held_still_says_when_it_is_too_old(chromium, watch):
    opened = Page(chromium, watch)
    page = opened.page
    page.clock.install()
    page.reload()
    page.get_by_role("button", name="Hold still").click()
    page.clock.run_for(240_000)
    assert not page.get_by_role("alert").is_visible()
    page.clock.run_for(120_000)
    page.get_by_text("This page is held still since").wait_for()
    assert page.locator("h1 .status").text_content() == "unknown"
    with page.expect_response(watch.url) as response:
        page.get_by_role("button", name="Hold still").click()
    assert response.value.status == 200
    page.get_by_role("alert").wait_for(state="hidden")
    assert page.locator("h1 .status").text_content() == "as declared"
    opened.close()


def test_a_watch_that_does_not_answer_leaves_all_unknown(chromium):
    with serving(calm()) as watch:
        opened = Page(chromium, watch, calm())
        page = opened.page
        assert page.locator("h1 .status").text_content() == "as declared"
        page.route("**/*", lambda route: route.abort())
        page.evaluate(REFRESH)
        alert = page.get_by_role("alert")
        alert.filter(has_text="nobody knows how things stand now").wait_for()
        assert page.locator("h1 .status").text_content() == "unknown"
        page.unroute("**/*")
        watch.status = replace(calm(), looked_at=ago(10, utc_now()))
        page.evaluate(REFRESH)
        alert.wait_for(state="hidden")
        assert page.locator("h1 .status").text_content() == "as declared"
        opened.context.close()
