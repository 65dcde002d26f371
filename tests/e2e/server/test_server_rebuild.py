"""`rebuild` onto a state server on PostgreSQL: storages and their file records, over HTTP."""

from contextlib import closing

from reconciler.platforms import open_platform
from support.recovery import snapshots
from support.server.state_server import StateServer


def test_a_platform_comes_back_on_a_server_and_its_records_are_verified(folder, postgres):
    was = snapshots.platform("nas", "lab", "raw")
    for number, id in enumerate(was.files):
        was.files[id] = {f"ü{i}": (f"ü{i}", f"{i}", "x") for i in range(number * 40)}
    snapshots.taken(was, snapshots.repository(folder.path))
    with StateServer(postgres.database()) as server:
        line = ("rebuild", "repository", "--platform", server.url, "-y")
        told = folder(*line).stdout
        assert told.endswith("Rebuilt: 3 of 3 storages, 120 file records added. NOT VERIFIED.\n")
        (command,) = (each for each in told.splitlines() if each.startswith("  reconciler verify"))
        assert "all agree" in folder(*command.split()[1:]).stdout
        platform = open_platform(server.url, base=None, environ={})
        with closing(platform.writer(wait=5)) as writer:
            writer.remove(*writer.find(name="nas"), holds_files=True)
        assert "1 to create" in folder(*line).stdout
        assert "No changes." in folder(*line).stdout
