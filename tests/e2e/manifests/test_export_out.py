"""`export --out`: a manifest that means the same in the folder that it is written to."""

import pytest

MANIFEST = """\
version: 1
platform: sqlite:///data/p.db
storages:
  - {name: nas, label: "a $$b", type: local, default_url: /data/nas}
  - {name: raw, type: S3, region: eu-central-2, bucket: lab-raw}
"""


@pytest.fixture
def source(folder):
    (folder.path / "team/data").mkdir(parents=True)
    (folder.path / "other/deep").mkdir(parents=True)
    folder.write(MANIFEST, "team/storages.yaml")
    folder("-f", "team/storages.yaml", "apply", "-y")
    return folder


@pytest.mark.parametrize(
    ("out", "platform"),
    [
        ("team/new.yaml", "sqlite:///data/p.db"),
        ("other/deep/new.yaml", "sqlite:///../../team/data/p.db"),
        ("new.yaml", "sqlite:///team/data/p.db"),
    ],
)
@pytest.mark.parametrize(
    "named", [("-f", "team/storages.yaml"), ("--platform", "sqlite:///team/data/p.db")]
)
def test_a_relative_address_stays_relative_and_means_the_same(source, out, platform, named):
    source("export", *named, "--out", out)
    assert f"platform: {platform}\n" in source.read(out)
    done = source.shell(f'f=$PWD/{out}; cd /; exec "$0" -f "$f" plan --detailed-exitcode')
    assert done.returncode == 0, done.stderr
    assert "No changes" in done.stdout


def test_an_absolute_address_stays_absolute(source):
    address = f"sqlite:///{source.path}/team/data/p.db"
    source("export", "--platform", address, "--out", "other/new.yaml")
    assert f"{source.path}/team/data/p.db" in source.read("other/new.yaml")
    source("-f", "other/new.yaml", "plan", "--detailed-exitcode")


def test_what_lies_behind_a_link_is_found_again(source):
    (source.path / "link").symlink_to(source.path / "other/deep")
    source("export", "-f", "team/storages.yaml", "--out", "link/new.yaml")
    source("-f", "link/new.yaml", "plan", "--detailed-exitcode")


def test_standard_output_counts_as_written_in_the_current_folder(source):
    told = source("export", "-f", "team/storages.yaml").stdout
    assert "platform: sqlite:///team/data/p.db\n" in told
    source.write(told, "new.yaml")
    source("-f", "new.yaml", "plan", "--detailed-exitcode")


def test_editors_are_led_to_a_schema_only_where_it_is(source):
    source("export", "-f", "team/storages.yaml", "--out", "other/new.yaml")
    assert "$schema" not in source.read("other/new.yaml")
    source.write(source("schema", "manifest").stdout, "other/manifest.schema.json")
    source("export", "-f", "team/storages.yaml", "--out", "other/new.yaml")
    first = source.read("other/new.yaml").splitlines()[0]
    assert first == "# yaml-language-server: $schema=manifest.schema.json"


def test_only_what_export_wrote_itself_is_replaced(source):
    def export(code=0, *more):
        return source("export", "-f", "team/storages.yaml", "--out", "new.yaml", *more, code=code)

    export()
    export()  # as a job does each night
    for edited in (source.read("new.yaml") + "# a note\n", MANIFEST):
        source.write(edited, "new.yaml")
        told = export(1).stderr
        assert "'new.yaml': it is there, and export did not write it as it is" in told
        assert source.read("new.yaml") == edited
    export(0, "--overwrite")
    source("-f", "new.yaml", "plan", "--detailed-exitcode")
    source.write("", "new.yaml")  # as `mktemp` leaves it
    export()
    source("export", "-f", "team/storages.yaml", "--overwrite", code=64)


@pytest.mark.parametrize("name", ["b:x@", "a?key=b"])
def test_an_address_that_no_manifest_may_hold_is_left_out_and_told(source, name):
    (source.path / name).write_bytes((source.path / "team/data/p.db").read_bytes())
    told = source("export", "--platform", f"sqlite:///{name}", "--out", "new.yaml").stderr
    assert "Warning: `platform:` is left out, as no manifest may hold " in told
    source("-f", "new.yaml", "validate")
    source("-f", "new.yaml", "plan", "--platform", f"sqlite:///{name}", "--detailed-exitcode")


def test_what_is_no_file_is_refused_and_left_alone(source):
    for out in ("/dev/stdout", "other", "team/data/p.db", "none/new.yaml"):
        told = source("export", "-f", "team/storages.yaml", "--out", out, code=1)
        assert told.stdout == ""
        assert "can't write" in told.stderr
    source("-f", "team/storages.yaml", "plan", "--detailed-exitcode")


def test_two_dollars_are_one_everywhere(folder):
    """In the manifest, its defaults, an env file and what `export` writes."""
    folder.write("A=x$$y\n", "a.env")
    folder.write(
        "version: 1\nplatform: sqlite:///p.db\ndefaults: {label: 'd $$ $5'}\nstorages:\n"
        "  - {name: 'n$$1', type: local, default_url: '/a$$b'}\n"
        "  - {name: '${A}', type: local, default_url: /c, label: '$${A} $$$$ ${B:-e$$f}'}\n"
    )
    folder("--env-file", "a.env", "apply", "-y")
    folder("--env-file", "a.env", "export", "--out", "new.yaml")
    text = folder.read("new.yaml")
    for written in ("n$$1", "/a$$b", "d $$ $$5", "x$$y", "$${A} $$$$ e$$f"):
        assert written in text
    folder("-f", "new.yaml", "plan", "--detailed-exitcode")
