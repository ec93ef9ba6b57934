"""The files of cluster/ hold, and a copy with one mistake is told at its place."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ray_app.cli import app
from ray_app.config.load import load_site
from ray_app.console.metrics_text import metrics_text
from ray_app.live.cluster_files.check import cluster_file_faults
from ray_app.live.cluster_files.embed import config_text, with_serve_config
from ray_app.live.cluster_files.environment import NEVER_READ
from ray_app.live.messages import FleetReport, Outcome
from ray_app.live.metrics import METRICS
from ray_app.live.serve_config import serve_config
from ray_app.video.live.status import StreamState

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "cluster"
CRDS = ROOT.parent / "shared" / "schemas" / "kuberay"
MANIFESTS = (
    *("rayservice.yaml", "rayjob.yaml", "raycronjob.yaml", "storage-and-network.yaml"),
    *("monitoring.yaml", "ray-up.yaml"),
)
MONITORING = (CLUSTER / "monitoring.yaml").read_text("utf-8")
LABELS = {
    "state": {str(state) for state in StreamState},
    "outcome": {str(outcome) for outcome in Outcome},
}
ON_NODES = "/etc/vigie/site.yaml"


def told(path: Path, crds: Path | None = None) -> list[str]:
    return [f"{fault.path}: {fault.problem}" for fault in cluster_file_faults(path, crds)]


def broken_copy(name: str, right: str, wrong: str, folder: Path) -> Path:
    """Returns a copy of a file of cluster/ with the first `right` replaced."""
    text = (CLUSTER / name).read_text("utf-8")
    assert right in text, right
    copy = folder / name
    copy.write_text(text.replace(right, wrong, 1), "utf-8")
    return copy


@pytest.fixture
def serve_file(tmp_path: Path) -> Path:
    written = tmp_path / "serve.yaml"
    site = load_site(CLUSTER / "site.yaml")
    written.write_text(config_text(serve_config(site, ON_NODES)), "utf-8")
    return written


@pytest.mark.parametrize("name", MANIFESTS)
def test_our_files_have_no_fault(name: str) -> None:
    assert told(CLUSTER / name) == []


@pytest.mark.parametrize("name", ["rayservice.yaml", "rayjob.yaml", "raycronjob.yaml"])
def test_our_files_are_what_kuberay_takes(name: str) -> None:
    if not CRDS.exists():
        pytest.skip(f"KubeRay's CRDs are not in {CRDS}")
    assert told(CLUSTER / name, CRDS) == []


def test_the_manifest_holds_the_config_of_the_site_beside_it() -> None:
    text = (CLUSTER / "rayservice.yaml").read_text("utf-8")
    config = serve_config(load_site(CLUSTER / "site.yaml"), ON_NODES)
    assert with_serve_config(text, config) == text, "vigie live cluster/site.yaml --print-config"


def test_what_a_generator_writes_has_no_fault(serve_file: Path) -> None:
    assert told(serve_file) == []


SERVE = [
    ("  max_ongoing_requests:", "  max_ongoing_reqs:", "max_ongoing_reqs: unknown key; did you"),
    ("max_replicas: 16", "max_replcas: 16", "autoscaling_config.max_replcas: unknown key; did"),
    ("max_replicas: 16", "max_replicas: 0", "autoscaling_config.max_replicas: Input should be gr"),
    (
        "max_replicas: 10000",
        "max_replicas: 9",
        "max_replicas: 16 is outside what the policy's fleet",
    ),
    ("min_replicas: 2", "min_replicas: 20", "autoscaling_config: max_replicas (16) must be"),
    ("http_options:", "http_option:", "http_option: unknown key; did you mean 'http_options'?"),
    ("port: 8180", "port: often", "http_options.port: Input should be a valid integer"),
    ("  import_path: ray_app", "  import_pth: ray_app", "import_pth: unknown key"),
    (":console\n", ":consol\n", "import_path: ray_app.console.deployment has no 'consol'"),
    ("ray_app.console.dep", "ray_app.consoles.dep", "import_path: cannot be imported"),
    ("look_back_period_s: 10.0", "look_back_period_s: 2.0", "look_back_period_s: 2 is not above"),
    ("downscale_delay_s: 0.0", "downscale_delay_s: 30.0", "must be 0: the policy does its own"),
    ("downscale_delay_s: 0.0\n", "\n", "downscale_delay_s: must be 0: the policy does its own"),
    ("utilisation: 0.75", "utilisation: 7.5", "policy_kwargs: utilisation: 7.5 is out of range"),
    ("hold_s: 300.0", "holds_s: 300.0", "policy_kwargs: OfferedLoadSettings"),
    ("policy: offered_load", "policy: offered", "policy_kwargs: unknown policy 'offered'"),
    ("num_gpus: 0.5", "num_gpu: 0.5", "ray_actor_options.num_gpu: unknown key; did you mean"),
    ("log_level: INFO", "log_levels: INFO", "logging_config.log_levels: unknown key"),
    ("  route_prefix: /\n", "  route_prefix: live\n", "route_prefix: 'live' does not begin with /"),
    ("name: console\n", "name: detectors\n", "applications: "),
    ("  port: 8180", "  port: 8180\n  port: 8181", "http_options.port: given twice; keep one"),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), SERVE, ids=[case[2] for case in SERVE])
def test_a_mistake_in_a_serve_config_is_told(
    serve_file: Path, right: str, wrong: str, expected: str
) -> None:
    text = serve_file.read_text("utf-8")
    assert right in text
    serve_file.write_text(text.replace(right, wrong, 1), "utf-8")
    assert any(expected in fault for fault in told(serve_file)), told(serve_file)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (NEVER_READ[0], "1", "ray 2.60 never reads it; set autoscaling_config.metrics_interval_s"),
        (NEVER_READ[1], "1", "ray 2.60 never reads it"),
        ("RAY_SERVE_CONTROL_LOOP_INTERVALS_S", "1", "did you mean 'RAY_SERVE_CONTROL_LOOP_INTERV"),
        ("RAY_SERVE_ENABLE_HA_PROXY", "1", "makes Serve listen on every network"),
        ("CAM_PASSWORD", "hunter2", "a secret is written out"),
    ],
)
def test_a_variable_that_does_nothing_or_tells_a_secret_is_told(
    serve_file: Path, name: str, value: str, expected: str
) -> None:
    text = serve_file.read_text("utf-8")
    env = f'  runtime_env: {{env_vars: {{{name}: "{value}"}}}}\n  args:\n'
    serve_file.write_text(text.replace("  args:\n", env, 1), "utf-8")
    [fault] = [fault for fault in told(serve_file) if name in fault]
    assert expected in fault
    assert "hunter2" not in fault


def test_a_target_that_is_never_reached_is_told(tmp_path: Path) -> None:
    written = tmp_path / "serve.yaml"
    written.write_text(
        "applications:\n- name: a\n  import_path: other.module:app\n  deployments:\n"
        "  - name: D\n    max_ongoing_requests: 4\n"
        "    autoscaling_config: {max_replicas: 3, target_ongoing_requests: 8}\n",
        "utf-8",
    )
    assert told(written) == [
        "applications.0.deployments.0.autoscaling_config.target_ongoing_requests: "
        "8 is above max_ongoing_requests (4): it is never reached"
    ]


MANIFEST = [
    ("rayservice.yaml", "idleTimeoutSeconds", "idleTimeoutSecs", "idleTimeoutSecs: unknown key"),
    ("rayservice.yaml", "maxReplicas: 6", "", "workerGroupSpecs.0.maxReplicas: missing"),
    ("rayservice.yaml", "maxReplicas: 6", "maxReplicas: six", "expected integer, got 'six'"),
    ("rayservice.yaml", "minReplicas: 1", "minReplicas: 9", "minReplicas: 9 is above maxReplicas"),
    ("rayservice.yaml", " replicas: 1\n", " replicas: 7\n", "replicas: 7 is outside"),
    ("rayservice.yaml", "maxReplicas: 8", "maxReplicas: 7", "16 replicas of 0.5 GPUs"),
    ("rayservice.yaml", 'num-cpus: "0"', "num-cpus: 0", "num-cpus: expected string, got 0"),
    ("rayservice.yaml", "mode: token", "mode: disabled", "authOptions.mode: must be token"),
    ("rayservice.yaml", "authOptions: {mode: token}", "", "authOptions.mode: must be token"),
    ("rayservice.yaml", '"2.60.0"', '"2.59.0"', "rayVersion: 2.59.0 here, 2.60.0 is installed"),
    ("rayservice.yaml", "vigie:0.1.0", "vigie", "names no version; nodes would differ"),
    ("rayservice.yaml", "- name: data\n", "- name: date\n", "the pod has no volume 'data'"),
    ("rayservice.yaml", "enableInTreeAutoscaling: true", "", "enableInTreeAutoscaling: must be"),
    ("rayservice.yaml", "version: v2", "version: v3", "version: unknown value 'v3'; known: v1, v2"),
    (
        "rayservice.yaml",
        "user_config:",
        "user_confg:",
        "serveConfigV2.applications.0.deployments.0",
    ),
    ("rayservice.yaml", "ray.io/v1", "ray.io/v1alpha1", "apiVersion: "),
    ("rayservice.yaml", "kind: RayService", "kind: RayServices", "did you mean 'RayService'?"),
    ("rayservice.yaml", "name: vigie\n", "name: Vigie_1\n", "metadata.name: 'Vigie_1' has not"),
    ("rayservice.yaml", "runAsNonRoot: true", "runAsNonRoot: true\n        - x", "is no YAML"),
    ("rayjob.yaml", "entrypoint: >-", "entrypoints: >-", "spec.entrypoint: missing"),
    ("rayjob.yaml", "ttlSecondsAfterFinished: 3600", "ttlSeconds: 1", "ttlSeconds: unknown key"),
    ("rayjob.yaml", "backoffLimit: 2", "backoffLimit: -1", "-1 is out of range"),
    ("raycronjob.yaml", '"30 2 * * *"', '"30 2 * *"', "spec.schedule: '30 2 * *' has not"),
    ("raycronjob.yaml", "timeZone:", "timezone:", "timezone: unknown key; did you mean"),
    ("storage-and-network.yaml", "ReadWriteMany", "ReadWriteAll", "unknown value 'ReadWriteAll'"),
    ("storage-and-network.yaml", "200Gi", "200 GB", "'200 GB' is no quantity"),
    ("storage-and-network.yaml", "podSelector:\n", "podSelectors:\n", "did you mean 'podSelector'"),
    ("monitoring.yaml", "for: 30s", "for: 30 seconds", "'30 seconds' has not the form"),
    ("monitoring.yaml", "expr:", "exp:", "rules.0.expr: missing"),
    ("monitoring.yaml", "severity: critical", "severity: bad", "unknown value 'bad'"),
    ("ray-up.yaml", "idle_timeout_minutes: 5", "idle_timeout_mins: 5", "did you mean 'idle_timeo"),
    ("ray-up.yaml", "cluster_name: vigie", "", "cluster_name: missing"),
    ("ray-up.yaml", "max_workers: 14", "max_workers: 9", "9 is below the 14 that the node types"),
    ("ray-up.yaml", "max_workers: 8", "max_worker: 8", "available_node_types"),
    ("ray-up.yaml", "min_workers: 1", "min_workers: 7", "min_workers: 7 is above max_workers (6)"),
    ("ray-up.yaml", "{CPU: 0}", "{CPU: none}", "resources.CPU: expected integer, got 'none'"),
    ("ray-up.yaml", "head_node_type: head", "head_node_type: hed", "'hed' is none of"),
    ("ray-up.yaml", "RAY_AUTH_MODE=token RAY", "RAY", "start Ray with RAY_AUTH_MODE=token"),
    ("ray-up.yaml", "RAY_AUTH_MODE=token", "RAY_AUTH_TOKEN=abc", "a secret is written out"),
]


@pytest.mark.parametrize(
    ("name", "right", "wrong", "expected"), MANIFEST, ids=[f"{c[0]}-{c[3]}" for c in MANIFEST]
)
def test_a_mistake_in_a_cluster_file_is_told(
    tmp_path: Path, name: str, right: str, wrong: str, expected: str
) -> None:
    copy = broken_copy(name, right, wrong, tmp_path)
    assert any(expected in fault for fault in told(copy)), told(copy)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "expected"),
    [
        ("rayservice.yaml", "tolerations:", "toleration:", "toleration: unknown key"),
        ("rayservice.yaml", "redisAddress:", "redisAdress:", "redisAdress: unknown key; did you"),
        ("rayservice.yaml", "maxReplicas: 6", "maxReplicas: six", "expected integer, got 'six'"),
        ("rayservice.yaml", "runAsUser: 1000", "runAsUser: ray", "expected integer, got 'ray'"),
        ("rayjob.yaml", "entrypointNumCpus: 1", "entrypointNumCpu: 1", "entrypointNumCpu: unknown"),
        ("raycronjob.yaml", "schedule:", "shedule:", "spec.schedule: missing"),
    ],
)
def test_kuberays_own_schema_finds_the_mistake_too(
    tmp_path: Path, name: str, right: str, wrong: str, expected: str
) -> None:
    if not CRDS.exists():
        pytest.skip(f"KubeRay's CRDs are not in {CRDS}")
    copy = broken_copy(name, right, wrong, tmp_path)
    assert any(expected in fault for fault in told(copy, CRDS)), told(copy, CRDS)


def test_a_fault_inside_the_nested_config_stands_on_its_line(tmp_path: Path) -> None:
    copy = broken_copy("rayservice.yaml", "user_config:", "user_confg:", tmp_path)
    lines = copy.read_text("utf-8").splitlines()
    [fault] = [f for f in cluster_file_faults(copy) if "user_confg" in f.path]
    assert fault.line is not None
    assert "user_confg" in lines[fault.line - 1]


def test_check_tells_the_kind_of_file_by_its_keys(tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["check", str(CLUSTER / "ray-up.yaml")])
    assert (good.exit_code, good.stdout) == (0, f"{CLUSTER / 'ray-up.yaml'}: no fault found\n")
    copy = broken_copy("ray-up.yaml", "max_workers: 14", "max_workers: 9", tmp_path)
    bad = CliRunner().invoke(app, ["check", str(copy)])
    assert bad.exit_code == 2
    assert bad.stderr.splitlines()[0].startswith(f"{copy}:4:1: max_workers: 9 is below")


@pytest.mark.parametrize("text", ["", "- kind\n", "applications", "kind: [", "kind: &a {b: *a}\n"])
def test_what_is_no_manifest_is_one_line(tmp_path: Path, text: str) -> None:
    written = tmp_path / "x.yaml"
    written.write_text(text, "utf-8")
    assert len(told(written)) == 1


def test_a_missing_crd_is_one_line(tmp_path: Path) -> None:
    command = ["check", str(CLUSTER / "rayjob.yaml"), "--crds", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert "is no CRD with a version v1" in str(result.exception)


def written_metrics() -> set[str]:
    """Names as Prometheus sees them: Ray's with its prefix, the console's as they are."""
    fleet = FleetReport(0, 0, 0, 0, 0, (), 0, 0)
    console = metrics_text((), fleet, (), now_s=0.0)
    names = set(re.findall(r"# TYPE (\w+)", console))
    return names | {f"ray_{metric.name}" for metric in METRICS}


def test_every_alarm_asks_for_numbers_that_are_written() -> None:
    known = written_metrics()
    rules = re.findall(r"expr: (.*?)\n          (?:for|labels)", MONITORING, re.DOTALL)
    assert len(rules) == MONITORING.count("alert:")
    for rule in rules:
        names = re.findall(r"\b(?:ray_)?vigie_\w+", rule)
        assert names
        assert set(names) <= known, rule
        for key, values in re.findall(r'(\w+)(?:!=|=~|=)"([^"]+)"', rule):
            assert set(values.split("|")) <= LABELS[key], rule


def test_the_installed_ray_still_reads_neither_push_interval() -> None:
    import ray.serve

    folder = Path(ray.serve.__file__).parent
    for name in NEVER_READ:
        uses = {
            source.relative_to(folder).as_posix(): len(re.findall(name, source.read_text("utf-8")))
            for source in folder.rglob("*.py")
        }
        # Defined in one file, named in a docstring and a warning of the other; read nowhere.
        assert {file: n for file, n in uses.items() if n} == {
            "_private/constants.py": 2,
            "config.py": 2,
        }


def test_the_image_is_of_the_ray_that_is_pinned() -> None:
    import ray

    lines = (CLUSTER / "Dockerfile").read_text("utf-8").splitlines()
    arguments = [line for line in lines if line.startswith("ARG RAY_IMAGE=")]
    assert arguments == [f"ARG RAY_IMAGE=rayproject/ray:{ray.__version__}-py311-gpu"]
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users[-1] == "1000:100"
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    kept = (CLUSTER / "Dockerfile.dockerignore").read_text("utf-8")
    for line in lines:
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source.removeprefix('./')}" in kept, source


def test_every_node_runs_without_root_and_without_the_clusters_keys() -> None:
    import yaml

    text = (CLUSTER / "rayservice.yaml").read_text("utf-8")
    cluster = yaml.safe_load(text)["spec"]["rayClusterConfig"]
    for group in cluster["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_no_pod_of_ours_is_outside_the_network_policies() -> None:
    import yaml

    text = (CLUSTER / "storage-and-network.yaml").read_text("utf-8")
    policies = [d for d in yaml.safe_load_all(text) if d["kind"] == "NetworkPolicy"]
    [closing] = [p["spec"] for p in policies if len(p["spec"]["policyTypes"]) == 2]
    chosen = closing["podSelector"]["matchLabels"].items()
    for name in ("rayservice.yaml", "rayjob.yaml"):
        spec = yaml.safe_load((CLUSTER / name).read_text("utf-8"))["spec"]
        cluster = spec.get("rayClusterConfig") or spec["rayClusterSpec"]
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
            assert chosen <= group["template"]["metadata"]["labels"].items(), name
    open_to_all = [rule for rule in closing["ingress"] if not rule.get("from")]
    assert open_to_all == []


def test_the_night_runs_what_the_job_runs() -> None:
    import yaml

    job = yaml.safe_load((CLUSTER / "rayjob.yaml").read_text("utf-8"))["spec"]
    night = yaml.safe_load((CLUSTER / "raycronjob.yaml").read_text("utf-8"))["spec"]["jobTemplate"]
    for one in (job, night):
        words = one.pop("entrypoint").split()
        command = ["vigie", "backfill", ON_NODES]
        assert words[:3] == command
    assert job == night


def test_a_copy_of_the_whole_folder_is_checked_alike(tmp_path: Path) -> None:
    shutil.copytree(CLUSTER, tmp_path / "cluster")
    assert told(tmp_path / "cluster" / "rayjob.yaml") == []
