"""What the fleet reports, in Prometheus' text format (version 0.0.4)."""

from collections.abc import Iterable

from ray_app.domain.situation import SinkReport
from ray_app.live.messages import CameraReport, FleetReport
from ray_app.video.live.status import StreamState

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, float | None]


def metrics_text(
    cameras: tuple[CameraReport, ...],
    fleet: FleetReport,
    sinks: tuple[SinkReport, ...],
    now_s: float,
) -> str:
    """Returns all samples. What is not known has no sample, never a zero."""
    return "".join(
        (*_camera_metrics(cameras, now_s), *_fleet_metrics(fleet), *_sink_metrics(sinks))
    )


def _camera_metrics(cameras: tuple[CameraReport, ...], now_s: float) -> Iterable[str]:
    named = [((("camera", each.camera_id),), each) for each in cameras]
    yield _metric(
        "vigie_console_camera_frames_total",
        "counter",
        "Frames due, by what became of them.",
        [
            ((*labels, ("outcome", outcome.value)), count)
            for labels, each in named
            for outcome, count in each.counts.by_outcome.items()
        ],
    )
    yield _metric(
        "vigie_console_camera_input_work_ratio",
        "gauge",
        "Work of a frame over the usual one; below 1 while capacity is short.",
        [(labels, each.input_work) for labels, each in named],
    )
    yield _metric(
        "vigie_console_camera_live",
        "gauge",
        "1 while pictures arrive.",
        [(labels, float(each.state is StreamState.LIVE)) for labels, each in named],
    )
    yield _metric(
        "vigie_console_camera_frame_age_seconds",
        "gauge",
        "Age of the newest analysed frame.",
        [(labels, _age_s(each, now_s)) for labels, each in named],
    )
    yield _metric(
        "vigie_console_camera_broken_packets_total",
        "counter",
        "Packets that could not be decoded.",
        [(labels, each.broken) for labels, each in named],
    )
    yield _metric(
        "vigie_console_camera_openings_total",
        "counter",
        "Times the stream was opened.",
        [(labels, each.openings) for labels, each in named],
    )


def _age_s(camera: CameraReport, now_s: float) -> float | None:
    if camera.frame_age_s is None:
        return None
    return camera.frame_age_s + max(0.0, now_s - camera.told_at)


def _fleet_metrics(fleet: FleetReport) -> Iterable[str]:
    numbers = (
        ("offered_frames_per_second", "Frames due per second.", fleet.offered_per_s),
        ("analysed_frames_per_second", "Frames analysed per second.", fleet.analysed_per_s),
        ("shed_frames_per_second", "Frames given up per second.", fleet.shed_per_s),
        ("replicas", "Detector replicas that run.", fleet.replicas),
        ("replicas_wanted", "Detector replicas asked for.", fleet.replicas_wanted),
        ("readers", "Reader processes that answer.", fleet.readers),
        ("frame_age_p95_seconds", "95th percentile over the last minute.", fleet.age_p95_s),
    )
    for name, told, number in numbers:
        yield _metric(f"vigie_console_{name}", "gauge", told, [((), number)])
    kept: list[Sample] = [((("value", value),), share) for value, share in fleet.kept_share]
    yield _metric("vigie_console_kept_share", "gauge", "Share of frames kept, 0 to 1.", kept)


def _sink_metrics(sinks: tuple[SinkReport, ...]) -> Iterable[str]:
    named = [((("sink", each.name),), each) for each in sinks]
    waiting: list[Sample] = [(labels, each.waiting) for labels, each in named]
    dead: list[Sample] = [(labels, each.dead) for labels, each in named]
    lost: list[Sample] = [(labels, each.lost) for labels, each in named]
    oldest: list[Sample] = [(labels, each.oldest_s or 0.0) for labels, each in named]
    yield _metric("vigie_console_sink_waiting", "gauge", "Signals not delivered yet.", waiting)
    yield _metric("vigie_console_sink_dead_total", "counter", "Signals given up.", dead)
    yield _metric("vigie_console_sink_lost_total", "counter", "Signals that are nowhere.", lost)
    yield _metric("vigie_console_sink_oldest_seconds", "gauge", "Age of who waits longest.", oldest)


def _metric(name: str, kind: str, told: str, samples: list[Sample]) -> str:
    lines = [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]
    lines += [
        f"{name}{_labels(labels)} {value:.12g}" for labels, value in samples if value is not None
    ]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{key}="{_escaped(value)}"' for key, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
