"""Metrics: what nobody knows has no line; what is written is read by Prometheus' parser."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from reconciler.model import Objective
from reconciler.recovery.proving.results import Coverage, Much, StorageProved
from reconciler.recovery.verifying.results import Elsewhere
from reconciler.report.metrics import FAMILIES, Measured, Run, metrics, runs_in, tells_of

RUN = Run("scan --due", 1795971963.195, 7, 12.5, 1795885563.0)
COVERAGE = Coverage(
    proved=Much(3, 300),
    late=Much(2, 20),
    never=Much(1, 7),
    closed=1,
    oldest=1_795_000_000,
    ahead=Much(4, 40),
    attested=Much(1, 100),
)
NAS = StorageProved(
    "nas",
    "file:///nas",
    Objective(every=86_400),
    COVERAGE,
    scanned_at="2026-11-29T02:00:00.5Z",
    wrong={"damaged": 2},
)
#: Those that a scan looks for.
CLASSES = {"damaged", "deleted", "missing"}


def told(*storages: StorageProved, **more) -> dict[tuple[str, ...], float]:
    """Return what Prometheus reads, by name and labels but the repository's."""
    text = metrics(Measured("/r", (RUN,), storages, **more))
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation == FAMILIES[family.name].help
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("repository") == "/r"
            key = (sample.name.removeprefix("reconciler_"), *map(labels.get, sorted(labels)))
            assert key not in found
            found[key] = sample.value
    return found


def of(found: dict[tuple[str, ...], float], name: str) -> dict[tuple[str, ...], float]:
    return {key[1:]: value for key, value in found.items() if key[0] == name}


def test_all_that_is_known_is_told() -> None:
    found = told(NAS)
    assert of(found, "last_run_exit_code") == {("scan --due",): 7}
    assert of(found, "last_run_timestamp_seconds") == {("scan --due",): 1795971963.195}
    assert of(found, "last_run_duration_seconds") == {("scan --due",): 12.5}
    assert of(found, "last_success_timestamp_seconds") == {("scan --due",): 1795885563}
    states = [("late", "nas"), ("proved", "nas"), ("unproved", "nas")]
    # What was read in a time that has not come yet is no proof.
    assert of(found, "storage_files") == dict(zip(states, (2, 3, 5), strict=True))
    assert of(found, "storage_bytes") == dict(zip(states, (20, 300, 47), strict=True))
    assert of(found, "storage_attested_files") == {("nas",): 1}
    assert of(found, "storage_unlisted_folders") == {("nas",): 1}
    assert of(found, "storage_oldest_proof_timestamp_seconds") == {("nas",): 1_795_000_000}
    assert of(found, "storage_last_scan_timestamp_seconds") == {("nas",): 1_795_917_600}
    assert of(found, "storage_objective_seconds") == {("nas",): 86_400}
    assert of(found, "storage_objective_met") == {("nas",): 0}
    counts = {("damaged", "nas"): 2, ("deleted", "nas"): 0, ("missing", "nas"): 0}
    assert of(found, "storage_findings") == counts
    assert of(found, "storage_scanned") == of(found, "storage_reachable") == {("nas",): 1}


@pytest.mark.parametrize(
    "one",
    [
        StorageProved("nas", "place", Objective()),  # never scanned
        replace(NAS, problem="It is damaged", wrong={}),  # what scans know can't be used
    ],
)
def test_of_what_nobody_knows_there_is_no_number(one) -> None:
    found = {key[0] for key in told(one) if key[0].startswith("storage_")}
    known = {"storage_scanned", "storage_objective_seconds", "storage_objective_met"}
    assert found - {"storage_last_scan_timestamp_seconds"} == known
    assert (
        of(told(one), "storage_scanned") == of(told(one), "storage_objective_met") == {("nas",): 0}
    )


def test_a_storage_that_is_not_reached_has_no_zeros_for_what_nobody_looked_for() -> None:
    one = replace(NAS, not_reachable_since="2026-11-29T02:00:00Z", not_reachable="gone")
    found = told(one)
    assert of(found, "storage_reachable") == {("nas",): 0}
    assert of(found, "storage_findings") == {("damaged", "nas"): 2}
    never = told(replace(one, coverage=None, wrong={}))
    assert of(never, "storage_reachable") == {("nas",): 0}
    assert not of(never, "storage_findings")


def test_only_what_is_proved_and_well_meets_the_objective() -> None:
    well = replace(NAS, coverage=Coverage(proved=Much(3, 300), oldest=1), wrong={})
    met = {("nas",): 1.0}
    assert of(told(well), "storage_objective_met") == met
    for other in (
        replace(well, wrong={"missing": 1}),
        replace(well, problem="damaged"),
        replace(well, coverage=Coverage(proved=Much(3, 300), closed=1)),
    ):
        assert of(told(other), "storage_objective_met") == {("nas",): 0}
    bare = told(well, without=frozenset({(well.storage, well.place)}))
    assert not of(bare, "storage_objective_met")
    assert not of(bare, "storage_objective_seconds")
    assert of(bare, "storage_files")["proved", "nas"] == 3


def test_a_run_that_never_succeeded_has_no_time_of_success() -> None:
    text = metrics(Measured("/r", (replace(RUN, succeeded=None),)))
    assert "last_success" not in text
    assert runs_in(text, "/r")[0].succeeded is None


NAMES = ['qu"ote', "back\\slash", "new\nline", "\ud800 lone", "\x00\x1b[31m", "ünï", "a} 1"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_label_whatever_is_in_it(name) -> None:
    found = told(replace(NAS, storage=name))
    (label,) = (key[0] for key in of(found, "storage_scanned"))
    assert label.isprintable()
    if name.isprintable():
        assert label == name
    run = Measured("/r " + name, (RUN,))
    assert metrics(run).encode()
    assert runs_in(metrics(run), "/r " + name) == (RUN,)
    assert tells_of(metrics(run), "/r " + name)
    assert not tells_of(metrics(run), "/other")


def test_storages_of_one_name_are_told_as_one_the_worse_counts() -> None:
    well = replace(NAS, place="b", coverage=Coverage(proved=Much(1, 1), oldest=9), wrong={})
    found = told(NAS, well)
    assert of(found, "storage_files")["proved", "nas"] == 4
    assert of(found, "storage_oldest_proof_timestamp_seconds") == {("nas",): 9}
    assert of(found, "storage_objective_met") == {("nas",): 0}
    assert of(found, "storage_findings")["damaged", "nas"] == 2


def test_what_is_wrong_with_others_is_told_apart() -> None:
    others = Elsewhere("nas", "/old", {"missing": 3}), Elsewhere("", "/gone", {"damaged": 1})
    found = of(told(elsewhere=others), "other_storage_findings")
    assert found == {("missing", "nas"): 3, ("damaged", "/gone"): 1}


def test_the_same_is_written_the_same_in_any_order() -> None:
    other = replace(NAS, storage="a")
    runs = (RUN, replace(RUN, command="verify --objective"))
    one = metrics(Measured("/r", runs, (NAS, other)))
    assert one == metrics(Measured("/r", runs[::-1], (other, NAS)))
    assert one.endswith("\n")


@pytest.mark.parametrize("value", ["soon", "nan", "+Inf", ""])
def test_what_is_no_number_of_ours_is_not_read_back(value) -> None:
    text = metrics(Measured("/r", (RUN,)))
    assert runs_in(text.replace("} 7\n", f"}} {value}\n"), "/r") == ()
    success = text.replace("1795885563\n", f"{value}\n")
    assert [run.succeeded for run in runs_in(success, "/r")] == [None]


def test_an_objective_that_was_met_is_not_when_the_oldest_proof_has_grown_too_old() -> None:
    proved = replace(NAS, coverage=Coverage(proved=Much(3, 300), oldest=1_795_000_000), wrong={})
    measured = Measured("/r", (), (proved,))
    for at, met in ((None, 1), (1_795_086_400, 1), (1_795_086_401, 0)):
        line = f'reconciler_storage_objective_met{{repository="/r",storage="nas"}} {met}\n'
        assert line in metrics(measured, at)
