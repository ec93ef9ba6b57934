import numpy as np
import pytest
from synthetic_scenes import needs_opengl

from ray_app.domain.errors import VigieError
from ray_app.geo.calibration import PinholeCalibration
from ray_app.geo.projection import build_projection
from ray_app.video.synthetic.gl import open_context
from ray_app.video.synthetic.lens import Lens, LensSettings
from ray_app.video.synthetic.light import LIGHTS
from ray_app.video.synthetic.mesh import Mesh, ball, box
from ray_app.video.synthetic.people_mesh import person_mesh
from ray_app.video.synthetic.posture import steady_walk
from ray_app.video.synthetic.renderer import Quality, Renderer
from ray_app.video.synthetic.scene import Block, Scenery, Surface
from ray_app.video.synthetic.seen import see_people
from ray_app.video.synthetic.things import only_people
from ray_app.video.synthetic.view import View, looking_at
from ray_app.video.synthetic.wardrobe import dress

SIZE_PX = (320, 180)
MAST = looking_at((0.0, -10.0, 6.0), (0.0, 0.0, 0.9), 45.0, SIZE_PX)


def people_at(*places: tuple[float, float]):
    count = len(places)
    heading, phase = np.linspace(0, 5, count), np.linspace(0, 0.9, count)
    return steady_walk(np.array(places), heading, phase, np.full(count, 1.2), dress(count, 5))


def draw(people, scenery: Scenery = Scenery(), light: str = "day"):  # noqa: B008
    renderer = Renderer(SIZE_PX, scenery, LIGHTS[light], quality=Quality(detail=1.0))
    picture, owners = renderer.draw(MAST, only_people(people.instances()))
    renderer.close()
    return picture, owners


@needs_opengl
def test_the_truth_boxes_are_the_drawn_outlines():
    people = people_at((-3, 0), (0, 1), (3, -1))

    _, owners = draw(people)

    seen = see_people(MAST, person_mesh(1.0), people, owners)
    for number, box_px in enumerate(seen.boxes_px, 1):
        y, x = np.nonzero(owners == number)
        drawn = x.min(), y.min(), x.max() + 1, y.max() + 1
        np.testing.assert_allclose(box_px, drawn, atol=1.2)
    assert (seen.visible > 0.97).all()
    assert (seen.head_visible > 0.97).all()


@needs_opengl
def test_a_wall_hides_legs_and_a_person_behind_another_is_covered():
    wall = Scenery(blocks=(Block((-6, -1.2, 0), (-1, -1, 1.1), Surface.BRICK),))
    people = people_at((-3, 0), (2, -0.5), (2, 0.1))

    _, owners = draw(people, wall)

    seen = see_people(MAST, person_mesh(1.0), people, owners)
    assert 0.2 < seen.visible[0] < 0.8
    assert seen.head_visible[0] > 0.9
    assert seen.visible[1] > 0.95
    assert seen.visible[2] < 0.8


@needs_opengl
def test_night_is_darker_than_day_and_shadows_fall_by_day():
    people = people_at((0, 0))

    day, _ = draw(people)
    night, owners = draw(people, light="night")

    assert night.mean() < 0.3 * day.mean()
    shadow = (owners == 0) & (day.sum(axis=2) < 0.55 * np.median(day.sum(axis=2)))
    assert 20 < shadow.sum() < 4000


@needs_opengl
def test_the_same_frame_drawn_twice_is_the_same():
    people = people_at((-3, 0), (0, 1))

    first, second = draw(people)[0], draw(people)[0]

    np.testing.assert_array_equal(first, second)


def test_missing_opengl_names_the_packages_to_install(monkeypatch):
    monkeypatch.setenv("GLCONTEXT_LINUX_LIBEGL", "libnowhere.so")

    with pytest.raises(VigieError, match="apt-get install -y libegl1 libgl1 libgl1-mesa-dri"):
        open_context()


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0, -30), (137, -62), (-80, -15)])
def test_a_view_projects_like_the_calibration_that_tells_it(yaw_deg, pitch_deg):
    view = View((3.0, -2.0, 6.0), yaw_deg, pitch_deg, 58.0, (640, 360))
    calibration = PinholeCalibration(
        image_size_px=(640, 360),
        position_m=view.position_m,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        horizontal_fov_deg=58.0,
    )
    pixels = np.array([[320.0, 200.0], [100.0, 340.0], [600.0, 250.0]])
    ground = build_projection(calibration, (640, 360)).feet_to_ground(pixels).xy_m

    projected, _ = view.project(np.concatenate([ground, np.zeros((3, 1))], axis=1))

    np.testing.assert_allclose(projected, pixels, atol=1e-6)


@pytest.mark.parametrize(
    "mesh", [ball((0, 0, 0), (1, 1, 1), 10, 0), box((-1, -1, -1), (1, 1, 1), 0)]
)
def test_faces_wind_counter_clockwise_seen_from_outside(mesh: Mesh):
    a, b, c = (mesh.points_m[mesh.faces[:, k]] for k in range(3))
    outward = np.einsum("ij,ij->i", np.cross(b - a, c - a), (a + b + c) / 3)

    assert (outward > -1e-9).all()


def test_the_lens_spoils_the_same_frame_alike_and_the_next_one_otherwise():
    lens = Lens(SIZE_PX, LensSettings(rain=True), seed=2)
    grey = np.full((180, 320, 3), 128, np.uint8)

    first, again, following = lens.spoil(grey, 1), lens.spoil(grey, 1), lens.spoil(grey, 2)

    np.testing.assert_array_equal(first, again)
    assert (first != following).mean() > 0.5
    assert abs(float(first.mean()) - 128) < 12
