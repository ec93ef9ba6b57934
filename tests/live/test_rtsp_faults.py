"""Real RTSP cameras that die, hang, refuse, change: the stream comes back, and says what was."""

import time

from live_site import until
from rtsp_cameras import Cameras, walking_square
from watched_stream import Watched

from ray_app.video.live.status import Clock, StreamState


def test_pictures_come_in_time_with_the_cameras_clock(film):
    with Cameras(film) as cameras, Watched(cameras.address()) as cam:
        until(lambda: cam.pictures and cam.pictures[-1].time_s > 3.0, lambda: cam.status)
    times = [picture.time_s for picture in cam.pictures]
    assert times == sorted(times)
    assert cam.pictures[-1].clock is Clock.SENDER
    assert abs(cam.pictures[-1].taken_at - time.time()) < 20.0
    assert cam.status.broken == 0


def test_a_server_that_is_killed_and_comes_back_begins_a_new_segment(film):
    with Cameras(film) as cameras, Watched(cameras.address()) as cam:
        cam.sees_more()
        cameras.kill()
        until(lambda: cam.status.state is StreamState.WAITING, lambda: cam.status)
        first = cam.pictures[-1].segment
        cameras.start()
        cam.sees_more()
        assert cam.pictures[-1].segment > first
        assert cam.status.state is StreamState.LIVE


def test_a_server_that_hangs_is_stalled_and_read_again_when_it_goes_on(film):
    with Cameras(film) as cameras, Watched(cameras.address()) as cam:
        cam.sees_more()
        cameras.hang()
        until(lambda: cam.status.state is StreamState.STALLED, lambda: cam.status)
        given_up = (StreamState.WAITING, StreamState.CONNECTING)
        until(lambda: cam.status.state in given_up, lambda: cam.status)
        cameras.go_on()
        cam.sees_more()
        until(lambda: cam.status.state is StreamState.LIVE, lambda: cam.status)
        assert cam.status.openings >= 2


def test_a_wrong_password_is_refused_and_not_tried_again_soon(film):
    with Cameras(film, credentials="ann:right") as cameras:
        with Watched(cameras.address(user="ann:${CAM}@"), {"CAM": "wrong"}) as cam:
            until(lambda: cam.status.state is StreamState.REFUSED, lambda: cam.status)
            assert "wrong" not in str(cam.status)
            assert cam.status.openings == 0
        with Watched(cameras.address(user="ann:${CAM}@"), {"CAM": "right"}) as cam:
            cam.sees_more()


def test_a_camera_may_come_back_with_another_size(film, tmp_path):
    larger = walking_square(tmp_path / "large.h264", size=(320, 240))
    with Cameras(film) as cameras, Watched(cameras.address()) as cam:
        cam.sees_more()
        cameras.kill()
        with Cameras(larger, port=cameras.port):
            until(lambda: cam.pictures[-1].source_size_px == (320, 240), lambda: cam.status)
            cam.sees_more()
    assert cam.pictures[0].source_size_px == (128, 96)
    assert cam.pictures[-1].pixels().shape == (240, 320, 3)
