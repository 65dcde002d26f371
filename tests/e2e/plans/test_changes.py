"""What a reviewer tries first: every change there is, applied, and a second plan that is empty."""

import pytest

from support.platforms.live_file import live, local, made, manifest, plan_of, settled, sql, told
from support.values.building import CREATED

S3 = {"name": "minio", "type": "S3", "default_url": "https://storage-server:9000/my-bucket"}
AWS = {"name": "raw", "type": "S3", "region": "eu-central-2", "bucket": "lab-raw"}
FOURTEEN = tuple(f"s{number:02}" for number in range(1, 15))


def apply(folder, text):
    """Apply a manifest; check that nothing is left to do; give what is live."""
    folder.write(text)
    folder("apply", "-y")
    settled(folder)
    return live(folder)


def changed(before, name, /, **fields):
    """Give what a storage is expected to be: all as it was, but for some fields."""
    return {**before[name], **fields}


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        (local("nas"), "file:///data/nas"),
        (local("nas") | {"default_url": "file:///data/nas/"}, "file:///data/nas/"),
        (S3, S3["default_url"]),
        (AWS, "https://s3.eu-central-2.amazonaws.com/lab-raw"),
    ],
)
def test_each_kind_is_created_beside_others_that_stay(folder, entry, url):
    before = made(folder, "other")
    after = apply(folder, manifest(local("other"), entry | {"label": "The label"}))
    assert after.pop("other") == before["other"]
    (new,) = after.values()
    assert new["id"]
    assert new["created_at"] > CREATED
    wanted = {"name": entry["name"], "label": "The label", "type": entry["type"]}
    assert new == wanted | {
        "default_url": url,
        "id": new["id"],
        "created_at": new["created_at"],
    }


def test_without_a_label_a_new_storage_has_its_name_and_a_live_one_keeps_its_own(folder):
    before = made(folder, "old")
    after = apply(folder, manifest(local("old"), local("new")))
    assert after["new"]["label"] == "new"
    assert after["old"] == before["old"]


def test_relabelling_touches_nothing_else(folder):
    before = made(folder, "nas", "other")
    after = apply(folder, manifest(local("nas", label="Neues Etikett ✓"), local("other")))
    assert after == before | {"nas": changed(before, "nas", label="Neues Etikett ✓")}
    assert told(folder) == {"nas": "Neues Etikett ✓", "other": "L"}


@pytest.mark.parametrize("label", [None, "New label"])
@pytest.mark.parametrize("how", [{"renamed_from": ["long-gone", "old"]}, {"id": "id-old"}])
def test_renaming_keeps_the_storage_with_and_without_a_new_label(folder, how, label):
    before = made(folder, "old", "other")
    labelled = {"label": label} if label else {}
    after = apply(folder, manifest(local("new", "old", **how, **labelled), local("other")))
    renamed = changed(before, "old", name="new", label=label or "L")
    assert after == {"new": renamed, "other": before["other"]}


def test_a_spent_old_name_may_stay_or_go(folder):
    made(folder, "old")
    entry = local("new", "old", renamed_from=["old"])
    after = apply(folder, manifest(entry))
    folder.write(manifest(local("new", "old")))
    settled(folder)
    # The old name may even be used again, by a storage of its own.
    again = apply(folder, manifest(entry, local("old", "elsewhere")))
    assert again["new"] == after["new"]
    assert again["old"]["default_url"] == "file:///data/elsewhere"


def test_a_deleted_entry_goes_under_remove_and_only_that(folder):
    before = made(folder, "a", "b", "c")
    after = apply(folder, manifest(local("a"), local("c"), undeclared="remove"))
    assert after == {"a": before["a"], "c": before["c"]}


@pytest.mark.parametrize("undeclared", ["fail", "ignore", "remove"])
@pytest.mark.parametrize("how", [{}, {"id": "id-b"}])
def test_what_removed_names_goes_under_every_policy(folder, undeclared, how):
    before = made(folder, "a", "b", "c")
    entries = (local("a"), local("c"))
    removed = [{"name": "b", **how}]
    policy = {"undeclared": undeclared, "max_removals": 0}
    after = apply(folder, manifest(*entries, removed=removed, **policy))
    assert after == {"a": before["a"], "c": before["c"]}
    assert "delete the entry" in " ".join(folder("plan").stdout.split())
    assert "delete the entry" not in folder("plan", "-q").stdout


def test_the_last_storage_can_be_removed_by_name(folder):
    made(folder, "only")
    assert apply(folder, manifest(removed=[{"name": "only"}])) == {}


@pytest.mark.parametrize(
    "entry",
    [
        local("nas", "elsewhere"),
        {"name": "nas", "type": "S3", "default_url": "https://data/nas"},
        {"name": "nas", "type": "S3", "region": "eu-central-2", "bucket": "nas"},
    ],
)
def test_a_changed_location_or_type_is_blocked_and_the_way_out_works(folder, entry):
    before = made(folder, "nas", "other")
    folder.write(manifest(entry, local("other")))
    shown = " ".join(folder("apply", "-y", code=3).stdout.split())
    assert "location_change: 'nas'" in shown
    assert "type and location can't be changed" in shown
    assert "Declare a new storage under a new name, move the files there" in shown
    assert live(folder) == before
    # What it says: first a new one beside it, later the old one goes.
    new = entry | {"name": "nas2"}
    beside = apply(folder, manifest(local("nas"), new, local("other")))
    assert beside["nas"] == before["nas"]
    gone = apply(folder, manifest(new, local("other"), removed=[{"name": "nas"}]))
    assert gone == {"nas2": beside["nas2"], "other": before["other"]}


@pytest.mark.parametrize("ring", [("a", "b"), ("a", "b", "c"), ("d", "a", "c", "b", "e")])
@pytest.mark.parametrize("label", [None, "Turned"])
def test_names_go_round_in_a_circle_by_id(folder, ring, label):
    before = made(folder, *ring, "other")
    follows = dict(zip(ring, ring[1:] + ring[:1], strict=True))
    labelled = {"label": label} if label else {}
    turned = [local(new, old, id=f"id-{old}", **labelled) for old, new in follows.items()]
    after = apply(folder, manifest(*turned, local("other")))
    wanted = {
        new: changed(before, old, name=new, label=label or "L") for old, new in follows.items()
    }
    assert after == {**wanted, "other": before["other"]}
    # And back again, which is another circle.
    back = apply(
        folder,
        manifest(
            *(local(name, id=f"id-{name}", label="L") for name in "abcde" if name in ring),
            local("other"),
        ),
    )
    assert back == before


def test_two_circles_and_a_chain_at_once(folder):
    names = ("a", "b", "x", "y", "z", "tail")
    before = made(folder, *names)
    moves = {"a": "b", "b": "a", "x": "y", "y": "z", "z": "x", "tail": "new-tail"}
    entries = [local(new, old, id=f"id-{old}") for old, new in moves.items()]
    after = apply(folder, manifest(*entries, local("tail", "fresh")))
    assert {name: after[name]["id"] for name in after if name != "tail"} == {
        new: f"id-{old}" for old, new in moves.items()
    }
    assert after["tail"]["id"] not in {storage["id"] for storage in before.values()}
    assert after["tail"]["default_url"] == "file:///data/fresh"


def test_a_new_storage_takes_the_name_that_another_gives_up(folder):
    before = made(folder, "nas", "spare")
    entries = (
        local("nas", "fresh", label="Fresh"),
        local("spare", "nas", id="id-nas"),
        local("attic", "spare", id="id-spare"),
    )
    folder.write(manifest(*entries))
    order = [(op["key"], op["after_operations"]) for op in plan_of(folder)["operations"]]
    assert order == [
        ("update:attic", []),
        ("update:spare", ["update:attic"]),
        ("create:nas", ["update:spare"]),
    ]
    after = apply(folder, manifest(*entries))
    assert after["attic"] == changed(before, "spare", name="attic")
    assert after["spare"] == changed(before, "nas", name="spare")
    assert after["nas"]["default_url"] == "file:///data/fresh"


def test_a_name_given_up_by_an_old_name_goes_to_a_new_storage(folder):
    before = made(folder, "nas")
    renamed = local("nas-old", "nas", renamed_from=["nas"])
    # The old name is declared too, so only an id can say which of them is meant.
    folder.write(manifest(local("nas", "fresh"), renamed))
    assert "use `id` to say" in folder("plan", code=65).stderr
    pinned = local("nas-old", "nas", id="id-nas")
    after = apply(folder, manifest(local("nas", "fresh"), pinned))
    assert after["nas-old"] == changed(before, "nas", name="nas-old")


def test_a_name_goes_to_another_storage_once_its_holder_is_removed(folder):
    before = made(folder, "nas", "old")
    removed = [{"name": "nas", "id": "id-nas"}]
    after = apply(folder, manifest(local("nas", "old", id="id-old"), removed=removed))
    assert after == {"nas": changed(before, "old", name="nas")}


def test_a_storage_is_replaced_by_another_at_the_same_location(folder):
    before = made(folder, "nas")
    after = apply(folder, manifest(local("nas2", "nas"), removed=[{"name": "nas"}]))
    assert list(after) == ["nas2"]
    assert after["nas2"]["id"] != before["nas"]["id"]


@pytest.mark.parametrize("policy", [{"undeclared": "ignore"}, {"scope": ["s01", "s0[23]"]}])
def test_adopting_three_of_fourteen_touches_no_other(folder, policy):
    before = made(folder, *FOURTEEN)
    entries = [local("s01"), local("s02", label="Mine"), local("s03")]
    after = apply(folder, manifest(*entries, **policy))
    assert after == before | {"s02": changed(before, "s02", label="Mine")}
    folder("drift")
    folder("drift", "--undeclared", code=2 if "undeclared" in policy else 0)


def test_what_was_adopted_is_exported_and_read_back_as_no_change(folder):
    before = made(folder, *FOURTEEN)
    exported = folder("export", "s0[123]", "--platform", "sqlite:///platform.db").stdout
    folder.write(exported)
    folder("plan", code=3)
    settled(folder, "--scope", "s0[123]")
    rest = folder("export", "--undeclared").stdout
    folder.write(rest, "rest.yaml")
    settled(folder, "-f", "storages.yaml", "-f", "rest.yaml")
    assert live(folder) == before


ODD = [
    *(" lead", "trail ", "-dash", "--", "*", "[a]", "null", "#", "${X}", "$$", "'q'"),
    *(
        '"',
        "\\",
        "\u2028",
        "\ufeff",
        "\u202egnp",
        "\u200b",
        "😀",
    ),
    *("é", "e\u0301", "x" * 10_000),
]


def test_names_of_every_kind_are_shown_safely_exported_and_read_back(folder):
    before = made(folder, *ODD)
    sql(folder, "UPDATE storages SET label = name, default_url = 'file:///at/' || id")
    folder.write("")
    assert set(live(folder)) == set(before)
    for output in ("text", "json"):
        folder.write(folder("export", "-o", output, "--platform", "sqlite:///platform.db").stdout)
        settled(folder)
    folder.write(manifest(undeclared="remove", max_removals="100%"))
    for output in ("text", "markdown"):
        shown = folder("plan", "--allow-empty", "-o", output, env={"COLUMNS": "60"}).stdout
        assert not {"\x1b", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff"} & set(shown)
    folder("apply", "-y", "--allow-empty")
    assert live(folder) == {}


def test_names_with_control_characters_are_left_alone(folder):
    made(folder, "a\nb", "\t", "\x00", "\x1b[31m", "\x7f", "\x85", "fine")
    exported = folder("export", "--platform", "sqlite:///platform.db")
    assert exported.stderr.count("its name holds a control character") == 6
    folder.write(exported.stdout)
    shown = folder("plan", "--detailed-exitcode")
    assert "'\\x1b[31m' can't be managed" in shown.stdout + shown.stderr
    assert not {"\x1b", "\x85"} & set(shown.stdout + shown.stderr)
    told = folder("-f", folder.write(ENTRY_OF_CONTROL, "m.yaml"), "validate", code=65).stderr
    assert "storages[0].name: a name holds no control characters" in told


ENTRY_OF_CONTROL = 'version: 1\nstorages: [{name: "a\\nb", type: local, default_url: /d}]\n'


def test_everything_at_once(folder):
    before = made(folder, "keep", "relabel", "rename", "both", "a", "b", "drop", "named")
    entries = [
        local("keep"),
        local("relabel", label="New"),
        local("renamed", "rename", renamed_from=["rename"]),
        local("both2", "both", renamed_from=["both"], label="Both"),
        local("b", "a", id="id-a"),
        local("a", "b", id="id-b"),
        local("created", label="C"),
        S3,
        AWS,
    ]
    text = manifest(*entries, removed=[{"name": "named"}], undeclared="remove", max_removals=1)
    folder.write(text)
    assert plan_of(folder)["summary"] == {
        "create": 3,
        "update": 5,
        "remove": 2,
        "live": 8,
        "unchanged": 1,
    }
    after = apply(folder, text)
    for name in ("created", "minio", "raw"):
        assert after.pop(name)["created_at"] > CREATED
    assert after == {
        "keep": before["keep"],
        "relabel": changed(before, "relabel", label="New"),
        "renamed": changed(before, "rename", name="renamed"),
        "both2": changed(before, "both", name="both2", label="Both"),
        "a": changed(before, "b", name="a"),
        "b": changed(before, "a", name="b"),
    }
