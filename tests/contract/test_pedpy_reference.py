"""Density, flow and speed against PedPy, from the same laboratory and street trajectories."""

import gzip
import os
import pathlib
from dataclasses import dataclass

import numpy as np
import pytest

from ray_app.domain.event import Reading
from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import Detections, Label, Observation, Tracks
from ray_app.domain.place import GroundZone, Line
from ray_app.domain.scene import GroundCrowd, GroundPoints, Scene
from ray_app.situations.bottleneck import Bottleneck, BottleneckSettings
from ray_app.situations.crowd_density import CrowdDensity, CrowdDensitySettings
from ray_app.situations.line_crossings import LineCrossings
from ray_app.situations.voronoi import voronoi_people

pedpy = pytest.importorskip("pedpy")
pandas = pytest.importorskip("pandas")

DATA = pathlib.Path(
    os.environ.get("VIGIE_DATA", pathlib.Path(__file__).parents[2] / ".." / "shared" / "data")
)
TRAJECTORIES = DATA / "trajectories"
CUTOFF_M = 0.8
CIRCLE_CORNERS = 12  # PedPy draws a quarter of the cut-off circle with three edges


@dataclass(frozen=True)
class Walk:
    """One recording: where it is, how to read it, where people walk and where to measure.

    Attributes:
        columns: Columns of number, frame, x and y.
        floor: x and y range of the floor, metres; whoever stands off it is left out.
        zone: The measured rectangle.
        line: The measured line; the people walk to its left.
        frame_step: Every frame_step-th frame is analysed.
        clear_of_walls: Whether the zone keeps half a metre from every wall.
    """

    file: str
    rate_hz: float
    columns: tuple[int, int, int, int]
    metres: float
    floor: tuple[tuple[float, float], tuple[float, float]]
    zone: tuple[tuple[float, float], tuple[float, float]]
    line: tuple[tuple[float, float], tuple[float, float]]
    frame_step: int
    clear_of_walls: bool = False

    def read(self, every=1):
        """Rows of number, frame from 0, x, y; x and y in metres; every so many-th frame."""
        path = TRAJECTORIES / self.file
        if not path.is_file():
            pytest.skip(f"needs {self.file}: set VIGIE_DATA to the development data")
        with gzip.open(path, "rt") as lines:
            rows = np.loadtxt(lines, comments="#")[:, self.columns]
        rows[:, 2:] *= self.metres
        (x1, x2), (y1, y2) = self.floor
        on = (rows[:, 2] > x1) & (rows[:, 2] < x2) & (rows[:, 3] > y1) & (rows[:, 3] < y2)
        rows = rows[on]
        rows[:, 1] -= rows[:, 1].min()
        rows = rows[rows[:, 1] % (self.frame_step * every) == 0]
        rows[:, 1] /= self.frame_step * every
        return rows


IN_ORDER = (0, 1, 2, 3)
WALKS = {
    "bottleneck 0.4 m": Walk(
        file="juelich/bottleneck_040_c_56_h-.txt.gz",
        rate_hz=25,
        columns=IN_ORDER,
        metres=1.0,
        floor=((-4, 4), (-3, 8)),
        zone=((-0.8, 0.8), (0.5, 2.1)),
        line=((0.6, 0.0), (-0.6, 0.0)),
        frame_step=5,
    ),
    "bottleneck 3 m": Walk(
        file="juelich/bottleneck_traj.txt.gz",
        rate_hz=16,
        columns=IN_ORDER,
        metres=1.0,
        floor=((-2.4, 4.2), (-8.5, 6.5)),
        zone=((-1.00005, 3.00005), (-4.00005, -1.00005)),  # no place lies on an edge
        line=((-0.7, 0.0), (2.5, 0.0)),
        frame_step=4,
        clear_of_walls=True,
    ),
    "corridor 5 m": Walk(
        file="juelich/traj_UNI_CORR_500_01.txt.gz",
        rate_hz=25,
        columns=IN_ORDER,
        metres=1.0,
        floor=((-6, 6), (0, 5)),
        zone=((-2, 2), (0.5, 4.5)),
        line=((0, 0), (0, 5)),
        frame_step=5,
        clear_of_walls=True,
    ),
    "corridor 1.8 m": Walk(
        file="opentraj/HERMES/uo-180-180-120.txt.gz",
        rate_hz=16,
        columns=IN_ORDER,
        metres=0.01,
        floor=((0, 1.8), (-4, 4)),
        zone=((0, 1.8), (-2, 2)),
        line=((1.8, 0.0), (0.0, 0.0)),
        frame_step=4,
    ),
    "corridor 3 m": Walk(
        file="opentraj/HERMES/uo-300-300-200.txt.gz",
        rate_hz=16,
        columns=IN_ORDER,
        metres=0.01,
        floor=((0, 3), (-4, 4)),
        zone=((0.5, 2.5), (-2, 2)),
        line=((3.0, 0.0), (0.0, 0.0)),
        frame_step=4,
        clear_of_walls=True,
    ),
    "street": Walk(
        file="opentraj/UCY/students03/obsmat.txt.gz",
        rate_hz=25,
        columns=(1, 0, 2, 4),
        metres=1.0,
        floor=((-9, 10), (-9, 10)),
        zone=((-3, 5), (-3, 6)),
        line=((0, -9), (0, 10)),
        frame_step=10,
        clear_of_walls=True,
    ),
}
ONE_WAY = [name for name in WALKS if name != "street"]


def corners(ranges):
    (x1, x2), (y1, y2) = ranges
    return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))


def pedpy_data(walk, rows):
    """The same rows as PedPy wants them."""
    table = pandas.DataFrame(rows, columns=["id", "frame", "x", "y"])
    table = table.astype({"id": int, "frame": int})
    return pedpy.TrajectoryData(data=table, frame_rate=walk.rate_hz / walk.frame_step)


def scenes(walk, rows):
    """The same rows as scenes, frame by frame, empty frames too."""
    for k in range(int(rows[:, 1].max()) + 1):
        now = rows[rows[:, 1] == k]
        n = len(now)
        key = FrameKey("lab", k, 0, k * walk.frame_step / walk.rate_hz)
        tracks = Tracks(
            now[:, 0].astype(np.int64),
            np.zeros((n, 4), np.float32),
            np.full(n, Label.PERSON, np.int16),
            np.ones(n, np.float32),
        )
        feet = GroundPoints(now[:, 2:], np.zeros(n))
        yield Scene(Observation(key, (100, 100), Detections.none()), tracks, feet, None)


def density_levels(walk, rows, measure):
    zone = GroundZone("zone", corners(walk.zone))
    chosen = CrowdDensitySettings(zone="zone", measure=measure, smoothing_s=0.0)
    situation = CrowdDensity(chosen, zone)
    return np.array([situation.measure(scene)[0].level for scene in scenes(walk, rows)])


@pytest.mark.parametrize("name", WALKS)
def test_zone_density_is_the_classic_density(name):
    walk = WALKS[name]
    rows = walk.read(every=10)
    area = pedpy.MeasurementArea(corners(walk.zone))
    theirs = pedpy.compute_classic_density(traj_data=pedpy_data(walk, rows), measurement_area=area)
    ours = density_levels(walk, rows, "zone")
    np.testing.assert_allclose(ours, theirs.density.to_numpy(), atol=1e-9)
    assert ours.max() > 0.3


def pedpy_voronoi(walk, rows):
    cells = pedpy.compute_individual_voronoi_polygons(
        traj_data=pedpy_data(walk, rows),
        walkable_area=pedpy.WalkableArea(corners(walk.floor)),
        cut_off=pedpy.Cutoff(radius=CUTOFF_M, quad_segments=CIRCLE_CORNERS // 4),
    )
    area = pedpy.MeasurementArea(corners(walk.zone))
    density, _ = pedpy.compute_voronoi_density(individual_voronoi_data=cells, measurement_area=area)
    return density.density.to_numpy()


@pytest.mark.parametrize("name", WALKS)
def test_voronoi_density_agrees_in_every_frame(name):
    walk = WALKS[name]
    rows = walk.read(every=80)
    theirs = pedpy_voronoi(walk, rows)
    zone, floor = corners(walk.zone), corners(walk.floor)
    crowds = [GroundCrowd(s.feet, np.ones(len(s.feet))) for s in scenes(walk, rows)]
    people = np.array([voronoi_people(crowd, zone, floor, CUTOFF_M) for crowd in crowds])
    ours = people / pedpy.MeasurementArea(zone).area
    np.testing.assert_allclose(ours, theirs, rtol=0.03, atol=0.01)
    assert ours.max() > 0.3


@pytest.mark.parametrize("name", [name for name in WALKS if WALKS[name].clear_of_walls])
def test_watched_voronoi_density_agrees_where_no_wall_is_near(name):
    """A site has no plan of its walls: cells at a wall are larger than PedPy's."""
    walk = WALKS[name]
    rows = walk.read(every=80)
    ours = density_levels(walk, rows, "voronoi")
    assert ours.mean() == pytest.approx(pedpy_voronoi(walk, rows).mean(), rel=0.05)


def pedpy_passed(walk, data):
    """People past the line since the start, frame by frame."""
    line = pedpy.MeasurementLine(walk.line)
    passed, _ = pedpy.compute_n_t(traj_data=data, measurement_line=line)
    return passed.cumulative_pedestrians.to_numpy()


@pytest.mark.parametrize("name", ONE_WAY)
def test_line_flow_agrees(name):
    walk = WALKS[name]
    rows = walk.read()
    theirs = pedpy_passed(walk, pedpy_data(walk, rows))
    crossings = LineCrossings(Line("line", *walk.line))
    steps = [crossings.update(s.key.time_s, s.tracks, s.feet.xy_m) for s in scenes(walk, rows)]
    out, inwards = np.cumsum(steps, axis=0).T
    seconds = len(out) * walk.frame_step / walk.rate_hz
    assert out[-1] / seconds == pytest.approx(theirs[-1] / seconds, rel=0.02)
    assert inwards[-1] == 0
    assert np.abs(out - theirs[: len(out)]).max() <= 6  # those still in the band


def bottleneck_measures(walk, rows, window_s):
    line, zone = Line("line", *walk.line), GroundZone("zone", corners(walk.zone))
    chosen = BottleneckSettings(line="line", queue_zone="zone", window_s=window_s)
    situation = Bottleneck(chosen, line, zone)
    answers = [situation.measure(scene)[0] for scene in scenes(walk, rows)]
    return [dict(a.measures) if isinstance(a, Reading) else None for a in answers]


@pytest.mark.parametrize("name", ONE_WAY)
def test_bottleneck_flow_and_speed_agree(name):
    """Both flows and the speed of the queue, over all windows of 20 s."""
    walk, window_s = WALKS[name], 20.0
    rows = walk.read()
    data = pedpy_data(walk, rows)
    passed = pedpy_passed(walk, data)
    ours = bottleneck_measures(walk, rows, window_s)
    window = round(window_s * data.frame_rate)
    frames = range(window, min(len(passed), len(ours)))
    theirs = np.mean([(passed[k] - passed[k - window]) / window_s for k in frames])
    mean = {key: np.mean([ours[k][key] for k in frames]) for key in ours[window]}
    assert mean["flow_by_crossings_per_s"] == pytest.approx(theirs, rel=0.02)
    assert mean["flow_by_density_per_s"] == pytest.approx(theirs, rel=0.05)
    assert mean["flow_per_s"] == pytest.approx(theirs, rel=0.02)
    speeds = pedpy.compute_individual_speed(
        traj_data=data,
        frame_step=1,
        speed_calculation=pedpy.SpeedCalculation.BORDER_SINGLE_SIDED,
    )
    inside = pedpy.compute_mean_speed_per_frame(
        traj_data=data,
        individual_speed=speeds,
        measurement_area=pedpy.MeasurementArea(corners(walk.zone)),
    ).set_index("frame")
    both = [k for k in frames if k in inside.index and ours[k]["queue_people"] > 0.5]
    walked = np.mean([ours[k]["queue_speed_m_per_s"] for k in both])
    assert walked == pytest.approx(inside.speed[both].mean(), rel=0.05)
