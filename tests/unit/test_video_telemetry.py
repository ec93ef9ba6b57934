import pyarrow.fs
import pytest

from ray_app.domain.observation import DronePose
from ray_app.geo.dji_srt import write_dji_srt
from ray_app.geo.pose_track import Cue
from ray_app.video.telemetry import poses_beside, telemetry_beside

POSE = DronePose(48.85, 2.29, 60.0, 90.0, -45.0, 0.0, None)


@pytest.mark.parametrize("ending", ["SRT", "srt"])
def test_telemetry_lies_beside_its_video(tmp_path, ending):
    write_dji_srt(tmp_path / f"DJI 0001.{ending}", [Cue(0.0, 1.0, POSE)])
    for video in (str(tmp_path / "DJI 0001.MP4"), f"file://{tmp_path}/DJI 0001.MP4"):
        pose_at = poses_beside(video)
        assert pose_at(0.5) == POSE
        assert pose_at(1.5) is None


def test_telemetry_on_another_file_system(tmp_path):
    write_dji_srt(tmp_path / "a.SRT", [Cue(0.0, 1.0, POSE)])
    served = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    assert len(telemetry_beside("a.mp4", served).cues) == 1


def test_missing_telemetry_is_a_note(tmp_path):
    found = telemetry_beside(str(tmp_path / "a.mp4"))
    assert found.notes == ("no telemetry: a.SRT is not beside a.mp4",)
    assert found.pose_at(0.0) is None


def test_what_cannot_be_reached_is_a_note_without_credentials():
    (note,) = telemetry_beside("nowhere://user:secret@host/a.mp4?token=secret").notes
    assert "cannot be read" in note
    assert "secret" not in note
