"""A live stream outlives its camera's troubles: real sockets on this machine, no camera needed."""

import contextlib
import socket
import threading
import time

import av
import numpy as np
import pytest

from ray_app.outside.retry import RetrySettings
from ray_app.video.live.address import AllowedStreams, read_address
from ray_app.video.live.status import Clock, StreamState
from ray_app.video.live.stream import LiveStream
from ray_app.video.live.stream_settings import StreamSettings

ALLOWED = AllowedStreams(schemes=("http", "udp", "file"), hosts=("127.0.0.1",))
QUICK = RetrySettings(first_s=0.05, most_s=0.2, refused_s=60.0, healthy_s=1.0)
SOON = StreamSettings(open_s=3.0, read_s=1.0, stalled_s=0.6)
RATE_HZ = 10
LONGEST_S = 30.0


def transport_stream(path, seconds=2.0, size=(160, 120), shown=None, key_every=5):
    """Writes an MPEG-TS file with a key picture every half second; else each is one grey."""
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {
            "g": str(key_every),
            "bf": "0",
            "preset": "ultrafast",
            "tune": "zerolatency",
        }
        for k in range(round(seconds * RATE_HZ)):
            flat = np.full((size[1], size[0]), 40 + 8 * (k % 20), np.uint8)
            pixels = np.stack([flat if shown is None else shown(k)] * 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path.read_bytes()


class Camera:
    """Answers HTTP requests one after the other, each as the next script says."""

    def __init__(self, *scripts):
        self.requests = []
        self._scripts = list(scripts)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection, contextlib.suppress(OSError):
            self.requests.append(connection.recv(65536))
            script = self._scripts[min(len(self.requests), len(self._scripts)) - 1]
            script(connection, self._ended)


def sends(data, hangs=False, slices=20):
    """Sends a video in slices, then closes the connection, or says no more."""

    def script(connection, ended):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
        step = -(-len(data) // slices // 188) * 188
        for first in range(0, len(data), step):
            connection.sendall(data[first : first + step])
            time.sleep(0.02)
        if hangs:
            ended.wait(LONGEST_S)

    return script


def refuses(connection, _):
    connection.sendall(
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=cam\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


def leads_away(port):
    def script(connection, _):
        place = f"http://127.0.0.1:{port}/inside".encode()
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n"
        )

    return script


@contextlib.contextmanager
def watching(url, environment=None, **options):
    address = read_address(url, ALLOWED, environment or {})
    stream = LiveStream("cam", address, None, SOON, QUICK, **options)
    stream.start()
    try:
        yield stream
    finally:
        assert stream.stop(wait_s=5.0)


def until(claim, stream):
    limit = time.monotonic() + LONGEST_S
    while not claim():
        assert time.monotonic() < limit, stream.status
        time.sleep(0.02)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return transport_stream(tmp_path_factory.mktemp("live") / "cam.ts")


def test_pictures_come_with_time_and_place_in_one_segment(video):
    with Camera(sends(video, hangs=True)) as cam, watching(url(cam)) as stream:
        taken = []
        until(lambda: take(stream, taken) and taken[-1].time_s > 1.0, stream)
    times = [picture.time_s for picture in taken]
    assert times == sorted(times)
    assert {picture.segment for picture in taken} == {1}
    assert taken[-1].pixels().shape == (120, 160, 3)
    assert abs(taken[-1].taken_at - time.time()) < LONGEST_S
    assert taken[-1].clock is Clock.ARRIVAL


def url(cam, path="live.ts", user=""):
    return f"http://{user}127.0.0.1:{cam.port}/{path}"


def take(stream, taken):
    picture = stream.pictures.take(0.2)
    if picture is not None:
        taken.append(picture)
    return bool(taken)


def test_a_camera_that_goes_and_comes_back_begins_a_new_segment(video):
    with Camera(sends(video), sends(video, hangs=True)) as cam, watching(url(cam)) as stream:
        until(lambda: stream.status.openings >= 2 and stream.status.pictures > 30, stream)
        assert stream.status.segment >= 2
        assert stream.status.trouble


def test_a_camera_that_hangs_is_stalled_then_opened_again(video):
    half = video[: len(video) // 2]
    with (
        Camera(sends(half, hangs=True), sends(video, hangs=True)) as cam,
        watching(url(cam)) as stream,
    ):
        seen = set()
        until(lambda: seen.add(stream.status.state) or stream.status.openings >= 2, stream)
        until(lambda: stream.status.state is StreamState.LIVE, stream)
    assert StreamState.STALLED in seen


def test_a_refused_password_is_not_tried_again_at_once_and_never_shown():
    with Camera(refuses) as cam:
        where = url(cam, user="ann:${CAM}@")
        with watching(where, {"CAM": "geheim"}) as stream:
            until(lambda: stream.status.state is StreamState.REFUSED, stream)
            asked = len(cam.requests)
            time.sleep(0.6)  # many times the longest wait of other troubles
            assert len(cam.requests) == asked
            assert "geheim" not in str(stream.status)
            assert "refuses" in stream.status.trouble


def test_nobody_is_led_to_another_address(video):
    with Camera(sends(video)) as inside, Camera(leads_away(inside.port)) as cam:
        with watching(url(cam)) as stream:
            until(lambda: len(cam.requests) >= 2, stream)
        assert inside.requests == []


def test_broken_packets_are_counted_and_the_next_key_picture_is_whole(tmp_path):
    """A street of grey stones that slides by: whole pictures are told from rubbish."""
    rng = np.random.default_rng(1)
    stones = np.kron(rng.integers(0, 255, (30, 80), np.uint8), np.ones((8, 8), np.uint8))

    def shown(k):
        return np.roll(stones, 4 * k, axis=1)[:, :320]

    packets = bytearray(transport_stream(tmp_path / "cam.ts", 3.0, (320, 240), shown))
    for first in range(len(packets) // 3 // 188 * 188, len(packets) // 2, 3 * 188):
        packets[first + 30 : first + 180] = rng.bytes(150)
    with Camera(sends(bytes(packets), hangs=True)) as cam, watching(url(cam)) as stream:
        taken = []
        until(lambda: take(stream, taken) and taken[-1].time_s > 2.5, stream)
        assert stream.status.broken > 0

    def is_off(picture):
        seen = picture.pixels()[:, :, 0].astype(int)
        return np.abs(seen - shown(round(picture.time_s * RATE_HZ))).mean()

    assert [is_off(p) for p in taken if p.time_s < 0.7 or p.time_s > 2.0][-1] < 12


def test_a_stream_may_change_its_size(tmp_path, video):
    larger = transport_stream(tmp_path / "large.ts", size=(320, 240))
    with Camera(sends(video), sends(larger, hangs=True)) as cam, watching(url(cam)) as stream:
        taken = []
        until(lambda: take(stream, taken) and taken[-1].source_size_px == (320, 240), stream)
    assert taken[-1].pixels().shape == (240, 320, 3)


def test_what_is_no_video_is_told_and_tried_again():
    with Camera(sends(b"<html>not a camera</html>" * 50)) as cam, watching(url(cam)) as stream:
        until(lambda: len(cam.requests) >= 3, stream)
        assert stream.status.pictures == 0
        assert stream.status.trouble


def test_nobody_there_is_told_and_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with watching(f"http://127.0.0.1:{port}/x.ts") as stream:
        until(lambda: stream.status.state is StreamState.WAITING, stream)
        assert "refused" in stream.status.trouble.lower()


def test_a_transport_stream_over_udp(video):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        ended = threading.Event()

        def send():
            while not ended.is_set():
                for first in range(0, len(video), 1316):
                    sender.sendto(video[first : first + 1316], ("127.0.0.1", port))
                    if ended.wait(0.01):
                        return

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        with watching(f"udp://127.0.0.1:{port}") as stream:
            until(lambda: stream.status.pictures >= 30, stream)
            assert stream.status.segment > 1  # the video begins again: time jumps back
        ended.set()
        thread.join()


def test_a_file_is_played_as_fast_as_it_was_taken_and_then_ends(tmp_path):
    transport_stream(tmp_path / "a.ts", seconds=1.0)
    began = time.monotonic()
    with watching(f"file://{tmp_path}/a.ts") as stream:
        until(lambda: stream.status.state is StreamState.ENDED, stream)
        assert stream.status.pictures == RATE_HZ
    assert time.monotonic() - began > 0.85
    with watching(f"file://{tmp_path}/a.ts", real_time=False) as stream:
        until(lambda: stream.status.state is StreamState.ENDED, stream)
        assert stream.status.pictures == RATE_HZ


def test_a_reader_that_falls_behind_skips_to_a_key_picture_and_is_of_now_again(tmp_path):
    transport_stream(tmp_path / "long.ts", seconds=8.0)
    seen = []

    def take(picture):
        seen.append(picture)
        if picture.time_s < 4.0:
            time.sleep(0.3)  # three times as long as a picture lasts

    address = read_address(f"file://{tmp_path}/long.ts", ALLOWED)
    stream = LiveStream("cam", address, None, on_picture=take)
    stream.start()
    until(lambda: stream.status.state is StreamState.ENDED, stream)
    stream.stop()
    began_s = seen[0].arrived_s
    late_s = [picture.arrived_s - began_s - picture.time_s for picture in seen]
    # Looking at all of them would have been 8 s late by the fourth second.
    assert max(late_s) < 3.0
    assert len(seen) < 8 * RATE_HZ - 15
    assert {picture.segment for picture in seen} == {1}
    assert seen[-1].time_s > 7.5


def test_where_key_pictures_are_rare_no_long_gap_is_made_of_a_short_lag(tmp_path):
    transport_stream(tmp_path / "rare.ts", seconds=8.0, key_every=60)
    seen = []

    def take(picture):
        seen.append(picture)
        if 2.0 < picture.time_s < 3.0:
            time.sleep(0.3)  # two seconds behind by then: less than half of six

    address = read_address(f"file://{tmp_path}/rare.ts", ALLOWED)
    stream = LiveStream("cam", address, None, on_picture=take)
    stream.start()
    until(lambda: stream.status.state is StreamState.ENDED, stream)
    stream.stop()
    assert len(seen) > 8 * RATE_HZ - 12
