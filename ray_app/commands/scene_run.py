"""Back-fills a rendered scene by its own site file and compares what was found with its truth."""

from dataclasses import dataclass
from pathlib import Path

from ray_app.batch.analyze import Analysis, analyze_run
from ray_app.batch.backfill import BackfillJob, BackfillResult, backfill
from ray_app.batch.manifest import make_manifest
from ray_app.batch.progress import OnProgress
from ray_app.batch.site_job import blocks_of, sources_of
from ray_app.commands.truth_table import DensityError, TruthTable, compare, density_errors
from ray_app.config.load import load_site
from ray_app.config.summary import summarise
from ray_app.video.clip import Clip
from ray_app.video.footage_listing import list_footage

SEGMENT_S = 60.0


@dataclass(frozen=True, slots=True)
class SceneRun:
    """A back-fill of a rendered scene, and how it answers the truth.

    Attributes:
        result: Of the back-fill.
        analysis: Events and refusals.
        table: Planted incidents against events.
        densities: How far zone densities were off, camera by camera.
        clips: The footage, for the report.
    """

    result: BackfillResult
    analysis: Analysis
    table: TruthTable
    densities: tuple[DensityError, ...]
    clips: tuple[Clip, ...]


def run_scene(scene: Path, out_dir: Path, workers: int, on_progress: OnProgress) -> SceneRun:
    """Takes the whole road from a scene's videos to events, as `vigie backfill` does.

    Args:
        scene: Folder that `film_scenario` made.
        out_dir: For the results.
        workers: Worker processes.
        on_progress: Called at the start and after every segment.

    Raises:
        BackfillInterrupted: By Ctrl-C; what is done stays done.
        VigieError: The scene is not whole, or out_dir cannot be written.
    """
    site = load_site(scene / "site.yaml")
    urls = list_footage([str(scene / "cameras")])
    job = BackfillJob(
        out_dir=out_dir,
        manifest=make_manifest(sources_of(site, urls).sources, SEGMENT_S, site.authorisation),
        blocks=blocks_of(site),
        site=site.site,
        site_text=(scene / "site.yaml").read_text("utf-8"),
        workers=workers,
    )
    result = backfill(job, on_progress)
    analysis = analyze_run(out_dir, site)
    watched = {
        (camera.id, watch.situation, watch.place)
        for camera in summarise(site).cameras
        for watch in camera.watches
    }
    watched |= {(c.id, "camera_health", fault) for c in site.cameras for fault in c.health.faults}
    return SceneRun(
        result,
        analysis,
        compare(scene, analysis.events, watched),
        density_errors(scene, out_dir),
        tuple(clip for footage in job.manifest.cameras for clip in footage.timeline.clips),
    )
