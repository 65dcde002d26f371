"""Draw docs/layers.svg from import-linter's contract and its graph: `python docs/layers.py`.

The order of the layers is that of `pyproject.toml`; the dots are the imports that there are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "layers.svg"
PACKAGE = "reconciler"
#: The side of a cell, and what is left free for the first name and for the legend, in pixels.
CELL, LEFT, TOP = 22, 92, 52
STYLE = """\
text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #1f2328 }
.legend { font-family: system-ui, sans-serif; fill: #59636e }
.paper { fill: #ffffff }
path { stroke: #d1d9e0; fill: none }
circle { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .legend { fill: #9198a1 }
  .paper { fill: #0d1117 }
  path { stroke: #3d444d }
  circle { fill: #4493f8 }
}
"""


def layers() -> list[str]:
    """Read the order of the layers, the highest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (c for c in project["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    order: list[str] = contract["layers"]
    return order


def imports(order: Iterable[str]) -> dict[str, set[str]]:
    """Find out which layers each layer imports."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)

    def imported(layer: str) -> set[str]:
        top = f"{PACKAGE}.{layer}"
        modules = {top} | graph.find_descendants(top)
        found = {
            name for module in modules for name in graph.find_modules_directly_imported_by(module)
        }
        return {name.split(".")[1] for name in found - {PACKAGE}} - {layer}

    return {layer: imported(layer) for layer in order}


def picture(order: Sequence[str], imported: Mapping[str, set[str]]) -> str:
    """Draw a stair of names: a row leads to what a layer imports, a column down to its name."""
    width, height = LEFT + CELL * len(order), TOP + CELL * (len(order) + 1)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>The layers of {PACKAGE}, and which imports which</title>",
            f"<style>\n{STYLE}</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            *legend(),
            *lines(order, imported),
            *names(order),
            *dots(order, imported),
            "</svg>\n",
        ]
    )


def legend() -> Iterator[str]:
    """Say how to read it."""
    told = (
        "A name imports what stands below it, and only that:",
        "right from the name to a dot, down from the dot to what is imported.",
    )
    for number, text in enumerate(told):
        yield f'<text class="legend" x="12" y="{20 + 18 * number}">{text}</text>'


def lines(order: Sequence[str], imported: Mapping[str, set[str]]) -> Iterator[str]:
    """Draw a line from each name to its last dot, and from the first dot down to each name."""
    for number, layer in enumerate(order):
        if below := [order.index(name) for name in imported[layer]]:
            yield f'<path d="M{x(number) + 8} {y(number)}H{x(max(below))}"/>'
        above = [row for row, name in enumerate(order) if layer in imported[name]]
        if above:
            yield f'<path d="M{x(number)} {y(min(above))}V{y(number) - 10}"/>'


def names(order: Sequence[str]) -> Iterator[str]:
    """Write each name where its row and its column meet; a folder ends with a slash."""
    for number, layer in enumerate(order):
        name = f"{layer}/" if (ROOT / PACKAGE / layer).is_dir() else layer
        at = f'x="{x(number) + 5}" y="{y(number) + 4}"'
        yield f'<text {at} text-anchor="end">{name}</text>'


def dots(order: Sequence[str], imported: Mapping[str, set[str]]) -> Iterator[str]:
    """Draw a dot for each layer that a layer imports."""
    for row, layer in enumerate(order):
        for name in sorted(imported[layer], key=order.index):
            at = f'cx="{x(order.index(name))}" cy="{y(row)}"'
            yield f'<circle {at} r="4"><title>{layer} imports {name}</title></circle>'


def x(number: int) -> int:
    """Tell where the column of a layer is."""
    return LEFT + CELL * number


def y(number: int) -> int:
    """Tell where the row of a layer is."""
    return TOP + CELL * (number + 1)


def made() -> str:
    """Draw what there is."""
    order = layers()
    return picture(order, imports(order))


if __name__ == "__main__":
    PICTURE.write_text(made(), encoding="utf-8", newline="\n")
