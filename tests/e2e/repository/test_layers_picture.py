"""`docs/layers.svg` shows the contract of the layers and the imports that there are."""

import importlib.util
import re
from xml.etree import ElementTree

from support.repository import DOCS, ROOT

SCRIPT = DOCS / "layers.py"
spec = importlib.util.spec_from_file_location("docs_layers", SCRIPT)
assert spec is not None
assert spec.loader is not None
layers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(layers)

PACKAGE = ROOT / "reconciler"
SVG = "{http://www.w3.org/2000/svg}"
#: Three layers, of which the highest imports both others, and the middle one nothing.
SMALL = ["top", "middle", "bottom"], {"top": {"middle", "bottom"}, "middle": set(), "bottom": set()}


def told(picture, tag):
    return ["".join(found.itertext()) for found in ElementTree.fromstring(picture).iter(SVG + tag)]


def test_it_is_up_to_date():
    assert layers.PICTURE.read_text(encoding="utf-8") == layers.made(), "run python docs/layers.py"


def test_every_layer_is_named_in_the_order_of_the_contract():
    names = [name.rstrip("/") for name in told(layers.made(), "text")]
    assert names[-len(layers.layers()) :] == layers.layers()


def test_each_import_is_a_dot_that_says_so():
    assert told(layers.picture(*SMALL), "circle") == ["top imports middle", "top imports bottom"]


def test_dots_stand_right_of_the_stairs_and_lines_lead_to_them():
    root = ElementTree.fromstring(layers.picture(*SMALL))
    assert [(dot.get("cx"), dot.get("cy")) for dot in root.iter(SVG + "circle")] == [
        (str(layers.x(column)), str(layers.y(0))) for column in (1, 2)
    ]
    assert len(list(root.iter(SVG + "path"))) == 3  # one row with dots, two columns


def test_no_import_leads_upwards():
    order = layers.layers()
    imported = layers.imports(order)
    assert imported["cli"] >= {"plan", "report"}
    assert [
        (layer, name)
        for layer in order
        for name in imported[layer]
        if order.index(name) < order.index(layer)
    ] == []


def test_the_architecture_names_every_layer_in_this_order_and_every_folder():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = text.split("| layer |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)/?` \|", table, re.M) == layers.layers()
    folders = [path for path in PACKAGE.rglob("*") if any(path.glob("*.py"))]
    named = [path.relative_to(PACKAGE).as_posix() for path in folders]
    assert [name for name in named if f"`{name}/`" not in text] == []


def test_it_needs_nothing_from_elsewhere():
    text = layers.PICTURE.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text
    assert "<script" not in text
