"""What a path goes through: each link where it lies, and the end where no link leads on."""

import pytest

from reconciler.disk.links import followed, links_below


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real/below").mkdir(parents=True)
    (tmp_path / "real/file").touch()
    for link, to in (
        ("folder", "real"),
        ("real/up", "../folder/below"),
        ("whole", str(tmp_path / "real/up")),
        ("circle", "circle"),
        ("nowhere", "not/there"),
    ):
        (tmp_path / link).symlink_to(to)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "links", "end"),
    [
        ("real/file", [], "real/file"),
        ("folder/file", ["folder"], "real/file"),
        ("whole", ["whole", "real/up", "folder"], "real/below"),
        ("whole/../file", ["whole", "real/up", "folder"], "real/file"),
        ("folder/not/there", ["folder"], "real/not/there"),
        ("nowhere", ["nowhere"], "not/there"),
        ("real/file/below", [], "real/file/below"),
        (".", [], ""),
    ],
)
def test_each_link_is_told_where_it_lies(here, path, links, end):
    told = ([str(here / link) for link in links], str(here / end))
    assert followed(path) == followed(str(here / path)) == told


def test_a_circle_has_an_end(here):
    links, _ = followed("circle")
    assert set(links) == {str(here / "circle")}


def test_links_below_are_told_but_not_what_is_hidden_or_beyond_one(here):
    (here / ".hidden").mkdir()
    (here / ".hidden/link").symlink_to("/")
    names = ("circle", "folder", "nowhere", "real/up", "whole")
    assert sorted(links_below(str(here))) == [str(here / name) for name in names]
    assert links_below("folder") == links_below("real/file") == []
