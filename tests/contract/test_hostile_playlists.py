"""An HLS playlist is hostile input: where it leads is checked as the stream's own address is."""

import sys
import time
from pathlib import Path

import pytest
from test_live_stream import LONGEST_S, QUICK, SOON, transport_stream

from ray_app.video.live import web_source
from ray_app.video.live.address import AllowedStreams, read_address
from ray_app.video.live.status import StreamState
from ray_app.video.live.stream import LiveStream

sys.path.append(str(Path(__file__).parent.parent / "live"))
from stream_servers import WebServer

HEAD = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
KEY = f"{HEAD}#EXT-X-KEY:METHOD=AES-128,URI="
ONE = "#EXTINF:2.0,\n"
END = "#EXT-X-ENDLIST\n"
ANY, OURS = (
    AllowedStreams(schemes=("http",)),
    AllowedStreams(schemes=("http",), hosts=("127.0.0.1",)),
)
AWAY = "http://127.0.0.2:PORT"


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    """Another host with something worth stealing; it is on nobody's list."""
    folder = tmp_path_factory.mktemp("inside")
    transport_stream(folder / "secret.ts")
    (folder / "list.m3u8").write_text(f"{HEAD}{ONE}secret.ts\n{END}")
    (folder / "key").write_bytes(bytes(16))
    with WebServer(folder, host="127.0.0.2") as server:
        yield server


@pytest.fixture
def camera(tmp_path):
    transport_stream(tmp_path / "own.ts")
    with WebServer(tmp_path) as server:
        yield server


def watch(camera, tmp_path, playlist, allowed=OURS):
    """Reads the stream until it is given up; returns how it stood then."""
    (tmp_path / "cam.m3u8").write_text(playlist)
    address = read_address(camera.url("cam.m3u8"), allowed, {})
    stream = LiveStream("cam", address, None, SOON, QUICK)
    stream.start()
    limit = time.monotonic() + LONGEST_S
    while stream.status.state is not StreamState.WAITING:
        assert time.monotonic() < limit, stream.status
        time.sleep(0.01)
    status = stream.status
    assert stream.stop(wait_s=5.0)
    return status


def test_a_playlist_that_stays_at_home_is_read(camera, tmp_path):
    status = watch(camera, tmp_path, f"{HEAD}{ONE}own.ts\n{END}")
    assert status.pictures == 20
    assert status.trouble == "the stream ended"


@pytest.mark.parametrize("allowed", [OURS, ANY], ids=["listed hosts", "any host"])
@pytest.mark.parametrize(
    ("led", "told"),
    [
        (f"{HEAD}{ONE}file:///etc/passwd\n{END}", "Invalid data"),
        (f"{HEAD}{ONE}/etc/passwd\n{END}", "Invalid data"),
        (f"{HEAD}{ONE}{AWAY}/secret.ts\n{END}", "is not allowed"),
        (f"{HEAD}{ONE}//127.0.0.2:PORT/secret.ts\n{END}", "is not allowed"),
        (
            f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{AWAY}/list.m3u8\n",
            "is not allowed",
        ),
        (
            f'{HEAD}#EXT-X-MAP:URI="{AWAY}/secret.ts"\n{ONE}own.ts\n{END}',
            "is not allowed",
        ),
        (f'{HEAD}#EXT-X-MAP:URI="file:///etc/passwd"\n{ONE}own.ts\n{END}', "Invalid data"),
        (f'{KEY}"{AWAY}/key"\n{ONE}own.ts\n{END}', "is not allowed"),
        (f'{KEY}"file:///etc/passwd"\n{ONE}own.ts\n{END}', "Invalid data"),
        (f'{KEY}"own.ts"\n{ONE}own.ts\n{END}', "encrypted"),
        (f"{HEAD}{ONE}data:video/mp2t;base64,R0AAEAAA\n{END}", "Invalid data"),
        (f"{HEAD}{ONE}concat:file:///etc/passwd\n{END}", "Invalid data"),
        (f"{HEAD}{ONE}subfile,,start,1,end,9,,:/etc/passwd\n{END}", "Invalid data"),
    ],
)
def test_a_playlist_leads_nowhere_else(camera, inside, tmp_path, led, told, allowed):
    before = list(inside.asked)
    status = watch(camera, tmp_path, led.replace("PORT", str(inside.port)), allowed)
    assert inside.asked == before
    assert status.pictures == 0
    assert told in status.trouble


def test_a_segment_that_is_moved_away_is_not_followed(camera, inside, tmp_path):
    camera.moved["/away.ts"] = inside.url("secret.ts")
    status = watch(camera, tmp_path, f"{HEAD}{ONE}away.ts\n{END}")
    assert status.pictures == 0
    assert "redirects are not followed" in status.trouble
    assert inside.asked == []


def test_a_host_that_the_site_names_may_serve_segments(camera, inside, tmp_path):
    both = AllowedStreams(schemes=("http",), hosts=("127.0.0.1", "127.0.0.2"))
    led = f"{HEAD}{ONE}{inside.url('secret.ts')}\n{END}"
    assert watch(camera, tmp_path, led, both).pictures == 20


def test_a_playlist_without_end_is_given_up(camera, tmp_path, monkeypatch):
    monkeypatch.setattr(web_source, "MOST_PLAYLIST_BYTES", 4096)
    status = watch(camera, tmp_path, HEAD + f"{ONE}own.ts\n" * 400)
    assert status.pictures == 0
    assert "a playlist of more than 4096 bytes" in status.trouble
