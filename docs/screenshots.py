"""Take the pictures of docs/pages.md and docs/watch.md in a browser: `python docs/screenshots.py`.

They are of pages that the installed command writes of storages that are made for it, and of the
page of a watch that tests know (`tests/support/values/watched.py`). It needs
Chromium, and Playwright, which is in the extra `test`. Other versions of the browser and other
fonts give other pictures: look at them before you commit them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from reconciler.report.html.watching.overview import Wish, overview
from reconciler.report.html.watching.page import html

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pages"
COMMAND = Path(sys.executable).with_name("reconciler")
#: What the distributions call it.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: Each picture: its page, and where in it, how wide and high the window is, and in which colours.
SHOTS = {
    "plan": ("plan", 1440, 760, "light"),
    "plan-narrow": ("plan", 360, 1000, "light"),
    "blocked-narrow": ("blocked", 360, 1000, "dark"),
    "verify": ("verify", 1440, 740, "dark"),
    "watch": ("watch", 1440, 540, "light"),
    "watch-storages": ("watch#course", 1440, 620, "dark"),
    "watch-narrow": ("watch", 360, 1000, "light"),
    "watch-storages-narrow": ("watch#course", 360, 1000, "dark"),
}
BEFORE = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: "NAS, building 3", type: local, default_url: LAB/nas}
  - {name: raw-2025, label: Raw frames, type: S3, region: eu-central-2, bucket: lab-raw-2025}
  - {name: scratch-2023, label: Scratch, type: local, default_url: LAB/scratch}
  - {name: old-minio, label: On-premise, type: S3, default_url: "https://minio.lab:9000/frames"}
"""
AFTER = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: "NAS, building 7", type: local, default_url: LAB/nas}
  - {name: raw-2025, label: Raw frames, type: S3, region: eu-central-2, bucket: lab-raw-2025}
  - name: minio
    renamed_from: [old-minio]
    label: On-premise
    type: S3
    default_url: "https://minio.lab:9000/frames"
  - {name: raw-2026, label: Raw frames 2026, type: S3, region: eu-central-2, bucket: lab-raw-2026}
  - {name: models, label: Trained models, type: S3, region: eu-central-2, bucket: lab-models}
"""
REMOVED = """\
removed: [{name: scratch-2023}]
"""
CONSENT = """\
removed: [{name: scratch-2023, id: ID, holds_files: true}]
"""


def run(lab: Path, *arguments: str) -> str:
    """Run the command in the lab, whatever its exit code says, and return what it prints."""
    line = [str(COMMAND), *arguments]
    done = subprocess.run(line, cwd=lab, check=False, capture_output=True, text=True)  # noqa: S603
    return done.stdout


def make(lab: Path) -> dict[str, Path]:
    """Make storages and change them, and write pages of what the command says of that."""
    for storage in ("nas", "scratch"):
        for number in range(40):
            file = lab / storage / f"2023-{number % 12 + 1:02}" / f"frame-{number:04}.tif"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"%d" % number * 64)
            os.utime(file, (1_680_000_000, 1_680_000_000))
    manifest = lab / "storages.yaml"
    manifest.write_text(BEFORE.replace("LAB", str(lab)))
    run(lab, "apply", "-y")
    run(lab, "scan", "scratch-2023")
    run(lab, "scan", "nas", "--into", "proofs")
    run(lab, "snapshot", "create", "proofs")
    for number in (7, 31):
        file = lab / "nas" / f"2023-{number % 12 + 1:02}" / f"frame-{number:04}.tif"
        file.write_bytes(b"X" + file.read_bytes()[1:])
        os.utime(file, (1_680_000_000, 1_680_000_000))
    (lab / "nas" / "2023-04" / "frame-0003.tif").unlink()
    after = AFTER.replace("LAB", str(lab))
    manifest.write_text(after + REMOVED)
    pages = {"blocked": run(lab, "plan", "-o", "html")}
    live = json.loads(run(lab, "list", "-o", "json"))["storages"]
    (scratch,) = (one["id"] for one in live if one["name"] == "scratch-2023")
    manifest.write_text(after + CONSENT.replace("ID", scratch))
    pages["plan"] = run(lab, "plan", "-o", "html")
    pages["verify"] = run(lab, "verify", "proofs", "--deep", "--scope", "nas", "-o", "html")
    pages["watch"] = watched(datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC))
    for name, text in pages.items():
        (lab / f"{name}.html").write_text(text)
    return {name: lab / f"{name}.html" for name in pages}


def watched(now: datetime) -> str:
    """Write the page of a watch in which much has happened."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.values.watched import ago, eventful  # noqa: PLC0415 - found only now

    return html(overview(eventful(now), now, Wish()), ago(0, now))


def take(browser: Browser, pages: Mapping[str, Path], into: Path) -> None:
    """Take each picture."""
    for name, (page, width, height, colours) in SHOTS.items():
        view = {"width": width, "height": height}
        shown = browser.new_page(viewport=view, color_scheme=colours)
        file, _, part = page.partition("#")
        shown.goto(f"{pages[file].as_uri()}#{part}")
        shown.screenshot(path=into / f"{name}.png")
        shown.close()


def main() -> None:
    """Take all pictures, into the folder that is named, else into that of the docs."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    into.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit(f"no browser is installed: one of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        take(browser, make(Path(folder)), into)
        browser.close()


if __name__ == "__main__":
    main()
