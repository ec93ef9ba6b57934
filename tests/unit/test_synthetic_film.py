import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from synthetic_scenes import SIZE_PX, needs_opengl, one_walker, small_scenario

from ray_app.config.load import load_site
from ray_app.domain.errors import StoreError, VigieError
from ray_app.geo.dji_srt import read_dji_srt
from ray_app.geo.drone import drone_projection
from ray_app.video.synthetic import film, rendering, request
from ray_app.video.synthetic.cast import cast_scenario
from ray_app.video.synthetic.footage import FootageJob, draw_footage
from ray_app.video.synthetic.light import LIGHTS
from ray_app.video.synthetic.request import STARTED_AT, SceneRequest, request_scene
from ray_app.video.synthetic.scenarios import build_scenario
from ray_app.video.synthetic.site_file import site_yaml
from ray_app.video.synthetic.stills import write_stills
from ray_app.video.synthetic.telemetry_file import write_telemetry


def tiny(name: str = "event_gate", seconds: float = 1.0) -> SceneRequest:
    return SceneRequest(name, seconds, 1, "day", "dry", SIZE_PX, 5.0)


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> tuple[Path, list[tuple[int, int]]]:
    folder, steps = tmp_path_factory.mktemp("scene"), []
    rendering.render_scene(tiny(), folder, 1, lambda done, total: steps.append((done, total)))
    return folder, steps


@needs_opengl
def test_a_scene_holds_footage_truth_telemetry_and_a_site_file(scene):
    folder, steps = scene

    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "site.yaml",
        "scene.json",
        "cameras/gate.mp4",
        "cameras/corridor.mp4",
        "cameras/square.mp4",
        "cameras/drone.mp4",
        "cameras/drone.SRT",
        "truth/people.parquet",
        "truth/positions.parquet",
        "truth/density.parquet",
        "truth/flow.parquet",
        "truth/levels.parquet",
        "truth/incidents.json",
    }
    assert steps[-1] == (20, 20)
    assert len(steps) == 20


@needs_opengl
def test_footage_has_its_length_its_size_and_its_start(scene):
    with av.open(str(scene[0] / "cameras" / "gate.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.frames) == ("h264", 5)
        assert (stream.width, stream.height) == SIZE_PX
        assert float(stream.average_rate) == 5.0
        assert container.metadata["creation_time"].startswith("2026-06-21T16:00:00")


@pytest.mark.slow
@needs_opengl
def test_one_or_two_workers_write_the_same_bytes(scene, tmp_path):
    rendering.render_scene(tiny(), tmp_path, 2, None)

    for path in sorted(p for p in tmp_path.rglob("*") if p.is_file()):
        assert path.read_bytes() == (scene[0] / path.relative_to(tmp_path)).read_bytes(), path


@needs_opengl
def test_people_are_where_the_table_says(tmp_path):
    scenario = small_scenario(one_walker(), seconds=1.0)
    cast = cast_scenario(scenario, 5.0, seed=1)
    job = FootageJob(
        scenario, scenario.cameras[0], cast, None, (320, 180), 1, LIGHTS["day"], False, STARTED_AT
    )

    table = draw_footage(job, tmp_path / "one.mp4", lambda: None).to_pydict()

    first, last = pictures(tmp_path / "one.mp4")[:: len(table["frame"]) - 1]
    changed = np.abs(first.astype(int) - last).sum(axis=2) > 90
    y, x = np.nonzero(changed)
    boxes = np.array([[table[k][i] for k in ("x1_px", "y1_px", "x2_px", "y2_px")] for i in (0, -1)])
    inside = [((x > b[0] - 2) & (x < b[2] + 2) & (y > b[1] - 2) & (y < b[3] + 2)) for b in boxes]
    shadows = 0.5  # the shadows of both places change as well
    assert (inside[0] | inside[1]).mean() > shadows
    assert table["frame"] == [0, 1, 2, 3, 4]


@needs_opengl
def test_a_frozen_camera_repeats_its_picture_and_tells_of_nobody(tmp_path):
    scenario = small_scenario(one_walker(), seconds=4.0)
    camera = dataclasses.replace(scenario.cameras[0], freezes_s=(1.0, 2.6))
    cast = cast_scenario(scenario, 5.0, seed=1)
    job = FootageJob(scenario, camera, cast, None, (320, 180), 1, LIGHTS["day"], False, STARTED_AT)

    table = draw_footage(job, tmp_path / "one.mp4", lambda: None).to_pydict()

    assert sorted(set(table["frame"])) == [*range(5), *range(13, 20)]
    shots = pictures(tmp_path / "one.mp4")
    moved = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(shots)]
    assert max(moved[6:12]) == 0  # the coder takes two pictures to settle
    assert min(moved[:4]) > 0.5


@pytest.mark.parametrize("name", ["event_gate", "quiet_afternoon"])
def test_the_site_file_is_one_the_loader_takes(name, tmp_path):
    (tmp_path / "site.yaml").write_text(site_yaml(build_scenario(name), (640, 360), STARTED_AT))

    site = load_site(tmp_path / "site.yaml")

    assert [camera.id for camera in site.cameras] == ["gate", "corridor", "square", "drone"]
    assert site.cameras[0].situations.crowd_density[0].alarm.open_at == 1.5


def test_telemetry_leads_back_to_the_ground(tmp_path):
    scenario = build_scenario("event_gate")
    drone = scenario.cameras[3]
    write_telemetry(tmp_path / "d.SRT", drone, 40, 10.0, STARTED_AT)
    (tmp_path / "site.yaml").write_text(site_yaml(scenario, (640, 360), STARTED_AT))
    calibration = load_site(tmp_path / "site.yaml").cameras[3].calibration

    telemetry = read_dji_srt((tmp_path / "d.SRT").read_bytes())

    assert (len(telemetry.cues), telemetry.notes) == (40, ())
    place = np.array([[-3.0, 1.0, 0.0]])
    pixel, _ = drone.view_at(3.9, (640, 360)).project(place)
    projection = drone_projection(telemetry.cues[39].pose, calibration.drone, (640, 360))
    np.testing.assert_allclose(projection.feet_to_ground(pixel).xy_m, place[:, :2], atol=0.15)


@needs_opengl
def test_a_scene_is_rendered_once_and_copied_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(film, "request_scene", lambda *_: tiny())
    drawn: list[int] = []

    first = film.film_scenario(
        "event_gate", tmp_path / "a", on_progress=lambda d, _: drawn.append(d)
    )
    second = film.film_scenario(
        "event_gate", tmp_path / "b", on_progress=lambda d, _: drawn.append(d)
    )
    film.film_scenario("event_gate", tmp_path / "a")

    assert len(drawn) == 20  # only the first time
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [tiny().folder_name]
    for path in (p for p in first.rglob("*") if p.is_file()):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(StoreError, match="is not empty"):
        film.film_scenario("event_gate", tmp_path)

    assert (tmp_path / "mine.txt").read_text() == "keep"


@needs_opengl
def test_a_render_that_fails_leaves_no_scene(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIE_CACHE", str(tmp_path / "cache"))

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film.cached_scene(tiny(), 1, stop)

    assert list((tmp_path / "cache").iterdir()) == []


def test_the_folder_name_follows_from_every_parameter(monkeypatch):
    one = request_scene("event_gate", 5, 1, "day", "dry")
    others = [
        request_scene("quiet_afternoon", 5, 1, "day", "dry"),
        request_scene("event_gate", 6, 1, "day", "dry"),
        request_scene("event_gate", 5, 2, "day", "dry"),
        request_scene("event_gate", 5, 1, "night", "dry"),
        request_scene("event_gate", 5, 1, "day", "rain"),
        request_scene("event_gate", 5, 1, "day", "dry", 5.0),
    ]
    names = {r.folder_name for r in [one, *others]}
    assert len(names) == 7
    assert one.folder_name == request_scene("event_gate", 5.0, 1, "day", "dry").folder_name
    monkeypatch.setattr(request, "code_version", lambda: "another")
    assert one.folder_name not in names


@pytest.mark.parametrize(
    ("light", "weather", "seed", "rate_hz"),
    [
        ("dusk", "dry", 1, 10.0),
        ("day", "snow", 1, 10.0),
        ("day", "dry", -1, 10.0),
        ("day", "dry", 1, 7.0),
    ],
)
def test_a_request_that_cannot_be_drawn_is_refused(light, weather, seed, rate_hz):
    with pytest.raises(VigieError, match=r"known: |0 or more|frames per second"):
        request_scene("event_gate", None, seed, light, weather, rate_hz)


@needs_opengl
def test_stills_come_with_their_heads_and_repeat(tmp_path):
    write_stills(tmp_path / "a", 3, seed=4)
    write_stills(tmp_path / "b", 2, seed=4)

    points = json.loads((tmp_path / "a" / "points.json").read_text())
    assert sorted(points) == ["00000.jpg", "00001.jpg", "00002.jpg"]
    for name, heads in points.items():
        height, width = cv2.imread(str(tmp_path / "a" / name)).shape[:2]
        places = np.array(heads).reshape(-1, 2)
        assert ((places >= 0) & (places < (width, height))).all()
    for name in ("00000.jpg", "00001.jpg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
