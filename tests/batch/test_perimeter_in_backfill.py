"""The perimeter is kept from the footage to the stored observations, the stills and a replay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import cv2
import numpy as np
import pytest
from square_footage import SquareDetector, film_site, left_px, site

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.batch.analyze import analyze_run
from ray_app.batch.manifest import make_manifest
from ray_app.batch.replay import replay
from ray_app.batch.report_data import gather_report
from ray_app.batch.results_folder import record_of, record_run
from ray_app.batch.segment_worker import SegmentWorker, WorkerBlocks, no_pose, open_clip
from ray_app.batch.site_job import hide_of, sources_of
from ray_app.batch.stills import take_stills
from ray_app.config.schema import CalibrationConfig, ZoneConfig
from ray_app.domain.errors import StoreError
from ray_app.geo.calibration import HomographyCalibration, PointPair
from ray_app.store.observations import read_segment, segment_file
from ray_app.store.segments import write_segments

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
SIZE_PX = (128, 96)
# One metre is ten pixels, seen from straight above.
CORNERS = ((0.0, 0.0), (12.8, 0.0), (12.8, 9.6), (0.0, 9.6))
FROM_ABOVE = CalibrationConfig(
    homography=HomographyCalibration(
        image_size_px=SIZE_PX,
        pairs=tuple(PointPair(px=(10 * x, 10 * y), m=(x, y)) for x, y in CORNERS),
    )
)
LEFT_HALF_M = ((0.0, 0.0), (6.4, 0.0), (6.4, 9.6), (0.0, 9.6))


class Witness(SquareDetector):
    """Remembers what it was shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def detect(self, batch):
        self.shown.append(batch.pixels.copy())
        return super().detect(batch)


def guarded(perimeter_m=LEFT_HALF_M, calibration=FROM_ABOVE):
    grant = AuthorisationSettings(
        purpose="test",
        situations=("restricted_area",),
        cameras=("east", "west"),
        start=MORNING,
        end=MORNING + timedelta(hours=1),
        perimeter_m=perimeter_m,
    )
    plain = site(authorisation=grant)
    left = ZoneConfig(name="right", polygon_px=((0, 0), (44, 0), (44, 96), (0, 96)))
    cameras = tuple(
        replace(camera, calibration=calibration, started_at=MORNING, zones=(left,))
        for camera in plain.cameras
    )
    return replace(plain, cameras=cameras)


def urls_in(footage):
    return tuple(str(path) for path in sorted(footage.glob("*.mp4")))


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


def manifest_of(config, footage):
    return make_manifest(sources_of(config, urls_in(footage)).sources, 2.0, config.authorisation)


def run(config, footage, out_dir, detector):
    out_dir.mkdir(parents=True, exist_ok=True)
    manifest = manifest_of(config, footage)
    record_run(out_dir, manifest, config.site, "none")
    blocks = WorkerBlocks(lambda _: detector, open_clip, no_pose, partial(hide_of, config))
    worker = SegmentWorker(out_dir, blocks)
    for segment in manifest.segments:
        assert worker.run(segment).failure is None
    write_segments(out_dir, [record_of(out_dir, segment) for segment in manifest.segments])
    return manifest


@pytest.fixture(scope="module")
def results(footage, tmp_path_factory):
    out_dir = tmp_path_factory.mktemp("guarded")
    run(guarded(), footage, out_dir, Witness())
    analyze_run(out_dir, guarded())
    return out_dir


def test_the_networks_see_black_outside_in_both_roads(footage, tmp_path):
    config, witness = guarded(), Witness()
    manifest = run(config, footage, tmp_path / "one", witness)
    shown = np.concatenate(witness.shown)
    edge = 64 * shown.shape[2] // SIZE_PX[0]
    assert shown[:, :, edge + 1 :].max() == 0
    assert shown[:, :, : edge - 1].max() > 100
    blocks = WorkerBlocks(lambda _: Witness(), open_clip, no_pose, partial(hide_of, config))
    segment = manifest.segments[0]
    decoded = SegmentWorker(tmp_path / "two", blocks).decode(segment)
    assert max(frame.pixels[:, edge + 1 :].max() for frame in decoded.frames) == 0
    assert SegmentWorker(tmp_path / "two", blocks).detect(segment, decoded).failure is None
    stored = [
        segment_file(tmp_path / road, segment.camera_id, segment.segment_id).read_bytes()
        for road in ("one", "two")
    ]
    assert stored[0] == stored[1]


def test_nobody_outside_reaches_the_store(results, footage):
    manifest = manifest_of(guarded(), footage)
    seen = [
        observation
        for segment in manifest.segments
        for observation in read_segment(
            segment_file(results, segment.camera_id, segment.segment_id)
        )
    ]
    lefts = [box[0] for observation in seen for box in observation.detections.boxes_px]
    assert lefts
    assert max(lefts) <= 64
    assert max(left_px(frame) for frame in range(120)) > 64  # somebody was there


def test_another_perimeter_is_other_work(footage):
    ids = [
        {segment.segment_id for segment in manifest_of(config, footage).segments}
        for config in (guarded(), guarded(CORNERS), guarded(None))
    ]
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]


def test_a_replay_may_see_less_and_never_more(results, tmp_path):
    smaller = ((0.0, 0.0), (3.0, 0.0), (3.0, 9.6), (0.0, 9.6))
    replay(results, guarded(smaller), None, tmp_path / "smaller")
    for wider in (CORNERS, None):
        with pytest.raises(StoreError, match="asks for more: that needs the footage"):
            replay(results, guarded(wider), None, tmp_path / "wider")
    with pytest.raises(StoreError, match="asks for more: that needs the footage"):
        replay(results, replace(guarded(), authorisation=None), None, tmp_path / "wider")
    moved = tuple(PointPair(px=(10 * x, 10 * y), m=(x + 1, y)) for x, y in CORNERS)
    other = CalibrationConfig(homography=HomographyCalibration(image_size_px=SIZE_PX, pairs=moved))
    with pytest.raises(StoreError, match="by another calibration"):
        replay(results, guarded(calibration=other), None, tmp_path / "other")


def test_stills_show_nothing_outside(results, footage):
    config = guarded()
    manifest = manifest_of(config, footage)
    clips = [clip for camera in manifest.cameras for clip in camera.timeline.clips]
    stills = take_stills(results, gather_report(results, config), clips, config)
    assert stills
    for still in stills:
        picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture[:, picture.shape[1] * 9 // 16 :].max() < 12
    smaller = guarded(((0.0, 0.0), (1.0, 0.0), (1.0, 9.6), (0.0, 9.6)))
    narrow = take_stills(results, gather_report(results, smaller), clips, smaller)
    pictures = [cv2.imdecode(np.frombuffer(s.jpeg, np.uint8), cv2.IMREAD_COLOR) for s in narrow]
    assert pictures
    assert max(p[:, p.shape[1] * 3 // 16 :].max() for p in pictures) < 12
