"""What dies is replaced, and every frame that cameras offered is accounted for."""

import math
import os
import signal
import time
from collections import Counter
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import ray
from live_ray import replica_process
from live_site import until
from paced_streams import PacedCameras, filmed
from watching_fleet import Watching, cameras_of, quiet, rtsp_site

from ray_app.live.messages import NAMESPACE, Outcome
from ray_app.store.segments import read_segments
from ray_app.video.live.address import AllowedStreams
from ray_app.video.live.status import StreamState

pytestmark = [
    pytest.mark.ray,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("slowness", "desk"),
]
NAMES = ("a", "b", "c", "d")


def notes_of(ledger, camera_id):
    """Returns what the ledger's files say of a camera's frames, in order."""
    files = sorted((ledger / "frames" / f"camera={camera_id}").glob("*.parquet"))
    notes = [note for file in files for note in pq.read_table(file).to_pylist()]
    return sorted(notes, key=lambda note: note["index"])


def analysed_at(ledger, camera_id):
    """Returns when the analysed frames of a camera were taken, seconds since 1970."""
    notes = notes_of(ledger, camera_id)
    return sorted(n["taken_at"] for n in notes if n["outcome"] == str(Outcome.ANALYSED))


def kill(process):
    """Kills a process; returns when, seconds since 1970."""
    os.kill(process, signal.SIGKILL)
    return time.time()


def test_cameras_of_a_killed_reader_are_read_again_within_ten_seconds(film, tmp_path):
    with cameras_of(film, tmp_path, NAMES, cameras_each=2) as (_, watching):
        watching.all_see_more(NAMES)
        victim = watching.camera("a").reader
        moved = [k for k, c in watching.cameras().items() if c.reader == victim]
        kept = [k for k in NAMES if k not in moved]
        before = {k: c.counts for k, c in watching.cameras().items()}
        killed = ray.get_actor(victim, namespace=NAMESPACE)
        at = kill(ray.get(killed.process.remote()))
        watching.all_see_more(moved)
        after = watching.cameras()
        write_ledger(watching, moved)
    assert kept
    assert all(after[k].reader != victim for k in moved)
    assert all(after[k].openings == 1 for k in kept)
    for name in NAMES:
        assert after[name].counts.offered >= before[name].offered
    ledger = watching.places.ledger
    gaps_s = {k: analysed_at(ledger, k)[0] - at for k in moved}  # its own ledger died with it
    lost = {k: after[k].counts.by_outcome[Outcome.LOST] for k in moved}
    print(f"analysed again after {gaps_s} s, lost while under way: {lost}")  # noqa: T201
    assert max(gaps_s.values()) < 10.0
    assert all(frames <= 8 for frames in lost.values())


def test_a_killed_fleet_finds_its_readers_and_they_never_stop(film, tmp_path):
    """The list of the ledger's pieces is whole after it, too."""
    with cameras_of(film, tmp_path, NAMES) as (_, watching):
        watching.all_see_more(NAMES)
        close_a_piece(watching, "a")
        readers = {k: c.reader for k, c in watching.cameras().items()}
        at = kill(ray.get(watching.fleet.__ray_call__.remote(lambda _: os.getpid())))
        until(lambda: answers(watching) == set(NAMES), lambda: "the fleet is gone")
        took_s = time.time() - at
        watching.all_see_more(NAMES, frames=5)
        after = watching.cameras()
        assert {k: c.reader for k, c in after.items()} == readers
        assert all(after[k].openings == 1 for k in NAMES if k != "a")
        assert all(c.counts.by_outcome[Outcome.LOST] == 0 for c in after.values())
        write_ledger(watching, NAMES)
        ledger = watching.places.ledger
        until(lambda: listed_in(ledger) == written_in(ledger), lambda: listed_in(ledger))
    print(f"the fleet knew its cameras again after {took_s:.1f} s")  # noqa: T201
    for name in NAMES:
        assert any(at < t < at + took_s for t in analysed_at(ledger, name))


def listed_in(ledger):
    """Returns the pieces of a ledger that `vigie replay` finds."""
    return {(piece.camera_id, piece.segment_id) for piece in read_segments(ledger)}


def written_in(ledger):
    """Returns the pieces that lie there."""
    return {
        (file.parent.name.removeprefix("camera="), file.stem.removeprefix("segment="))
        for file in (ledger / "observations").rglob("*.parquet")
    }


def close_a_piece(watching, camera_id):
    """Has a camera's reader write a piece of the ledger, until the fleet has listed it."""
    ray.get(watching.fleet.pause.remote(camera_id))
    until(lambda: watching.camera(camera_id).idle_reason == "paused", watching.cameras)
    ray.get(watching.fleet.resume.remote(camera_id))
    until(lambda: read_segments(watching.places.ledger), watching.cameras)
    watching.all_see_more((camera_id,), frames=10)  # its reader has forgotten the piece by then


def write_ledger(watching, names):
    """Has readers write what they hold of the ledger: stopping in time may cut it short."""
    for name in names:
        ray.get(watching.fleet.pause.remote(name))
    ledger = watching.places.ledger

    def is_written():
        told = watching.cameras()
        return all(
            told[k].idle_reason == "paused" and told[k].state is None and notes_of(ledger, k)
            for k in names
        )

    until(is_written, watching.cameras)


def answers(watching):
    """Returns the cameras the fleet knows how they are doing, once it answers."""
    try:
        return set(watching.cameras())
    except ray.exceptions.RayActorError:
        return set()


def test_every_frame_that_cameras_offered_has_one_outcome_in_the_ledger(slowness, tmp_path):
    """Twice the load, and a replica killed under it: the sum is that of the stream's own times."""
    film = filmed(seconds=24, rate_hz=10)
    rate_hz = 5.0
    slowness.write_text("0.12")  # two replicas carry 16 frames/s of 30
    names = ("a", "b", "c", "d", "e", "f")
    with PacedCameras(film, len(names)) as cameras:
        asked = with_http(quiet(rtsp_site(cameras, tmp_path, names, rate_hz=rate_hz)))
        with Watching(asked, tmp_path) as watching:
            until(lambda: sum(watching.analysed().values()) > 6, watching.cameras)
            kill(replica_process())
            until(lambda: cameras.sent == len(names), watching.cameras)
            until(lambda: all(is_over(c) for c in watching.cameras().values()), watching.cameras)
            told = watching.cameras()
            write_ledger(watching, names)
    last_s = film.times_s[-1]
    offered = sum(1 for k in range(math.ceil(last_s * rate_hz) + 1) if k / rate_hz < last_s - 1e-3)
    outcomes = Counter()
    for name in names:
        notes = notes_of(watching.places.ledger, name)
        assert len(notes) == len({note["index"] for note in notes}) == offered
        counted = Counter(note["outcome"] for note in notes)
        by_fleet = {str(k): v for k, v in told[name].counts.by_outcome.items() if v}
        assert counted == {k: v for k, v in by_fleet.items() if k != Outcome.NOT_SEEN}
        outcomes += counted
    print(outcomes)  # noqa: T201
    assert outcomes[str(Outcome.SHED)] > 60
    assert sum(outcomes.values()) == offered * len(names)


def is_over(camera):
    lost = camera.state in (StreamState.WAITING, StreamState.CONNECTING)
    return lost and camera.counts.by_outcome[Outcome.IN_FLIGHT] == 0


def with_http(asked):
    """The same site, reading HTTP with patience."""
    allowed = AllowedStreams(schemes=("http",), hosts=("127.0.0.1",))
    cameras = tuple(
        replace(
            each, stream=replace(each.stream, reading=replace(each.stream.reading, read_s=10.0))
        )
        for each in asked.cameras
    )
    return replace(asked, cameras=cameras, live=replace(asked.live, allowed=allowed))
