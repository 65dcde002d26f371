"""A TAB offers the names that a manifest declares, however it is written."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.options.offered import names_in
from reconciler.manifest.mistakes import Document
from reconciler.manifest.reading.reader import read_tree
from support.values.messy import Messy


@given(st.integers(0, 2**32))
def test_a_search_finds_what_reading_finds(seed):
    text = Messy(seed).text()
    document = Document("m.yaml", text.encode())
    read_tree(document)
    assert not document.mistakes
    entries = [*document.tree["storages"], *document.tree.get("removed", ())]
    assert sorted(names_in(text)) == sorted(entry["name"] for entry in entries)
