"""Footage in a bucket: the same frames as from a disk, and one line for whatever goes wrong.

The server is named by `AWS_ENDPOINT_URL`, or in the address:
`s3://bucket/folder?endpoint_override=HOST:PORT&scheme=http&region=us-east-1`.
"""

import json
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import boto3
import fsspec
import numpy as np
import pyarrow.fs
import pytest
from moto.server import ThreadedMotoServer

from ray_app.domain.errors import FootageError
from ray_app.video import filesystem
from ray_app.video.archive import probe
from ray_app.video.footage_listing import list_footage
from ray_app.video.sampling import ClipReader
from ray_app.video.telemetry import telemetry_beside
from ray_app.video.timeline import lay_out
from tests.contract.footage import Recipe, make

SECRET = "wJalrXUtnFEMI-not-a-real-key"  # noqa: S105  only the fake server knows it
SRT = """1
00:00:00,000 --> 00:00:04,000
[latitude: 48.85] [longitude: 2.35] [rel_alt: 40.0 abs_alt: 90.0] [gb_yaw: 1.0 gb_pitch: -60.0]
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def environment(monkeypatch, endpoint) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "vigie")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    return make(tmp_path_factory.mktemp("footage"), Recipe("gate.mp4"))


@pytest.fixture(scope="module")
def bucket(endpoint, local) -> str:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="vigie",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="archive")
    for key in ("day1/gate.mp4", "day1/a b é.mp4", "day2/deep/er/gate.mkv", "day3 x/50%25 ?.mp4"):
        client.upload_file(str(local), "archive", key)
    client.put_object(Bucket="archive", Key="day1/notes.txt", Body=b"nothing to see")
    client.put_object(Bucket="archive", Key="day1/empty.mp4", Body=b"")
    client.put_object(Bucket="archive", Key="day1/gate.SRT", Body=SRT.encode())
    return "s3://archive"


def frames(url, first=0, end=99):
    (clip,) = lay_out("camera", [probe(url)]).clips
    reader = ClipReader(clip, first, end, 5.0, 160)
    return [frame.pixels for frame in reader.frames()], reader.losses


def test_a_prefix_lists_its_videos_to_the_bottom(bucket):
    found = list_footage([f"{bucket}/day1", f"{bucket}/day2"])
    assert [url.partition("archive/")[2] for url in found] == [
        "day1/a b é.mp4",
        "day1/empty.mp4",
        "day1/gate.mp4",
        "day2/deep/er/gate.mkv",
    ]


def test_frames_are_those_of_the_local_file_also_from_the_middle(bucket, local):
    for span in ((0, 99), (7, 12)):
        near, _ = frames(str(local), *span)
        far, losses = frames(f"{bucket}/day1/gate.mp4", *span)
        assert losses == ()
        assert len(far) == len(near) > 4
        assert all(np.array_equal(one, other) for one, other in zip(far, near, strict=True))


@pytest.mark.parametrize(("folder", "key"), [("day1", "a b é.mp4"), ("day3 x", "50%25 ?.mp4")])
def test_any_key_that_is_listed_is_read(bucket, folder, key):
    for asked in (folder, urllib.parse.quote(folder)):
        listed = list_footage([f"{bucket}/{asked}"])
        (url,) = [u for u in listed if urllib.parse.unquote(u).endswith(key)]
        assert len(frames(url)[0]) == 20


def test_telemetry_beside_a_video_in_a_bucket_is_read(bucket):
    pose = telemetry_beside(f"{bucket}/day1/gate.mp4").pose_at(1.0)
    assert pose is not None
    assert pose.pitch_deg == pytest.approx(-60.0)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("archive/day1/gone.mp4", "gone.mp4"),
        ("no-such-bucket/day1", "no-such-bucket"),
        ("archive/day9", "day9"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(bucket, path, said):
    with pytest.raises(FootageError, match=said) as told:
        list_footage([f"s3://{path}"])
    assert "\n" not in str(told.value)
    assert SECRET not in str(told.value)


def test_an_empty_object_is_told(bucket):
    with pytest.raises(FootageError, match="the file is empty"):
        probe(f"{bucket}/day1/empty.mp4")


def test_a_server_that_does_not_answer_is_told_and_does_not_hang(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    told: list[str] = []

    def ask():
        try:
            list_footage([f"s3://vigie:{SECRET}@archive/day1?endpoint_override=127.0.0.1:9"])
        except FootageError as error:
            told.append(str(error))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(timeout=90)
    assert len(told) == 1
    assert SECRET not in told[0]
    assert "\n" not in told[0]


@pytest.mark.ray
def test_a_backfill_reads_a_bucket_lists_what_fails_and_writes_no_credential(
    monkeypatch, bucket, endpoint, tmp_path
):
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    server = urllib.parse.quote(endpoint.removeprefix("http://"), safe="")
    query = f"endpoint_override={server}&scheme=http&region=us-east-1"
    command = (
        *(str(Path(sys.executable).with_name("vigie")), "backfill", "--json", "--workers", "1"),
        *("--footage", f"s3://vigie:{SECRET}@archive/day1?{query}", "--out", str(tmp_path / "out")),
    )
    done = run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert told["totals"]["frames"] == 40
    (failed,) = told["failures"]
    assert failed["url"] == "s3://archive/day1/empty.mp4"
    assert failed["reason"].endswith("the file is empty")
    written = [file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert len(written) > 5
    assert not [content for content in written if SECRET.encode() in content]
    assert SECRET not in done.stdout + done.stderr


class Dying(pyarrow.fs.FSSpecHandler):
    """Serves a file whose server is gone after some reads."""

    def open_input_file(self, path):
        opened = self.fs.open(path, "rb")
        reads = iter(range(6))

        def read(count=-1):
            if next(reads, None) is None:
                raise OSError("AWS Error NETWORK_CONNECTION during GetObject operation")
            return type(opened).read(opened, count)

        opened.read = read
        return pyarrow.PythonFile(opened, mode="r")


def test_a_server_lost_in_the_middle_of_a_file_fails_the_file_and_not_silently(
    monkeypatch, tmp_path
):
    path = make(tmp_path, Recipe("gate.ts"))
    (clip,) = lay_out("camera", [probe(str(path))]).clips
    monkeypatch.setattr(filesystem, "READ_AHEAD_BYTES", 1 << 13)
    dying = pyarrow.fs.PyFileSystem(Dying(fsspec.filesystem("file")))
    with pytest.raises(FootageError, match=r"gate\.ts: AWS Error NETWORK_CONNECTION"):
        list(ClipReader(clip, 0, 99, 5.0, 160, filesystem=dying).frames())
