"""Every kind of stream, from a real peer on this machine: pictures in time, and a clean end."""

import subprocess
from dataclasses import replace
from itertools import pairwise

import pytest
from live_site import until
from rtsp_cameras import Cameras, free_port, needs_cameras, walking_square
from stream_servers import WebServer, needs, sending
from watched_stream import SOON, Watched

from ray_app.video.live.status import Clock, StreamState

RATE_HZ = 10
LOST = (StreamState.WAITING, StreamState.CONNECTING)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    needs_cameras()
    return walking_square(tmp_path_factory.mktemp("film") / "cam.h264", rate_hz=RATE_HZ)


@pytest.fixture(scope="module")
def movie(film):
    """The film as a file that ffmpeg plays."""
    place = film.with_name("movie.mp4")
    needs("ffmpeg")
    words = ["ffmpeg", "-v", "error", "-y", "-framerate", str(RATE_HZ), "-i", str(film)]
    subprocess.run([*words, "-c", "copy", str(place)], check=True)
    return place


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def self_signed(folder, name):
    """Returns a folder with a certificate signed by itself, and it with its key in one file."""
    needs("openssl")
    words = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=cam -addext subjectAltName={name}"
    files = ["-keyout", folder / "key.pem", "-out", folder / "ca.pem"]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True)
    both = (folder / "ca.pem").read_text() + (folder / "key.pem").read_text()
    (folder / "both.pem").write_text(both)
    return folder


def assert_in_time(pictures, least_s):
    """A stretch of pictures rises in steady steps, and lasts."""
    for segment in {picture.segment for picture in pictures}:
        times = [picture.time_s for picture in pictures if picture.segment == segment]
        assert all(a < b < a + 1.0 for a, b in pairwise(times)), times
    last = pictures[-1]
    ours = [picture for picture in pictures if picture.segment == last.segment]
    assert last.time_s >= least_s
    assert len(ours) >= 0.9 * RATE_HZ * (last.time_s - ours[0].time_s)
    recent = next(picture for picture in ours if picture.time_s > last.time_s - 1.0)
    lasted_s = last.taken_at - recent.taken_at
    assert abs(lasted_s - (last.time_s - recent.time_s)) < 0.8  # ffmpeg begins with a burst


def see(cam, least_s=2.5):
    until(lambda: cam.pictures and cam.pictures[-1].time_s >= least_s, lambda: cam.status)
    assert cam.status.state is StreamState.LIVE
    assert_in_time(list(cam.pictures), least_s)


def changed(**changes):
    return replace(SOON, **changes)


def test_rtsp_over_udp_tells_the_senders_clock(film):
    with (
        Cameras(film) as cameras,
        Watched(cameras.address(), settings=changed(transport="udp")) as cam,
    ):
        see(cam, 4.0)
        assert cam.pictures[-1].clock is Clock.SENDER
        cameras.kill()
        cam.is_in(*LOST)


def test_rtsps_is_read_with_the_sites_own_authority(film, certificate):
    with Cameras(film, certificate=certificate / "both.pem") as cameras:
        trusting = changed(ca_file=str(certificate / "ca.pem"))
        with Watched(cameras.address(), settings=trusting) as cam:
            see(cam)
            cameras.kill()
            cam.is_in(*LOST)


def test_rtsps_of_nobody_known_is_not_read_unless_told(film, certificate):
    with Cameras(film, certificate=certificate / "both.pem") as cameras:
        with Watched(cameras.address()) as cam:
            cam.is_in(StreamState.WAITING)
            assert cam.status.openings == 0
            assert "reading.ca_file" in cam.status.trouble
        with Watched(cameras.address(), settings=changed(verify_tls=False)) as cam:
            see(cam, 1.0)


def test_rtsps_of_another_host_is_not_read(film, tmp_path):
    others = self_signed(tmp_path, "IP:127.0.0.9")
    trusting = changed(ca_file=str(others / "ca.pem"))
    with (
        Cameras(film, certificate=others / "both.pem") as cameras,
        Watched(cameras.address(), settings=trusting) as cam,
    ):
        cam.is_in(StreamState.WAITING)
        assert cam.status.openings == 0


def test_digest_right_and_wrong(film):
    with Cameras(film, credentials="ann:right", digest=True) as cameras:
        where = cameras.address(user="ann:${CAM}@")
        with Watched(where, {"CAM": "right"}) as cam:
            see(cam, 1.0)
        with Watched(where, {"CAM": "wrong"}) as cam:
            cam.is_in(StreamState.REFUSED)
            assert "wrong" not in str(cam.status)
            assert cam.status.openings == 0


def test_rtmp(movie):
    where = f"rtmp://127.0.0.1:{free_port()}/live/drone"
    with Watched(where) as cam:
        with sending(movie, "-f", "flv", "-listen", "1", where) as server:
            see(cam)
            server.kill()
            cam.is_in(*LOST)
        seen = cam.pictures[-1].segment
        with sending(movie, "-f", "flv", "-listen", "1", where):
            cam.sees_more()
            assert cam.pictures[-1].segment > seen


def test_transport_stream_over_udp(movie):
    port = free_port()
    with Watched(f"udp://127.0.0.1:{port}") as cam:
        with sending(movie, "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
            see(cam)
        cam.is_in(*LOST)


def test_hls(movie, tmp_path):
    words = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "6"]
    words += ["-hls_flags", "delete_segments", tmp_path / "cam.m3u8"]
    with WebServer(tmp_path) as server, Watched(server.url("cam.m3u8")) as cam:
        with sending(movie, *words):
            see(cam, 6.0)
        cam.is_in(*LOST)
