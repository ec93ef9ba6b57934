"""What was not authorised is not opened: cameras, hours, situations, ground."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from live_site import OneReader, file_site, lease_of, until
from square_footage import MORNING, film_site

from ray_app.authorisation.grant import AuthorisationSettings
from ray_app.live.messages import Outcome


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return film_site(tmp_path_factory.mktemp("footage") / "site")


def grant(begins_s=-60.0, ends_s=3600.0, **options):
    now = datetime.now(UTC)
    names = {"situations": ("restricted_area",), "cameras": ("east", "west")} | options
    return AuthorisationSettings(
        purpose="A test",
        start=now + timedelta(seconds=begins_s),
        end=now + timedelta(seconds=ends_s),
        **names,
    )


def live_site(footage, folder, allowed):
    return file_site(footage, folder, every_frame=False, authorisation=allowed)


def test_a_stream_is_opened_when_the_window_begins_and_closed_when_it_ends(footage, tmp_path):
    site = live_site(footage, tmp_path, grant(begins_s=1.5, ends_s=5.0))
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])
        until(lambda: reader.camera("east").idle_reason is not None)
        before = reader.camera("east")
        assert before.state is None
        assert before.pictures == before.counts.offered == 0
        assert before.idle_reason.startswith("outside the authorisation: its window is")
        until(lambda: reader.camera("east").counts.by_outcome[Outcome.ANALYSED] > 2)
        until(lambda: time.time() > site.authorisation.end.timestamp())
        until(lambda: reader.camera("east").state is None)
        seen = reader.camera("east").counts.offered
        time.sleep(1.0)  # nothing more may come
        assert reader.camera("east").counts.offered == seen


def test_a_camera_that_is_not_listed_is_never_opened(footage, tmp_path):
    site = live_site(footage, tmp_path, grant(cameras=("west",)))
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east"), lease_of(site, "west")])
        until(lambda: reader.camera("west").counts.by_outcome[Outcome.ANALYSED] > 2)
        east = reader.camera("east")
    assert east.idle_reason == "outside the authorisation: camera east is not listed"
    assert east.openings == east.pictures == 0
    assert all(key.camera_id == "west" for s in reader.replica.stacks for key in s.batch.keys)


def test_a_situation_that_is_not_listed_does_not_run(footage, tmp_path):
    site = file_site(footage, tmp_path, authorisation=None)
    unlisted = grant(situations=("fire_smoke",), begins_s=-86400 * 30, ends_s=86400.0)
    site = replace(site, authorisation=unlisted)
    site = replace(site, cameras=tuple(_in_real_time(camera) for camera in site.cameras))
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])
        until(lambda: reader.camera("east").state == "ended" and reader.ended())
    assert [e for e in reader.desk.events if e.situation == "restricted_area"] == []


def _in_real_time(camera):
    address = camera.stream.address.replace("*", "1")
    return replace(camera, stream=replace(camera.stream, every_frame=False, address=address))


def test_footage_filmed_outside_the_window_is_not_looked_at(footage, tmp_path):
    """The films say that they were taken in June 2026; the window is now."""
    site = file_site(footage, tmp_path, authorisation=grant())
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])
        until(reader.ended)
        assert reader.camera("east").counts.offered == 0
    assert reader.replica.stacks == []


def test_footage_filmed_inside_the_window_is_and_its_ledger_replays_under_it(footage, tmp_path):
    """The window begins two seconds into the films: what lies before is not looked at."""
    window = AuthorisationSettings(
        purpose="A test",
        situations=("restricted_area",),
        cameras=("east", "west"),
        start=MORNING + timedelta(seconds=2),
        end=MORNING + timedelta(hours=1),
    )
    site = file_site(footage, tmp_path, authorisation=window)
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])
        until(reader.ended)
        assert reader.camera("east").counts.by_outcome[Outcome.ANALYSED] == 50
        assert reader.outbox.flush(10.0)
        replayed = reader.replayed(site)
    assert replayed
    assert replayed == reader.desk.events


def test_outside_the_perimeter_pixels_are_black_before_a_replica_sees_them(footage, tmp_path):
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    site = live_site(footage, tmp_path, grant(perimeter_m=square))
    with OneReader(site, tmp_path) as reader:
        reader.core.lease([lease_of(site, "east")])  # nothing tells metres in its picture
        until(lambda: len(reader.replica.stacks) > 2)
    assert not any(np.any(stack.batch.pixels) for stack in reader.replica.stacks)
