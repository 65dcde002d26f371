"""What `verify` came to, for other programs."""

import pytest
from msgspec.structs import replace

from reconciler.recovery import values
from reconciler.recovery.verifying import results
from reconciler.report.findings import ERROR, WARNING
from reconciler.report.verdicts import gitlab, junit, sarif
from reconciler.report.verdicts.verifications import of_verified
from support.outputs import documents
from tests.unit.report.test_verifications import ALL, AWAY, FINE, NAS, NEVER, verified


def cases(verdict):
    """Give what became of each case: its kind, or None if it passed."""
    suites = documents.junit(junit.written(verdict))
    kinds = ("failure", "error")
    return {
        case.get("name"): next((kind for kind in kinds if case.find(kind) is not None), None)
        for case in suites.iter("testcase")
    }


def test_each_storage_is_a_case_that_passes_fails_or_is_not_known():
    verdict = of_verified(ALL)
    assert verdict.status == results.DIFFERS
    told = cases(verdict)
    assert {name: told[name] for name in ("nas", "minio", "tape", "new")} == {
        "nas": "failure",
        "minio": None,
        "tape": "error",
        "new": "error",
    }
    assert told["moved"] == "failure"
    assert told["a storage"] == "error"


@pytest.mark.parametrize(
    ("storages", "status"),
    [
        ((FINE,), results.AGREES),
        ((FINE, AWAY), results.UNKNOWN),
        ((FINE, NEVER), results.UNKNOWN),
        ((FINE, replace(FINE, forgotten=True)), results.UNKNOWN),
        ((FINE, replace(FINE, incomplete=True)), results.UNKNOWN),
        ((FINE, NAS), results.DIFFERS),
        ((FINE, replace(FINE, lasts={values.MISSING: 3})), results.DIFFERS),
    ],
)
def test_errors_are_what_differs_and_warnings_what_nobody_knows(storages, status):
    verdict = of_verified(verified(*storages))
    assert verdict.status == status
    assert bool(verdict.of_level(ERROR)) == (status == results.DIFFERS)
    if status == results.UNKNOWN:
        assert verdict.of_level(WARNING)
    if status == results.AGREES:
        assert verdict.findings == ()
    told = cases(verdict).values()
    assert ("failure" in told, "error" in told) == (
        status == results.DIFFERS,
        status == results.UNKNOWN,
    )


def test_what_is_not_listed_is_counted():
    """There are 41 of a class, of which one is listed."""
    more = [f for f in of_verified(ALL).findings if "--rows" in f.message]
    assert [(f.rule, f.message) for f in more] == [
        ("file-extra", "'nas': 40 more extra: `--rows` writes all of them")
    ]


def test_a_file_is_known_again_and_has_no_path_in_the_repository():
    run = documents.sarif(sarif.written(of_verified(ALL)))
    names = [result["locations"][0]["logicalLocations"][0] for result in run["results"][:2]]
    assert names == [
        {"fullyQualifiedName": "nas: 2026/11/scan-0042.tif"},
        {"fullyQualifiedName": r"nas: odd \xff\n\xe2\x80\xaename.tif"},
    ]
    entries = documents.quality(gitlab.written(of_verified(ALL)))
    assert {entry["location"]["path"] for entry in entries} == {"storages.yaml"}
    assert entries[0]["description"].startswith(
        "'nas': 2026/11/scan-0042.tif: other bytes, though by its time nobody wrote it; SHA-256"
    )
