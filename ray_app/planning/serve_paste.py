"""The advice as files: settings for a site, a block for Serve, a schedule for a clock."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray_app.planning.event_study import Study
from ray_app.report.plan_words import clock
from ray_app.simulator.serve_settings import OUR_CLASS, ServedPolicy
from ray_app.store.simulations import write_json

SETTINGS_FILE, SERVE_FILE, WARM_FILE = "policy.json", "serve.json", "prewarm.json"


def write_configs(study: Study, folder: Path) -> None:
    """Writes policy.json (for a site file), serve.json and prewarm.json; raises StoreError."""
    if study.served.function == OUR_CLASS:
        settings = dict(study.served.kwargs["settings"])
        settings.pop("fleet")
        write_json(folder / SETTINGS_FILE, settings)
    write_json(folder / SERVE_FILE, {"autoscaling_config": autoscaling_config(study.served)})
    steps = [{"at_s": s.at_s, "gpus": s.gpus, "replicas": s.replicas} for s in study.warm]
    write_json(folder / WARM_FILE, steps)


def autoscaling_config(served: ServedPolicy) -> Mapping[str, Any]:
    """Returns the autoscaling_config of a Serve deployment that runs a policy."""
    if served.function is None:
        return {"min_replicas": 1, **served.knobs}
    config: dict[str, Any] = {"min_replicas": 1, **served.knobs}
    kwargs = dict(served.kwargs)
    if "zero_s" in kwargs:
        # Epoch seconds of the planned zero of the event's clock: to be filled in.
        kwargs["zero_s"] = 0.0
        config["max_replicas"] = kwargs["settings"]["fleet"]["max_replicas"]
    return config | {"policy": {"policy_function": served.function, "policy_kwargs": kwargs}}


def site_paste(study: Study) -> str:
    """Returns the lines of a site file that make Serve run the advice."""
    served = study.served
    if served.function != OUR_CLASS:
        return json.dumps({"autoscaling_config": dict(autoscaling_config(served))}, indent=2)
    fleet = served.kwargs["settings"]["fleet"]
    return "\n".join(
        [
            "live:",
            "  detectors:",
            f"    max_replicas: {fleet['max_replicas']}",
            "  scaling:",
            f"    policy: {served.kwargs['policy']}",
            f"    work_per_s: {fleet['work_per_s']}",
            f"    settings_file: {SETTINGS_FILE}",
            "    zero: 2026-06-14T21:00:00+02:00  # planned zero of the event's clock: yours",
        ]
    )


def warm_paste(study: Study) -> str:
    """Returns the schedule as calls of Ray's request_resources, one a line."""
    lines = [
        f"# {clock(step.at_s):>6} h  ray.autoscaler.sdk.request_resources("
        f'bundles=[{{"GPU": 1}}] * {step.gpus})'
        for step in study.warm
    ]
    return "\n".join(lines)
