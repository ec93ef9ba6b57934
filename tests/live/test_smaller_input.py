"""A smaller input without Ray: reader, replica and fleet, and what the ledger says of it."""

import asyncio
import os
from dataclasses import replace

import numpy as np
import pytest
from live_site import OneReader, Replica, file_site, lease_of, until
from square_footage import SquareDetector, film_site, manifest_of, run_without_ray

from models.settings import FireFinderSettings, NetworkSettings
from models.smaller_input import at_share
from models.zoo import build_detector
from ray_app.batch.analyze import analyze
from ray_app.config.live_schema import SmallerInput
from ray_app.config.schema import SituationsConfig
from ray_app.domain.frame import FrameBatch, FrameKey
from ray_app.live.app import networks_of
from ray_app.live.detector_deployment import DetectorReplica
from ray_app.live.fleet_loop import FleetLoop, FleetStart
from ray_app.live.fleet_state import FleetState
from ray_app.live.frame_ledger import FRAMES
from ray_app.live.lease import CameraPosition, EvidencePlan, Orders, ReaderReport
from ray_app.live.messages import Outcome
from ray_app.live.stack import SiteLoad, Stack
from ray_app.store.parquet import read_parquet
from ray_app.store.segments import SegmentStatus, read_segments, write_segments
from ray_app.store.smaller_inputs import SCHEMA, count_smaller_inputs
from ray_app.video.evidence.settings import EvidenceSettings

SMALLER = SmallerInput(share=0.62, cost=0.6)
SMALL = at_share(NetworkSettings(), 0.62)


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


def quiet_site(footage, folder):
    """Nothing to watch for: no camera is raised by a situation."""
    site = file_site(footage, folder, every_frame=False)
    cameras = tuple(replace(c, zones=(), situations=SituationsConfig()) for c in site.cameras)
    return replace(site, cameras=cameras)


def stepped(site):
    """The same site, with one smaller input allowed."""
    return replace(site, live=replace(site.live, smaller_inputs=(SMALLER,)))


def small_for(*names):
    return Orders(inputs=tuple((name, SMALLER) for name in names))


def analysed(reader, name):
    return reader.camera(name).counts.by_outcome[Outcome.ANALYSED]


def listed(reader, kind, schema, name):
    files = sorted((reader.plan.ledger / kind / f"camera={name}").glob("*.parquet"))
    return [row for file in files for row in read_parquet(file, schema).to_pylist()]


def test_a_stack_holds_one_size_and_the_ledger_says_which_frames_were_seen_at_it(footage, tmp_path):
    replica = Replica()
    site = stepped(quiet_site(footage, tmp_path))
    with OneReader(site, tmp_path, replica) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(lambda: analysed(reader, "east") > 3)
        assert reader.camera("east").input_work == 1.0
        assert {p.input_costs for p in reader.core.report().positions} == {(1.0, 0.6)}
        reader.core.take_orders(small_for("east"))
        until(lambda: reader.camera("east").counts.reduced > 3)
        assert reader.camera("east").input_work == 0.6
        reader.core.take_orders(Orders())
        before = analysed(reader, "east")
        until(lambda: analysed(reader, "east") > before + 3)
        until(reader.ended)
        counts = {name: reader.camera(name).counts for name in ("east", "west")}
        reader.core.stop(5.0)
    sent = {"east": set(), "west": set()}
    for stack in replica.stacks:
        is_small = stack.networks == SMALL
        assert stack.networks == (SMALL if is_small else NetworkSettings())
        assert stack.input_cost == (0.6 if is_small else 1.0)
        for key in stack.batch.keys if is_small else ():
            sent[key.camera_id].add(key.index)
    assert sent["west"] == set()
    assert counts["west"].reduced == 0
    assert len(sent["east"]) == counts["east"].reduced < counts["east"].by_outcome["analysed"]
    rows = listed(reader, "smaller_inputs", SCHEMA, "east")
    assert {row["index"] for row in rows} == sent["east"]
    assert {(row["input_px"], row["tiles"], row["fire_input_px"]) for row in rows} == {
        (256, 1, None)
    }
    assert count_smaller_inputs(reader.plan.ledger) == {"east": len(rows)}
    assert not (reader.plan.ledger / "smaller_inputs" / "camera=west").exists()
    outcomes = {row["index"]: row["outcome"] for row in listed(reader, "frames", FRAMES, "east")}
    assert {outcomes[row["index"]] for row in rows} == {"analysed"}


def test_work_is_counted_at_its_cost(footage, tmp_path):
    with OneReader(quiet_site(footage, tmp_path), tmp_path) as reader:
        reader.core.take_orders(small_for("east"))
        site = quiet_site(footage, tmp_path)
        reader.core.lease([lease_of(site, "east")])
        reader.core.take_orders(small_for("east"))
        until(lambda: len(reader.replica.stacks) > 5)
        reader.core.release(["east"])
        until(lambda: reader.core.report().stacks == 0)
        stacks = [stack for stack in reader.replica.stacks if stack.networks == SMALL]
    assert len(stacks) >= len(reader.replica.stacks) - 2
    assert {stack.input_cost for stack in stacks} == {0.6}


def test_a_camera_where_something_begins_keeps_the_usual_input(footage, tmp_path):
    replica = Replica()
    site = file_site(footage, tmp_path, every_frame=False)
    with OneReader(site, tmp_path, replica) as reader:
        reader.core.lease([lease_of(site, "east")])
        reader.core.take_orders(small_for("east"))
        until(lambda: any(s.event.phase == "opened" for s in reader.desk.signals))
        asked = len(replica.stacks)
        assert reader.camera("east").input_work == 1.0
        until(lambda: len(replica.stacks) > asked + 2 or reader.ended())
        open_at = next(s.event.time_s for s in reader.desk.signals if s.event.phase == "opened")
    times = [(s.batch.keys[0].time_s, s.networks) for s in replica.stacks]
    assert {n for time_s, n in times if open_at < time_s <= open_at + 0.6} == {NetworkSettings()}
    assert SMALL in {networks for _, networks in times}


def test_a_file_taken_frame_by_frame_is_seen_as_the_archive_sees_it(footage, tmp_path):
    site, out = stepped(file_site(footage, tmp_path)), tmp_path / "archive"
    manifest = manifest_of(footage)
    run_without_ray(out, manifest)
    write_segments(out, [segment.record(SegmentStatus.DONE) for segment in manifest.segments])
    archived = list(analyze(out, read_segments(out), site, out).events)
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        reader.core.take_orders(small_for("east", "west"))
        until(reader.ended)
        assert reader.outbox.flush(10.0)
        assert {stack.networks for stack in reader.replica.stacks} == {NetworkSettings()}
        assert {p.input_costs for p in reader.core.report().positions} == {(1.0,)}
    by_id = {event.event_id: event for event in archived}
    assert {event.event_id: event for event in reader.desk.events} == by_id
    assert not (reader.plan.ledger / "smaller_inputs").exists()


def test_replicas_are_ready_for_every_size_before_they_are_asked(footage, tmp_path):
    built = []

    def build(networks):
        built.append(networks)
        return SquareDetector()

    site = stepped(quiet_site(footage, tmp_path))
    assert networks_of(site) == (NetworkSettings(), SMALL)
    assert networks_of(stepped(file_site(footage, tmp_path))) == (NetworkSettings(),)
    replica = DetectorReplica(networks_of(site), build)
    assert built == [NetworkSettings(), SMALL]
    keys = tuple(FrameKey("east", k, 0, k / 5) for k in range(3))
    pixels = np.zeros((3, 72, 128, 3), np.uint8)
    stack = Stack(SMALL, FrameBatch(keys, pixels, ((128, 72),) * 3), (None,) * 3, SiteLoad(), 0.6)
    answer = asyncio.run(replica.detect(stack))
    assert len(built) == 2
    assert answer.work == pytest.approx(4 * 0.6)


def test_only_what_networks_see_changes_with_the_input_size():
    usual = NetworkSettings(fire=FireFinderSettings(), batch_size=1)
    pixels = np.random.default_rng(2).integers(0, 256, (1, 288, 512, 3), np.uint8)
    batch = FrameBatch((FrameKey("a", 0, 0, 0.0),), pixels, ((1024, 576),))
    (large,), (small,) = (
        build_detector(networks).detect(batch) for networks in (usual, at_share(usual, 0.5))
    )
    assert (large.fire.flame.shape, small.fire.flame.shape) == ((18, 32), (9, 16))
    assert small.fire.cell_px == 2 * large.fire.cell_px
    assert small.source_size_px == large.source_size_px
    assert small.state.sharpness == large.state.sharpness
    assert (small.state.samples == large.state.samples).all()


def fleet_of(site, folder):
    widths = {camera.id: 128 for camera in site.cameras}
    evidence = EvidencePlan(EvidenceSettings(), folder / "evidence")
    start = FleetStart(site, folder, folder / "ledger", evidence, {}, widths)
    return FleetLoop(start, FleetState(0.0, {}))


def report_of(cameras, positions, work_per_s):
    return ReaderReport("r", os.getpid(), cameras, positions, (), 0, 1, work_per_s / 2, 0.5, 0, 0)


def position(name, rank, work=1):
    return CameraPosition(name, 0, 0, (), 10.0, work, rank, 0.5, input_costs=(1.0, 0.6))


def test_the_fleet_orders_it_for_all_but_the_highest_and_takes_it_back(footage, tmp_path):
    site = stepped(quiet_site(footage, tmp_path))
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        cameras = reader.core.report().cameras
    fleet = fleet_of(site, tmp_path)
    places = (position("east", 2), position("west", 1))

    def hear(work_per_s, elapsed_s=0.5):
        report = report_of(cameras, places, work_per_s)
        fleet.take({"r": replace(report, name="r")}, [], elapsed_s)

    hear(100.0)
    assert fleet.inputs == {}
    assert sum(fleet.shares.values()) == 2.0
    for _ in range(30):
        hear(9.0)
    assert fleet.inputs == {"west": SMALLER}
    assert fleet.shares == pytest.approx({"east": 0.56, "west": 0.5}, abs=0.03)
    assert fleet._orders("r").inputs == (("west", SMALLER),)
    assert fleet.load.offered_work_per_s == 20.0
    for _ in range(15):
        hear(100.0)
    assert fleet.inputs == {"west": SMALLER}
    for _ in range(20):
        hear(100.0)
    assert fleet.inputs == {}
