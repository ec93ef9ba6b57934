"""One reader, without Ray: parity with the back-fill, order, deadlines, sheds, faults."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from live_site import OneReader, Replica, file_site, lease_of, until
from square_footage import film_site, manifest_of, run_without_ray

from ray_app.batch.analyze import analyze
from ray_app.config.schema import CalibrationConfig, SituationsConfig
from ray_app.geo.calibration import DroneCalibration
from ray_app.live.messages import Outcome
from ray_app.live.stack import Tuning
from ray_app.store.observations import read_segment, segment_file
from ray_app.store.segments import SegmentStatus, read_segments, write_segments


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


@pytest.fixture(scope="module")
def archived(footage, tmp_path_factory):
    """The events of the back-fill."""
    out, manifest = tmp_path_factory.mktemp("archive"), manifest_of(footage)
    run_without_ray(out, manifest)
    write_segments(out, [segment.record(SegmentStatus.DONE) for segment in manifest.segments])
    events = list(analyze(out, read_segments(out), file_site(footage, out), out).events)
    assert len(events) == 8
    return events


def in_order(events):
    return sorted(events, key=lambda event: (event.camera_id, event.time_s, event.event_id))


def watch(site, folder, replica=None):
    with OneReader(site, folder, replica) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(reader.ended, reader.core.report)
        reports = reader.core.report().cameras
        assert reader.outbox.flush(10.0)
        replayed = reader.replayed(site)
    return reader, reports, replayed


def test_a_file_taken_frame_by_frame_gives_the_events_of_the_back_fill(footage, archived, tmp_path):
    site = file_site(footage, tmp_path)
    reader, reports, replayed = watch(site, tmp_path)
    assert in_order(reader.desk.events) == in_order(archived)
    assert in_order(replayed) == in_order(archived)
    for report in reports:
        assert report.counts.by_outcome[Outcome.ANALYSED] == report.counts.offered == 60


def test_replicas_that_answer_out_of_order_or_die_change_no_event(footage, archived, tmp_path):
    replica = Replica()
    replica.away = 5
    reader, reports, _ = watch(file_site(footage, tmp_path), tmp_path, replica)
    assert in_order(reader.desk.events) == in_order(archived)
    assert [r.counts.by_outcome[Outcome.LOST] for r in reports] == [0, 0]


def test_evidence_shows_opened_situations_and_the_desk_may_be_away(footage, tmp_path):
    site = file_site(footage, tmp_path)
    with OneReader(site, tmp_path) as reader:
        reader.desk.is_away = True
        reader.core.lease([lease_of(site, "east")])
        until(reader.ended)
        assert reader.desk.signals == []
        assert reader.core.report().signals_waiting > 0
        reader.desk.is_away = False
        assert reader.outbox.flush(10.0)
    kept = {file.name for signal in reader.desk.signals for file in signal.evidence}
    assert kept
    assert {path.name for path in (tmp_path / "evidence").iterdir()} == kept


def test_slow_replicas_shed_the_oldest_and_every_frame_has_one_outcome(footage, tmp_path):
    site = file_site(footage, tmp_path, every_frame=False)
    replica = Replica()
    replica.work_s = 0.5
    with OneReader(site, tmp_path, replica) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(lambda: reader.camera("east").state == "ended" and reader.ended())
        east = reader.camera("east").counts.by_outcome
        replayed = reader.replayed(site)
        assert reader.outbox.flush(10.0)
    assert east[Outcome.SHED] > 5
    assert east[Outcome.ANALYSED] > 3
    assert east[Outcome.IN_FLIGHT] == 0
    assert sum(east.values()) == pytest.approx(30, abs=2)
    assert in_order(replayed) == in_order(reader.desk.events)


def test_a_frame_waits_a_little_for_others_to_fill_its_batch(footage, tmp_path):
    site = file_site(footage, tmp_path, every_frame=False)
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(lambda: len(reader.replica.stacks) >= 12)
        sizes = [len(stack.batch) for stack in reader.replica.stacks]
    assert sizes.count(2) > 6, sizes


def test_frames_older_than_the_deadline_cost_no_work(footage, tmp_path):
    site = file_site(footage, tmp_path, every_frame=False)
    replica = Replica()
    replica.tuning, replica.work_s = Tuning(0.05, 8), 0.4
    with OneReader(site, tmp_path, replica) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(lambda: reader.camera("east").state == "ended" and reader.ended())
        told = reader.camera("east").counts.by_outcome
    assert told[Outcome.LATE] + told[Outcome.SHED] > 10
    asked = sum(len(stack.batch) for stack in replica.stacks)
    analysed = told[Outcome.ANALYSED]
    assert asked < 60 - 10
    assert analysed > 0


def test_a_paused_camera_is_closed_and_goes_on_where_time_is(footage, tmp_path):
    site = file_site(footage, tmp_path, every_frame=False)
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])
        until(lambda: reader.camera("east").counts.by_outcome[Outcome.ANALYSED] > 3)
        reader.core.pause("east", is_paused=True)
        until(lambda: reader.camera("east").state is None)
        assert reader.camera("east").idle_reason == "paused"
        first = reader.core.report().positions[0]
        reader.core.pause("east", is_paused=False)
        before = reader.camera("east").counts.by_outcome[Outcome.ANALYSED]
        until(lambda: reader.camera("east").counts.by_outcome[Outcome.ANALYSED] > before + 3)
        after = reader.core.report().positions[0]
    assert after.next_index > first.next_index
    assert after.next_stretch > first.next_stretch


def test_a_camera_whose_rules_fail_does_not_touch_the_other(footage, tmp_path):
    class Odd(Replica):
        def __call__(self, stack):
            answer = super().__call__(stack)
            for seen in answer.seen:
                if seen.key.camera_id == "west":
                    boxes = np.asarray(seen.detections.boxes_px)
                    object.__setattr__(seen.detections, "boxes_px", boxes.astype(object))
                    object.__setattr__(seen, "source_size_px", None)
            return answer

    site = file_site(footage, tmp_path)
    with OneReader(site, tmp_path, Odd()) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(reader.ended)
        told = {c.camera_id: c for c in reader.core.report().cameras}
    assert told["east"].counts.by_outcome[Outcome.ANALYSED] == 60
    assert told["west"].counts.by_outcome[Outcome.LOST] == 60
    assert "rules failed" in told["west"].trouble


CUE = """{n}
00:00:{second:02d},000 --> 00:00:{second:02d},999
[latitude: 48.85] [longitude: 2.35] [rel_alt: {height}.000] [gb_yaw: 0 gb_pitch: -60 gb_roll: 0]

"""


def test_a_drones_video_played_as_a_stream_is_placed_by_the_telemetry_beside_it(footage, tmp_path):
    own = tmp_path / "site"
    shutil.copytree(footage, own)
    cues = [CUE.format(n=n + 1, second=n, height=20 + n) for n in range(10)]
    (own / "east_1.SRT").write_text("".join(cues), "utf-8")
    site = file_site(own, tmp_path, every_frame=False)
    drone = CalibrationConfig(drone=DroneCalibration(origin_deg=(48.85, 2.35)))
    cameras = tuple(
        replace(c, calibration=drone, zones=(), situations=SituationsConfig()) for c in site.cameras
    )
    site = replace(site, cameras=cameras)
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])
        until(reader.ended)
        reader.replayed(site)
        records = read_segments(reader.plan.ledger)
    files = [segment_file(reader.plan.ledger, "east", record.segment_id) for record in records]
    seen = [each for file in files for each in read_segment(file)]
    assert len(seen) > 10
    began_s = seen[0].key.time_s
    for each in seen:
        assert each.pose is not None
        assert each.pose.height_m == pytest.approx(20 + each.key.time_s - began_s, abs=1.0)
