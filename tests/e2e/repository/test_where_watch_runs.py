"""`deploy/watch/`: each file is one that its reader takes, and what it starts is understood."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from functools import cache

import jsonschema
import pytest
import yaml

from reconciler.cli.commands import COMMANDS
from reconciler.cli.options.parser import parse
from reconciler.notifying.addresses import VARIABLE as NOTIFY_URLS
from reconciler.server.watching.admission import TOKEN_VARIABLE
from reconciler.watching.pulling.checkout import PATIENCE
from support.forge.linters import schema
from support.repository import DEPLOY, DOCS, TESTS
from tests.e2e.repository.test_documents import blocks

WATCH = DEPLOY / "watch"
UNITS = {path.name: path for path in (WATCH / "systemd").iterdir()}
SERVICES = sorted(name for name in UNITS if name.endswith(".service"))
COMPOSE = WATCH / "compose.yaml"
CLUSTER = WATCH / "kubernetes"
NOTIFY = WATCH / "notify"
PAGE = DOCS / "where-watch-runs.md"
HOME = "/var/lib/reconciler-watch"
SECRETS = "/run/secrets"
#: A git that hangs, and a scan that is at a large file, end within that after the first signal.
ENOUGH = PATIENCE + 10
#: What the Pod Security Standard "restricted" lets a pod mount.
MOUNTED = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"}
MOUNTED |= {"projected", "secret"}
PLATFORM = {"RECONCILER_TOKEN_FILE": "platform-token"}
TOKENS = {**PLATFORM, f"{TOKEN_VARIABLE}_FILE": "watch-token"}
#: What keeps whoever takes a service over from doing more harm.
HARDENED = {
    "User": ["reconciler-watch"],
    "Group": ["reconciler-watch"],
    "NoNewPrivileges": ["yes"],
    "ProtectSystem": ["strict"],
    "ProtectHome": ["yes"],
    "PrivateTmp": ["yes"],
    "CapabilityBoundingSet": [""],
    "StateDirectory": ["reconciler-watch"],
    "StateDirectoryMode": ["0700"],
    "UMask": ["0077"],
    "KillMode": ["mixed"],
}


def of_unit(name: str, key: str) -> list[str]:
    lines = UNITS[name].read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def understood(words: list[str]):
    """Have the program read a command line; give its options."""
    return parse(words, COMMANDS)[2]


def started(name: str):
    """Give the options of what a service starts."""
    (line,) = of_unit(name, "ExecStart")
    program, *words = shlex.split(line)
    assert program == "/opt/reconciler/bin/reconciler"
    return understood(words)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened_and_its_command_understood(name):
    assert {key: of_unit(name, key) for key in HARDENED} == HARDENED
    assert float(*of_unit(name, "TimeoutStopSec")) >= ENOUGH
    assert of_unit(name, "WorkingDirectory") == [HOME]
    assert started(name).files == ["storages"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_its_secrets_as_credentials(name):
    loaded = dict(one.split(":") for one in of_unit(name, "LoadCredential"))
    assert loaded == {each: f"/etc/reconciler-watch/{each}" for each in loaded}
    given = dict(one.split("=") for one in of_unit(name, "Environment"))
    expected = TOKENS if name == "reconciler-watch.service" else PLATFORM
    assert given == {variable: f"%d/{file}" for variable, file in expected.items()}
    assert loaded.keys() == {*expected.values()}


def test_the_watch_is_started_again_but_not_where_that_does_not_help():
    name = "reconciler-watch.service"
    assert of_unit(name, "Restart") == ["on-failure"]
    assert of_unit(name, "RestartPreventExitStatus") == ["6 64"]
    assert of_unit(name, "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    options = started(name)
    assert (options.pull, options.apply, options.listen) == (True, False, "127.0.0.1:9470")


def test_the_timer_has_a_scan_and_then_whatever_came_of_it_a_snapshot():
    (timer,) = (name for name in UNITS if name.endswith(".timer"))
    snapshot = timer.replace(".timer", ".service")
    for key in ("Wants", "After"):
        assert "reconciler-scan.service" in of_unit(snapshot, key)[0].split()
    assert not of_unit(snapshot, "Requires")
    scan = started("reconciler-scan.service")
    assert (scan.due, scan.into, scan.existing) == (True, "proofs", True)
    assert started(snapshot).existing


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")
def test_systemd_finds_nothing_wrong_with_the_units_and_little_that_they_may_do(tmp_path):
    for name, path in UNITS.items():
        text = path.read_text(encoding="utf-8").replace("/opt/reconciler/bin/reconciler", "/bin/sh")
        (tmp_path / name).write_text(text)
    # Its own runtime folder: nothing is asked of a systemd that runs here, if one does.
    around = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    for words in (
        ("verify", "--man=no", *(tmp_path / name for name in UNITS)),
        *(("security", "--offline=yes", "--threshold=20", tmp_path / name) for name in SERVICES),
    ):
        done = subprocess.run(
            ["systemd-analyze", *words], env=around, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "reconciler" not in done.stderr


@cache
def service() -> dict:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["watch"]


def test_the_container_is_one_that_compose_takes_and_its_command_understood():
    schema("compose-spec", [COMPOSE, NOTIFY / "compose.yaml"])
    options = understood(service()["command"])
    assert (options.pull, options.apply, options.listen) == (True, False, "0.0.0.0:9470")
    assert (COMPOSE.parent / service()["build"]["context"] / "deploy/Containerfile").exists()


def test_the_container_may_do_little_and_is_reached_from_this_machine_alone():
    given = service()
    assert (given["read_only"], given["cap_drop"]) == (True, ["ALL"])
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in given["ports"])
    assert int(given["stop_grace_period"].removesuffix("s")) >= ENOUGH
    secrets = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["secrets"]
    assert secrets == {name: {"file": f"secrets/{name}"} for name in given["secrets"]}
    for variable, file in TOKENS.items():
        assert given["environment"][variable] == f"{SECRETS}/{file}"
        assert file in secrets


@cache
def documents() -> tuple[dict, ...]:
    """Give what kustomize is to put together, and nothing else lies there."""
    base = yaml.safe_load((CLUSTER / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in CLUSTER.iterdir()} - {"kustomization.yaml"}
    assert files == {*base["resources"]}
    texts = [(CLUSTER / name).read_text(encoding="utf-8") for name in base["resources"]]
    return tuple(each for text in texts for each in yaml.safe_load_all(text))


def of_kind(kind: str) -> dict[str, dict]:
    return {each["metadata"]["name"]: each for each in documents() if each["kind"] == kind}


def pods() -> dict[str, dict]:
    """Give the template of each pod, by the name of what starts it."""
    deployed = {name: each["spec"]["template"] for name, each in of_kind("Deployment").items()}
    jobs = of_kind("CronJob").items()
    return deployed | {n: e["spec"]["jobTemplate"]["spec"]["template"] for n, e in jobs}


def test_kubernetes_takes_what_there_is_for_it():
    text = (TESTS / "support/kubernetes/schemas-1.33.json").read_text(encoding="utf-8")
    schemas = json.loads(text)
    notify = yaml.safe_load((NOTIFY / "network.yaml").read_text(encoding="utf-8"))
    for each in (*documents(), notify):
        whole = {**schemas["kinds"][each["kind"]], "$defs": schemas["$defs"]}
        jsonschema.Draft202012Validator(whole).validate(each)
    (watch,) = of_kind("Deployment").values()
    assert (watch["spec"]["replicas"], watch["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert len(pods()) == 3


@pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl")
def test_kustomize_puts_the_page_and_the_base_together(tmp_path):
    (own,) = (text for note, _, text in blocks(PAGE) if note == "file: kustomization.yaml")
    shutil.copytree(CLUSTER, tmp_path / "reconciler/deploy/watch/kubernetes")
    shutil.copytree(NOTIFY, tmp_path / "reconciler/deploy/watch/notify")
    (more,) = (text for note, _, text in blocks(PAGE) if note.startswith("added to"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own/kustomization.yaml").write_text(own + more)
    done = subprocess.run(
        ["kubectl", "kustomize", tmp_path / "own"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = [*yaml.safe_load_all(done.stdout)]
    assert len(made) == len(documents()) + 2  # where the manifest is, and the way to mail servers
    assert f"{NOTIFY_URLS}_FILE" in done.stdout
    assert {each["metadata"].get("namespace") for each in made} == {None, "reconciler"}
    assert set(re.findall(r" image: (.+)", done.stdout)) == {"images.example.org/reconciler:0.1.0"}
    (proofs,) = {each["data"]["proofs"] for each in made if each["kind"] == "ConfigMap"}
    assert proofs == "s3://lab-proofs/nas"
    assert "lab-proofs" not in done.stdout.replace(f"proofs: {proofs}", "")  # in no other place
    assert done.stdout.count("$(PROOFS)") == 2
    (less,) = (text for note, _, text in blocks(PAGE) if note.startswith("instead of scans"))
    (tmp_path / "own/kustomization.yaml").write_text(own + less)
    done = subprocess.run(
        ["kubectl", "kustomize", tmp_path / "own"], capture_output=True, text=True, check=False
    )
    assert "CronJob" not in done.stdout
    assert "Deployment" in done.stdout


def of_notify(name: str) -> dict:
    return yaml.safe_load((NOTIFY / name).read_text(encoding="utf-8"))


def test_who_is_notified_is_a_secret_like_the_tokens_everywhere():
    variable, file = f"{NOTIFY_URLS}_FILE", "notify"
    more = of_notify("compose.yaml")
    service = more["services"]["watch"]
    assert service == {"environment": {variable: f"{SECRETS}/{file}"}, "secrets": [file]}
    assert more["secrets"] == {file: {"file": f"secrets/{file}"}}
    patch = of_notify("watch.yaml")
    (watch,) = of_kind("Deployment").values()
    assert {key: patch[key] for key in ("apiVersion", "kind")} == {
        key: watch[key] for key in ("apiVersion", "kind")
    }
    assert patch["metadata"]["name"] == watch["metadata"]["name"]
    (added,) = patch["spec"]["template"]["spec"]["containers"]
    (container,) = pods()["reconciler-watch"]["spec"]["containers"]
    (folder,) = (m["mountPath"] for m in container["volumeMounts"] if m["name"] == "secrets")
    env = [{"name": variable, "value": f"{folder}/{file}"}]
    assert added == {"name": container["name"], "env": env}
    assert f"LoadCredential={file}:/etc/reconciler-watch/{file}" in page_blocks("ini")
    assert f"Environment={variable}=%d/{file}" in page_blocks("ini")


def test_a_watch_that_notifies_reaches_mail_servers():
    assert {*of_notify("kustomization.yaml")["resources"]} == {"network.yaml"}
    spec = of_notify("network.yaml")["spec"]
    assert spec["podSelector"]["matchLabels"] == pods()["reconciler-watch"]["metadata"]["labels"]
    (rule,) = spec["egress"]
    assert [(each["protocol"], each["port"]) for each in rule["ports"]] == [
        ("TCP", port) for port in (25, 465, 587)
    ]


@pytest.mark.parametrize("name", sorted(pods()))
def test_a_pod_may_do_no_more_than_a_restricted_namespace_lets_it(name):
    (space,) = of_kind("Namespace").values()
    assert space["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    pod = pods()[name]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] >= ENOUGH
    about = pod["securityContext"]
    assert (about["runAsNonRoot"], about["runAsUser"]) == (True, 10001)  # of the image
    assert about["seccompProfile"] == {"type": "RuntimeDefault"}
    volumes = {each["name"]: {*each} - {"name"} for each in pod["volumes"]}
    assert all(kinds < MOUNTED for kinds in volumes.values())
    used = set()
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] == "reconciler"
        assert "memory" in container["resources"]["limits"]
        used |= {each["name"] for each in container["volumeMounts"]}
    assert used == volumes.keys()


@pytest.mark.parametrize("name", sorted(pods()))
def test_a_pod_has_a_command_that_is_understood_and_secrets_from_elsewhere(name):
    pod = pods()[name]["spec"]
    (container,) = pod["containers"]
    options = understood(container["args"])
    assert options.files == ["storages"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert container["workingDir"] == mounts["state"]
    given = {each["name"]: each.get("value") for each in container["env"]}
    is_watch = name == "reconciler-watch"
    expected = TOKENS if is_watch else PLATFORM
    files = {variable: f"{mounts['secrets']}/{file}" for variable, file in expected.items()}
    assert {name: given[name] for name in given if name in TOKENS} == files
    if not is_watch:
        spec = of_kind("CronJob")[name]["spec"]
        assert (spec["concurrencyPolicy"], options.existing) == ("Forbid", True)
        job = spec["jobTemplate"]["spec"]
        longest = getattr(options, "max_duration", None) or 0
        assert job["activeDeadlineSeconds"] > longest + ENOUGH


def test_the_service_and_the_network_lead_to_the_watch():
    labels = pods()["reconciler-watch"]["metadata"]["labels"]
    (container,) = pods()["reconciler-watch"]["spec"]["containers"]
    (port,) = container["ports"]
    assert understood(container["args"]).listen == f"0.0.0.0:{port['containerPort']}"
    (found,) = of_kind("Service").values()
    assert found["spec"]["selector"] == labels
    assert found["spec"]["publishNotReadyAddresses"]  # numbers also while looks fail
    assert [each["targetPort"] for each in found["spec"]["ports"]] == [port["name"]]
    policies = of_kind("NetworkPolicy")
    assert policies["reconciler"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policies["reconciler"]["spec"]
    let_in = policies["reconciler-watch"]["spec"]
    assert let_in["podSelector"]["matchLabels"] == labels
    (rule,) = let_in["ingress"]
    assert [each["port"] for each in rule["ports"]] == [port["name"]]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == port["name"]


def test_a_clone_that_was_cut_off_is_no_manifest(tmp_path):
    texts = {json.dumps(pod["spec"]["initContainers"][0]["command"]) for pod in pods().values()}
    command = json.loads(texts.pop())
    assert not texts  # the same everywhere
    (tmp_path / "git").write_text('#!/bin/sh\nmkdir "$4" && test -z "$FAILS" && : > "$4/new"\n')
    (tmp_path / "git").chmod(0o755)
    around = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REPOSITORY": "x"}
    done = subprocess.run(command, cwd=tmp_path, env={**around, "FAILS": "1"}, check=False)
    assert done.returncode != 0
    assert not (tmp_path / "storages").exists()
    for _ in range(2):
        subprocess.run(command, cwd=tmp_path, env=around, check=True)
        assert [path.name for path in (tmp_path / "storages").iterdir()] == ["new"]


def page_blocks(language: str) -> str:
    return "".join(text for _, told, text in blocks(PAGE) if told == language)


def test_the_page_names_each_file_and_its_commands_are_understood():
    text = PAGE.read_text(encoding="utf-8")
    for path in (COMPOSE, CLUSTER, WATCH / "systemd", *WATCH.glob("[gp]*/*")):
        assert f"../{path.relative_to(DEPLOY.parent).as_posix()}" in text
    for unit in UNITS:
        assert f"deploy/watch/systemd/{unit}" in page_blocks("text")
    lines = re.findall(r"/bin/reconciler (.+)", page_blocks("text") + page_blocks("ini"))
    assert [understood(shlex.split(line)).files for line in lines] == [["storages"]] * 2
    assert understood(shlex.split(lines[1])).require_signed
    (mends,) = of_unit("reconciler-watch.service", "ExecStart")
    assert shlex.split(lines[1].replace(" --require-signed --apply", "")) == shlex.split(mends)[1:]


def test_the_page_makes_the_secrets_that_the_cluster_asks_for():
    made = {
        words[6]: {word.partition("=")[2] for word in words if word.startswith("--from-file")}
        for line in page_blocks("text").splitlines()
        if (words := shlex.split(line))[:5] == ["kubectl", "-n", "reconciler", "create", "secret"]
    }
    named = [each for pod in pods().values() for each in pod["spec"]["volumes"] if "secret" in each]
    assert {each["secret"]["secretName"] for each in named} == {"reconciler-watch"}
    keys = set(
        re.findall(r"/run/secrets/reconciler/([\w-]+)", (CLUSTER / "watch.yaml").read_text())
    )
    assert made["reconciler-watch"] == keys
    assert "reconciler-proofs" in made


def test_the_first_scan_of_the_page_is_the_one_of_the_night_without_existing():
    (line,) = (line for line in page_blocks("text").splitlines() if "--from=cronjob/" in line)
    (drop,) = re.findall(r"sed '/(.+?)/d'", line)
    (container,) = pods()["reconciler-scan"]["spec"]["containers"]
    printed = yaml.safe_dump(container["args"])  # each on a line of its own, as kubectl has them
    kept = yaml.safe_load(re.sub(rf".*{drop}.*\n", "", printed))
    options = understood(kept)
    assert (options.due, options.existing) == (True, False)


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool")
def test_prometheus_takes_the_configuration_of_the_page(tmp_path):
    (text,) = (text for note, _, text in blocks(PAGE) if note == "run by promtool")
    shutil.copy(WATCH / "prometheus/reconciler-watch.rules.yml", tmp_path)
    (tmp_path / "prometheus.yml").write_text(text)
    words = ["promtool", "check", "config", "--syntax-only", "prometheus.yml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
