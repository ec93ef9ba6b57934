"""Draws all cameras of a scene, several at a time, and writes all files of it."""

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq

from ray_app.video.synthetic.bag import follow_bag
from ray_app.video.synthetic.cast import cast_scenario
from ray_app.video.synthetic.footage import FootageJob, draw_footage
from ray_app.video.synthetic.gl import open_context
from ray_app.video.synthetic.incidents import find_incidents
from ray_app.video.synthetic.request import STARTED_AT, SceneRequest, code_version
from ray_app.video.synthetic.site_file import site_yaml
from ray_app.video.synthetic.telemetry_file import write_telemetry
from ray_app.video.synthetic.truth import write_truth

Progress = Callable[[int, int], None]
REPORT_EVERY = 10


def render_scene(
    request: SceneRequest, folder: Path, workers: int, on_progress: Progress | None
) -> None:
    """Writes the whole scene into folder, which must exist and be empty.

    Args:
        request: What to draw.
        folder: Where.
        workers: Cameras drawn at the same time, each by a process of its own; 1 draws here.
        on_progress: Called with frames done and frames in all.
    """
    open_context().release()  # fails at once, with the remedy, where nothing can be drawn
    scenario = request.build()
    cast = cast_scenario(scenario, request.rate_hz, request.seed)
    bag = None if scenario.bag is None else follow_bag(scenario.bag, cast)
    jobs = [
        FootageJob(
            scenario=scenario,
            camera=camera,
            cast=cast,
            bag=bag,
            size_px=request.size_px,
            seed=request.seed,
            light=request.sky,
            rainy=request.weather == "rain",
            started_at=STARTED_AT,
        )
        for camera in scenario.cameras
    ]
    cameras = folder / "cameras"
    cameras.mkdir()
    for job in jobs:
        if job.camera.flies:
            target = cameras / f"{job.camera.camera_id}.SRT"
            write_telemetry(target, job.camera, cast.frames, cast.rate_hz, STARTED_AT)
    (folder / "site.yaml").write_text(site_yaml(scenario, request.size_px, STARTED_AT), "utf-8")
    told = asdict(request) | {"code": code_version(), "started_at": STARTED_AT.isoformat()}
    (folder / "scene.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    write_truth(folder / "truth", scenario, cast, find_incidents(scenario, cast, bag))
    total = len(jobs) * cast.frames
    drawn = _draw_all(jobs, cameras, workers, lambda done: on_progress and on_progress(done, total))
    pq.write_table(pa.concat_tables(drawn), folder / "truth" / "people.parquet")


def _draw_all(
    jobs: list[FootageJob], folder: Path, workers: int, on_done: Callable[[int], object]
) -> list[pa.Table]:
    if workers > 1:
        return _draw_apart(jobs, folder, workers, on_done)
    tables, done = [], 0
    for job in jobs:
        counter = _Counter(on_done, done)
        tables.append(draw_footage(job, _target(folder, job), counter.count))
        done = counter.done
    return tables


def _draw_apart(
    jobs: list[FootageJob], folder: Path, workers: int, on_done: Callable[[int], object]
) -> list[pa.Table]:
    """One process per camera: an OpenGL context does not survive a fork, so they are spawned."""
    spawn = get_context("spawn")
    manager = SyncManager(ctx=spawn)
    manager.start(end_with_parent)
    before = set(active_children())  # not ours to end; the manager ends by itself
    with (
        manager,
        ProcessPoolExecutor(workers, mp_context=spawn, initializer=end_with_parent) as pool,
    ):
        steps: Queue[int] = manager.Queue()
        futures = [pool.submit(_draw_one, job, _target(folder, job), steps) for job in jobs]
        try:
            _follow(futures, steps, on_done)
            return [future.result() for future in futures]
        except BaseException:
            for drawer in set(active_children()) - before:
                drawer.terminate()
            raise


def end_with_parent() -> None:
    """Makes this process end as soon as its parent has, however that ended; left to the parent.

    A pool whose owner is killed would else draw on for minutes, for nobody.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is asked, and ends us
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _follow(
    futures: list["Future[pa.Table]"], steps: "Queue[int]", on_done: Callable[[int], object]
) -> None:
    done = 0
    while not all(future.done() for future in futures):
        if any(future.done() and future.exception() for future in futures):
            return
        try:
            done += steps.get(timeout=0.2)
            on_done(done)
        except Empty:
            continue
    while not steps.empty():
        done += steps.get()
    on_done(done)


def _draw_one(job: FootageJob, target: Path, steps: "Queue[int]") -> pa.Table:
    counter = _Counter(lambda done: steps.put(REPORT_EVERY) if done % REPORT_EVERY == 0 else None)
    table = draw_footage(job, target, counter.count)
    steps.put(counter.done % REPORT_EVERY)
    return table


def _target(folder: Path, job: FootageJob) -> Path:
    return folder / f"{job.camera.camera_id}.mp4"


class _Counter:
    """Counts frames and tells of each."""

    def __init__(self, on_done: Callable[[int], object], done: int = 0) -> None:
        self._on_done = on_done
        self.done = done

    def count(self) -> None:
        """Takes one more frame."""
        self.done += 1
        self._on_done(self.done)
