"""A real browser without a window, for pages that the program writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: What the distributions call it; `.ci/run` installs it where it can.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: A browser takes a second or two to start: each commit looks at some of the pages.
IN_BROWSER = pytest.mark.sampled(2, of="pages in a browser")
#: Nothing of its own goes over the network; the sandbox is no use to root in a container.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: What a page is made of, whoever wrote it; what a style or a script says is no text.
_CONTENTS = """() => {
    const all = [...document.querySelectorAll("*")];
    const names = all.flatMap(one => [one.localName, ...one.getAttributeNames()]);
    const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll("style, script").forEach(one => one.remove());
    return [[...new Set(names)], copy.textContent];
}"""


@contextmanager
def browser() -> Iterator[object]:
    """Yield a browser; skips the test on a machine that has none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is installed: one of {', '.join(NAMES)}")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=[*FLAGS])
        yield running
        running.close()


class Opened:
    """A page that is open, and all that its browser complained of or asked for."""

    def __init__(self, browser, file: Path | str, *, width=1100, **options) -> None:
        """Open a file, or an address."""
        view = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=view, **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri() if isinstance(file, Path) else file)

    def _dialog(self, dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def shown(self) -> list[str]:
        """Name what is not hidden, in the order of the page."""
        names = ".items > li:not([hidden]) > h3 > code:last-of-type"
        return self.page.locator(names).all_text_contents()

    def contents(self) -> tuple[set[str], str]:
        """Name all elements and attributes that there are, and give all text, without its space."""
        names, text = self.page.evaluate(_CONTENTS)
        return set(names), "".join(text.split())

    def overflow(self) -> int:
        """Tell by how many pixels the page is wider than its window."""
        return self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def faults(self) -> list[str]:
        """Tell what axe-core finds wrong for those who can't see the page, or not well."""
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - reads half a MiB

        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]

    def seconds(self, act: Callable[[], object]) -> float:
        """Do something to the page, and tell what that cost its own thread."""
        asked = self.context.new_cdp_session(self.page)
        asked.send("Performance.enable", {"timeDomain": "threadTicks"})

        def spent() -> float:
            told = asked.send("Performance.getMetrics")["metrics"]
            return next(one["value"] for one in told if one["name"] == "TaskDuration")

        before = spent()
        act()
        self.page.evaluate("document.body.offsetHeight")
        return spent() - before

    def close(self) -> None:
        """Check that nothing was complained of, nor asked for but the page itself; close it."""
        assert self.complaints == []
        assert self.requests == [self.page.url.partition("#")[0]]
        self.context.close()
