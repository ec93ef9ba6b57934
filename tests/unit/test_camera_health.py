import numpy as np
import pytest
from people_scenes import SIZE_PX, observation_at

from models.picture_state import picture_state
from ray_app.analysis.camera_analyzer import CameraAnalyzer, CameraGround, Health, Watch
from ray_app.analysis.camera_health import CameraHealth, CameraHealthSettings
from ray_app.analysis.hysteresis import HysteresisSettings
from ray_app.domain.event import Phase
from ray_app.domain.observation import Observation, PictureState
from ray_app.domain.place import PictureZone
from ray_app.situations.restricted_area import RestrictedArea, RestrictedAreaSettings

HEIGHT, WIDTH = 360, 640


class Street:
    """A street of random blocks, with sensor noise and a bright thing that walks by."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        blocks = self.rng.integers(30, 220, (45, 80))
        self.wide = np.kron(blocks, np.ones((16, 16))).astype(np.float64)

    def picture(self, k, left=0, light=1.0, blur=0):
        import cv2

        view = self.wide[:HEIGHT, left : left + WIDTH] * light
        view = np.repeat(view[:, :, None], 3, axis=2)
        x = 20 + 5 * k % 560
        view[200:280, x : x + 30] = 240 * light
        if blur:
            view = cv2.GaussianBlur(view, (0, 0), blur)
        return (view + self.rng.normal(0, 2, view.shape)).clip(0, 255).astype(np.uint8)


def readings_of(pictures, **settings):
    """Seconds of each fault, picture by picture, at 5 Hz."""
    health = CameraHealth(CameraHealthSettings(**settings))
    told = []
    for k, picture in enumerate(pictures):
        rows = health.measure(picture_state(picture), k / 5)
        told.append({row.place: row.level for row in rows})
    return told


def lasted(told, fault):
    return max(row[fault] for row in told)


def test_a_live_street_has_no_fault_by_day_and_when_the_light_goes():
    street = Street()
    lights = np.concatenate([np.ones(150), np.linspace(1, 0.35, 50), np.full(100, 0.35)])
    told = readings_of([street.picture(k, light=light) for k, light in enumerate(lights)])
    assert max(max(row.values()) for row in told) < 1


def test_a_frozen_picture_is_told_even_when_coded_again():
    street = Street()
    still = street.picture(60)
    wavers = [(still + (k % 3 == 0)).clip(0, 255).astype(np.uint8) for k in range(40)]
    told = readings_of([street.picture(k) for k in range(60)] + wavers)
    assert lasted(told, "frozen") == pytest.approx(7.8, abs=0.21)
    assert all(lasted(told, fault) == 0 for fault in ("dark", "covered", "moved"))


@pytest.mark.parametrize(
    ("fault", "picture"),
    [
        ("dark", np.full((HEIGHT, WIDTH, 3), 4, np.uint8)),
        ("covered", np.full((HEIGHT, WIDTH, 3), 120, np.uint8)),
    ],
)
def test_a_dark_or_covered_camera(fault, picture):
    street, rng = Street(), np.random.default_rng(1)
    noisy = [(picture + rng.normal(0, 1.5, picture.shape)).clip(0, 255) for _ in range(30)]
    told = readings_of([street.picture(k) for k in range(30)] + [p.astype(np.uint8) for p in noisy])
    assert lasted(told, fault) == pytest.approx(6.0, abs=0.21)


def test_a_camera_out_of_focus_and_one_that_was_turned():
    street = Street()
    good = [street.picture(k) for k in range(125)]
    blurred = readings_of(good + [street.picture(k, blur=6) for k in range(125, 160)])
    assert lasted(blurred, "blurred") > 6
    turned = readings_of(good + [street.picture(k, left=300) for k in range(125, 160)])
    assert lasted(turned, "moved") > 6
    assert lasted(turned, "blurred") == 0


def test_a_crowd_that_fills_the_view_is_no_movement_of_the_camera():
    rng = np.random.default_rng(2)
    busy = [np.kron(rng.integers(0, 255, (45, 80, 1)), np.ones((8, 8, 3))) for _ in range(200)]
    told = readings_of([picture.astype(np.uint8) for picture in busy])
    assert lasted(told, "moved") == 0


def test_only_the_faults_asked_for_are_told():
    street = Street()
    pictures = [street.picture(k) for k in range(5)] + [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 9
    assert set(readings_of(pictures, faults=("frozen",))[0]) == {"frozen"}
    with pytest.raises(ValueError, match="unknown fault 'foggy'; known: frozen"):
        CameraHealthSettings(faults=("foggy",))


def test_a_blind_camera_is_an_event_and_mutes_its_situations_until_it_sees_again():
    zone = PictureZone("yard", ((0, 0), (1000, 0), (1000, 1000), (0, 1000)))
    watch = Watch(
        RestrictedArea(RestrictedAreaSettings(zone="yard"), zone),
        HysteresisSettings(open_at=1, close_at=0.5, hold_s=1, release_s=2),
    )
    health = CameraHealthSettings(after_s=2.0)
    analyzer = CameraAnalyzer(
        "cam", 5.0, [watch], CameraGround(), health=Health(CameraHealth(health), health.alarm)
    )
    street = Street()
    frozen = picture_state(street.picture(20))
    events, refused, levels = [], [], []
    for k in range(100):
        state = frozen if 20 <= k < 60 else picture_state(street.picture(k))
        seen = observation_at([(5, 5)], k)
        step = analyzer.step(Observation(seen.key, SIZE_PX, seen.detections, state=state))
        events += step.events
        refused.append({refusal.reason for refusal in step.refusals})
        levels.append([r.reading.level for r in step.readings if r.situation == "restricted_area"])
    ends = (Phase.OPENED, Phase.CLOSED)
    told = [(e.situation, e.place, e.phase) for e in events if e.phase in ends]
    assert told[:3] == [
        ("restricted_area", "yard", Phase.OPENED),
        ("camera_health", "frozen", Phase.OPENED),
        ("camera_health", "frozen", Phase.CLOSED),
    ]
    opened = next(e for e in events if e.situation == "camera_health" and e.phase is Phase.OPENED)
    assert 4.0 < opened.time_s <= 6.4
    muted = [k for k, reasons in enumerate(refused) if reasons]
    assert muted == list(range(muted[0], 60))
    assert 29 <= muted[0] <= 32
    assert refused[40] == {"the camera is not to be believed: frozen"}
    assert levels[40] == []
    assert levels[70] == [1.0]


def test_without_a_picture_state_nothing_is_told():
    assert CameraHealth(CameraHealthSettings()).measure(None, 0.0) == ()
    assert isinstance(picture_state(np.zeros((90, 160, 3), np.uint8)), PictureState)
