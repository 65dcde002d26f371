import re

import msgspec
import pytest

from reconciler.report import text
from reconciler.report.style import Style
from reconciler.report.text.lines import columns

AWS = "https://s3.eu-central-2.amazonaws.com/lab-raw"
MINIO = "https://storage-server:9000/my-bucket"
HOSTILE = "evil\x1b[31m\n- raw-frames\u202egpj\u200b"
NARROW = Style(width=60)


def three_kinds(make):
    return make.plan(
        make.create("raw-frames", label="Raw frames", type="S3", url=AWS),
        make.create("minio", label="On-premise object store", type="S3", url=MINIO),
        make.create("nas", label="NAS, building 3", url="file:///data/nas"),
        platform_id="new",
        live=0,
        warnings=(
            make.notice(
                "new_platform",
                "",
                "sqlite:////srv/lab/platform.db does not exist yet: it is new and empty, and "
                "only apply makes it. If it should exist, the address is wrong",
            ),
        ),
    )


def relabel_and_rename(make):
    old = make.values("old-nas", "NAS", url="/data/nas")
    raw = make.values("raw", "Raw", type="S3", url=AWS)
    scratch = make.values("scratch", "Scratch")
    return make.plan(
        make.update(old, msgspec.structs.replace(old, name="nas", label="NAS, building 3")),
        make.update(raw, msgspec.structs.replace(raw, label="Raw frames")),
        make.update(scratch, msgspec.structs.replace(scratch, name="scratch 2026")),
        account="ana@lab.example",
    )


def swap(make):
    return make.plan(*make.swap(), live=2)


def removals(make):
    gone = make.remove("scratch-2023", url="/data/scratch-2023")
    full = make.remove("scratch-2024", holds_files=True, type="S3", url=AWS)
    taker = make.create("new-scratch", url="/data/scratch-2023", after=("remove:scratch-2023#1",))
    return make.plan(
        gone,
        full,
        taker,
        consents=(
            make.consent("holds_files", "scratch-2024", "id-of-scratch-2024"),
            make.consent("removed", "scratch-2023", "id-of-scratch-2023"),
            make.consent("removed", "scratch-2024", "id-of-scratch-2024"),
        ),
    )


def blocked(make):
    return make.plan(
        make.remove("raw-frames", holds_files=True, type="S3", url=AWS),
        blocked_by=(
            make.notice(
                "holds_files",
                "raw-frames",
                "'raw-frames' holds files, and removing it loses the platform's records of them: "
                "to consent to that, write in `removed:` {name: raw-frames, id: "
                "id-of-raw-frames, holds_files: true}",
            ),
            make.notice("undeclared", "old nas", "'old nas' is live but not declared: declare it"),
        ),
        undeclared=("old nas", "raw-frames"),
    )


def no_changes(make):
    return make.plan(undeclared=tuple(f"theirs-{number:02}" for number in range(22)))


def hostile(make):
    before = make.values("quiet", label="\x1b[2Jquiet")
    return make.plan(
        make.remove(HOSTILE, url="file:///data/\x07bell"),
        make.update(before, msgspec.structs.replace(before, label="a\u2066b")),
        make.create("raw (was nas)", label="line\none", url="https://ana:secret@host/bucket"),
        make.create("名前", label="ラベル"),
        account="root\x1b]0;title\x07",
        undeclared=("\u202eeman",),
        warnings=(make.notice("near_duplicate", "a", "these: 'a\x1b[1m', 'а'"),),
    )


PLANS = {
    "three-kinds": three_kinds,
    "relabel-and-rename": relabel_and_rename,
    "swap": swap,
    "removals": removals,
    "blocked": blocked,
    "no-changes": no_changes,
    "hostile": hostile,
}


@pytest.mark.parametrize("name", PLANS)
def test_plan(make, golden, name):
    golden(f"plan-{name}.txt", text.plan(PLANS[name](make)))


@pytest.mark.parametrize("name", ["removals", "swap", "blocked"])
def test_plan_at_60_columns(make, golden, name):
    golden(f"plan-{name}-60.txt", text.plan(PLANS[name](make), NARROW))


@pytest.mark.parametrize("name", ["removals", "blocked"])
def test_quiet_plan(make, golden, name):
    golden(f"plan-{name}-quiet.txt", text.plan(PLANS[name](make), Style(verbosity=-1)))


def test_verbose_plan(make, golden):
    golden("plan-removals-verbose.txt", text.plan(removals(make), Style(verbosity=1)))


ANSI = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("name", PLANS)
def test_colour_adds_nothing_but_colour(make, name):
    plan = PLANS[name](make)
    coloured = text.plan(plan, Style(colour=True))
    assert coloured != text.plan(plan)
    assert ANSI.sub("", coloured) == text.plan(plan)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("width", [1, 40, 60, 200])
def test_no_width_loses_a_word(make, name, width):
    plan = PLANS[name](make)
    assert text.plan(plan, Style(width=width)).split() == text.plan(plan).split()


@pytest.mark.parametrize("name", PLANS)
def test_only_what_can_not_be_broken_is_wider_than_60_columns(make, name):
    told = text.plan(PLANS[name](make), NARROW)
    wide = [line for line in told.splitlines() if columns(line) > 60]
    assert all(line.startswith("Digest of the plan: sha256:") for line in wide)


def test_names_stay_in_one_piece(make):
    name = "a name of several words " * 4 + "end"
    plan = make.plan(make.create(name), blocked_by=(make.notice("x", name, f"Look at '{name}'."),))
    told = text.plan(plan, Style(width=30)).splitlines()
    assert f"+ {name}" in told
    assert f"    '{name}'." in told


@pytest.mark.parametrize(
    ("holds_files", "said"),
    [
        (True, "HOLDS FILES: the platform's records of these files will be lost"),
        (False, "holds no files"),
        (None, "MAY HOLD FILES: nobody could tell"),
    ],
)
def test_a_removal_says_what_happens_to_file_records(make, holds_files, said):
    told = text.plan(make.plan(make.remove("nas", holds_files=holds_files)))
    assert f"    {said}\n" in told


@pytest.mark.parametrize(
    ("holding", "said"),
    [
        ((False,), "1 storage WILL BE REMOVED from the platform. It holds no files."),
        ((False, False), "2 storages WILL BE REMOVED from the platform. None of them holds files."),
        ((True, True, False), "3 storages WILL BE REMOVED from the platform. 2 of them hold files"),
        ((True, None), "2 storages WILL BE REMOVED from the platform. 2 of them may hold files"),
        ((True,), "1 storage WILL BE REMOVED from the platform. It holds files"),
    ],
)
@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_removals_are_said_before_the_digest_however_quiet(make, holding, said, verbosity):
    removed = [make.remove(f"nas-{n}", holds_files=held) for n, held in enumerate(holding)]
    told = text.plan(make.plan(*removed), Style(width=200, verbosity=verbosity)).splitlines()
    assert told[-3].startswith(said)


def test_a_plan_without_removals_does_not_cry_wolf(make):
    assert "REMOVED" not in text.plan(three_kinds(make))


def last_lines(plan, style=NARROW):
    return text.plan(plan, style).splitlines()[-2:]


def test_digest_and_totals_are_the_last_two_lines(make):
    plan = removals(make)
    assert last_lines(plan) == [
        f"Digest of the plan: {plan.digest}",
        "Plan: 1 to create, 0 to update, 2 to remove.",
    ]
    assert last_lines(no_changes(make))[1] == "No changes. Live matches the manifest."


def test_no_changes_for_targets_is_not_said_of_everything(make):
    left_out = (make.notice("targeted", "", "leaves out 2 operations"),)
    assert last_lines(make.plan(warnings=left_out))[1] == "No changes for what is targeted."


def test_a_blocked_plan_without_operations_is_not_called_no_change(make):
    plan = make.plan(blocked_by=(make.notice("undeclared", "nas", "no"),), undeclared=("nas",))
    assert last_lines(plan) == [
        "Plan: 0 to create, 0 to update, 0 to remove.",
        "BLOCKED by 1 reason: this plan can't be applied.",
    ]


def test_what_an_edited_plan_file_claims_is_not_believed(make):
    honest = make.plan(make.remove("nas"))
    before = make.values("a", "A")
    edited = make.plan(
        msgspec.structs.replace(honest.operations[0], name="scratch", destructive=False),
        msgspec.structs.replace(
            make.update(before, msgspec.structs.replace(before, name="b")),
            name="c",
            previous_name=None,
            changes=(),
        ),
        summary=msgspec.structs.replace(honest.summary, remove=0),
    )
    told = text.plan(edited)
    assert "- nas\n" in told
    assert "~ b (was a)\n" in told
    assert told.endswith("Plan: 0 to create, 1 to update, 1 to remove.\n")


def test_undeclared_names_are_cut_visibly_at_20_but_not_with_v_or_if_blocked(make):
    names = tuple(f"theirs-{number:02}" for number in range(22))
    reason = (make.notice("max_removals", "", "too many"),)
    assert "theirs-20" not in text.plan(make.plan(undeclared=names))
    assert "  … and 2 more: see them all with -v\n" in text.plan(make.plan(undeclared=names))
    assert "theirs-21" in text.plan(make.plan(undeclared=names), Style(verbosity=1))
    assert "theirs-21" in text.plan(make.plan(undeclared=names, blocked_by=reason))


def test_creates_are_cut_visibly_at_1000_but_not_with_v(make):
    plan = make.plan(*(make.create(f"new-{n:04}") for n in range(1_002)))
    told = text.plan(plan)
    assert "+ new-0999\n" in told
    assert "+ new-1000\n" not in told
    assert "… and 2 more creates: see them all with -v\n" in told
    assert "+ new-1001\n" in text.plan(plan, Style(verbosity=1))


def test_removals_and_updates_are_never_cut(make):
    before = make.values("x")
    updates = [
        make.update(msgspec.structs.replace(before, name=f"u-{n}"), before) for n in range(1_500)
    ]
    told = text.plan(make.plan(*(make.remove(f"r-{n}") for n in range(1_500)), *updates))
    assert told.count("- r-") == 1_500
    assert told.count(" (was u-") == 1_500
