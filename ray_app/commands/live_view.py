"""What `vigie live` prints while it runs."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ray_app.live.messages import CameraReport, FleetReport, Outcome
from ray_app.video.live.status import StreamState

QUIET_CAUSES = ("the stream ended",)


def show_status(
    console: Console, cameras: Sequence[CameraReport], fleet: FleetReport, situations: int
) -> None:
    """Prints one row per camera and one line for the site."""
    table = Table("camera", "state", "frames/s", "age p95", "analysed", "shed", "late", "lost", "")
    for camera in cameras:
        counts = camera.counts.by_outcome
        table.add_row(
            camera.camera_id,
            state_of(camera),
            f"{camera.rate_hz:.1f}",
            "" if camera.age_p95_s is None else f"{camera.age_p95_s:.2f} s",
            *(str(counts.get(outcome, 0)) for outcome in shown_outcomes()),
            camera.idle_reason or trouble_of(camera),
        )
    console.print(table)
    console.print(
        f"{fleet.analysed_per_s:.1f} of {fleet.offered_per_s:.1f} frames/s analysed, "
        f"{fleet.replicas} replicas, {fleet.readers} readers, {situations} situations open"
    )


def shown_outcomes() -> tuple[Outcome, ...]:
    """Returns the outcomes that have a column."""
    return Outcome.ANALYSED, Outcome.SHED, Outcome.LATE, Outcome.LOST


def state_of(camera: CameraReport) -> str:
    """Returns the stream's state in a word."""
    return "idle" if camera.state is None else str(camera.state)


def trouble_of(camera: CameraReport) -> str:
    """Returns what is wrong now; what went wrong once and is over is not."""
    if camera.state is StreamState.LIVE or camera.trouble in QUIET_CAUSES:
        return ""
    return camera.trouble or ""


def told(cameras: Sequence[CameraReport], situations: Sequence[str]) -> dict[str, object]:
    """Returns the end of a run as plain data."""
    return {
        "cameras": {
            camera.camera_id: {
                "state": state_of(camera),
                "offered": camera.counts.offered,
                **{str(k): v for k, v in camera.counts.by_outcome.items() if v},
                "age_p95_s": camera.age_p95_s,
            }
            for camera in cameras
        },
        "situations": list(situations),
    }
