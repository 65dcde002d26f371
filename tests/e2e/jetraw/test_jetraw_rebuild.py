"""`rebuild` on the vendor's platform: records only, elsewhere, with the spaces to tie again."""

import json

from support.platforms.jetraw_runs import PLATFORM, live


def test_storages_come_back_elsewhere_and_what_can_not_is_named(folder, run, organisation):
    ids = [organisation.add(name, default_url=f"file:///data/{name}") for name in ("nas", "lab")]
    bucket = "https://s3.eu-central-2.amazonaws.com/lab-raw"
    organisation.add("raw", label="Raw frames", type="S3", default_url=bucket)
    organisation.plant(ids[0], [("u1", "1", "2"), ("u2", "1", "2")])
    organisation.tie("atlas", *ids)
    organisation.tie("brain", ids[0])
    told = run("snapshot", "create", "proofs", "--platform", PLATFORM, "-o", "json").stdout
    kept = json.loads(told)["id"]
    for statement in ("DELETE FROM spaces", "DELETE FROM files", "DELETE FROM storages"):
        organisation.sql(statement)
    organisation.add("raw", id="id-other", label="Raw", type="S3", default_url=bucket)
    line = ("rebuild", "proofs", "--platform", PLATFORM, "--relocate", "/data=/mnt/data")
    plan = json.loads(run(*line, "--dry-run", "-o", "json").stdout)
    assert (plan["summary"]["create"], plan["summary"]["update"]) == (2, 1)
    told = json.loads(run(*line, "-y", "-o", "json", "--ids", "ids.json").stdout)
    assert live(organisation) == {"nas": "nas", "lab": "lab", "raw": "Raw frames"}
    records = organisation.records()
    assert records["nas"]["default_url"] == "file:///mnt/data/nas"
    assert told["spaces"] == [
        {"storage": "lab", "spaces": ["atlas"]},
        {"storage": "nas", "spaces": ["atlas", "brain"]},
    ]
    assert told["records"] == {
        "added": 0,
        "storages": 0,
        "left": [{"storage": "nas", "what": "not_taken", "message": "this platform takes none"}],
    }
    assert told["verified"] is False
    assert json.loads(folder.read("ids.json"))["ids"] == {
        f"id-{name}": record["id"] for name, record in records.items()
    }
    said = run("snapshot", "create", "proofs", "--platform", PLATFORM, code=1).stderr
    assert "what has the name of 'lab', 'nas' now was made since and lies elsewhere" in said
    run("snapshot", "create", "proofs", "--platform", PLATFORM, "--allow-fewer")
    again = run(line[0], f"proofs@{kept}", *line[2:], "-y")
    assert "No changes." in again.stdout
    assert "nas: tie it again, by hand, to 'atlas', 'brain'\n" in again.stdout
    assert "Unknown: whether the platform finds again what was uploaded" in again.stdout
    assert again.stdout.endswith(
        "Rebuilt: 3 of 3 storages, file records not taken by the platform. NOT VERIFIED.\n"
    )
