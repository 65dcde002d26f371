"""Pages of each command that writes them: what they say, where they go, and where there is none."""

import json
import os

import pytest

from support.outputs import pages
from support.repository import ROOT
from tests.e2e.conftest import Folder

MANIFEST = """\
version: 1
platform: sqlite:///platform.db
storages:
  - {name: nas, label: NAS, type: local, default_url: PLACE}
"""
#: Read by each Python that starts: the library that pages are made with is not to be had.
WITHOUT_EXTRA = "import sys; sys.modules['jinja2'] = None"


def told(page):
    """Return what a page says, with single blanks, and one where an element begins."""
    texts = (text for name, text in pages.seen(page).texts if name not in ("style", "script"))
    return " ".join(" ".join(texts).split())


@pytest.fixture
def lab(folder):
    """Give a folder with a storage that was applied and scanned, after which a file has rotted."""
    file = folder.path / "nas" / "a b.tif"
    file.parent.mkdir()
    file.write_bytes(b"good")
    folder.write(MANIFEST.replace("PLACE", str(file.parent)))
    folder("apply", "-y", "-q")
    folder("scan", "--into", "proofs", "-q")
    folder("snapshot", "create", "proofs", "-q")
    stamp = file.stat()
    file.write_bytes(b"evil")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    return folder


def test_a_page_says_of_files_what_text_says(lab):
    done = lab("verify", "proofs", "--deep", "-o", "html=verify.html", code=7)
    heading, *_, last = done.stdout.splitlines()
    page = told(lab.read("verify.html"))
    assert f"findings {last.removeprefix('FINDINGS: ')} Compared: " in page
    assert heading in page
    assert "damaged nas › a b.tif SHA-256 770e607624d6 → b5c1fb2efc6d since 20" in page
    assert "storage nas 1 of 1 file compared" in page
    story = lab("verify", "proofs", "--explain", "nas", "a b.tif", "-o", "html", code=7)
    page = told(story.stdout)
    assert "wrong WRONG since the scan of 20" in page
    assert page.index("Where the good bytes are 1") < page.index("Scans 2")


def test_a_report_is_kept_as_the_documents_say(lab):
    lines = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("<!-- run by tests/e2e/outputs/test_pages.py -->") + 2
    block = lines[start : lines.index("```", start)]
    script = "\n".join(line.removeprefix("$ ").replace("reconciler", '"$0"') for line in block)
    done = lab.shell(script)
    assert done.returncode == 7, done.stderr
    (page,) = (lab.path / "reports").iterdir()
    assert page.stat().st_mode & 0o777 == 0o600
    assert "1 damaged" in told(page.read_text(encoding="utf-8"))


def test_a_page_says_of_runs_what_json_says(applied):
    (run,) = json.loads(applied("history", "-o", "json").stdout)["runs"]
    page = told(applied("history", "-o", "html").stdout)
    assert f"1 run. Runs 1 exit 0 {run['run']} 3 operations: 3 done. started 20" in page
    for arguments in ([run["run"]], ["--name", "*"]):
        page = told(applied("history", *arguments, "-o", "html").stdout)
        assert run["digest"] in page
        for name in ("nas", "minio", "raw"):
            assert f"create {name} done time 20" in page


def test_a_page_says_what_an_apply_did_and_that_live_differs(quickstart):
    page = told(quickstart("apply", "-y", "-o", "html").stdout)
    assert "applied Applied: 3 done" in page
    assert "done nas create" in page
    quickstart.write(quickstart.read("storages.yaml").replace("label: NAS", "label: Other"))
    page = told(quickstart("drift", "-o", "html", code=2).stdout)
    assert "drift Drift: 1 difference between live and the manifest. Live: " in page
    assert "label live NAS declared Other" in page


@pytest.mark.parametrize("asked", ["html", "html=told/page.html"])
def test_without_the_extra_nothing_is_begun(tmp_path, asked):
    folder = Folder(tmp_path)  # started as users start it: the library is there for all others
    folder.write(MANIFEST.replace("PLACE", "/data/nas"))
    folder.write(WITHOUT_EXTRA, "python/sitecustomize.py")
    command = "apply -y" if asked == "html" else "plan"
    env = {"PYTHONPATH": str(tmp_path / "python")}
    done = folder(*command.split(), "-o", asked, code=64, env=env)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: -o html needs the extra 'html', which is not installed: `")
    assert folder.files() == ["python", "storages.yaml"]
