"""Both engines against closed forms, against each other, and against the law of conservation."""

import dataclasses
import math

import numpy as np
import pytest

from ray_app.scaling.shedding import Shares
from ray_app.simulator.class_load import ClassLoad
from ray_app.simulator.data_plane import BIN_MIDDLES_S, PlaneSettings, latency_quantile_s
from ray_app.simulator.exact import CameraDraws, ExactPlane
from ray_app.simulator.fluid import FluidPlane
from ray_app.simulator.latency_table import latency_table
from ray_app.simulator.serve_settings import DataPath
from ray_app.simulator.service import ServiceSettings

SERVICE = ServiceSettings(overhead_s=0.012, per_tile_s=0.004, source="test")
ONE_BY_ONE = ServiceSettings(
    overhead_s=0.0, per_tile_s=0.01, batch_max=1, batch_wait_s=0.0, jitter=0.0, source="test"
)
PATHS = [DataPath.FIFO, DataPath.DROP_STALE]


class PoissonDraws(CameraDraws):
    """Arrivals of a Poisson process, as the closed forms want them."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.rng = np.random.default_rng(seed)

    def counts(self, work_per_s):
        return self.rng.poisson(work_per_s)


class ExponentialDraws(PoissonDraws):
    """Numbers that make exp(z - 1/2) an exponential of mean 1."""

    def jitters(self, count):
        return np.log(self.rng.standard_exponential(count)) + 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class OneAtATime(PlaneSettings):
    """All wait in the handle, in one queue: the queue of the closed forms."""

    @property
    def most_ongoing(self) -> int:
        return 1


def load_of(work_per_s, shares=(1.0,)) -> ClassLoad:
    work = np.outer(work_per_s, shares)
    names = tuple(f"zone{k}" for k in range(len(shares)))
    return ClassLoad(names, tuple(range(len(shares))), work, np.zeros_like(work))


def play(plane, replicas, kept=None):
    seconds = len(replicas)
    for second in range(seconds):
        plane.step(second, list(range(replicas[second])), kept)
    return plane.result()


def mean_s(result) -> float:
    return float(result.latency @ BIN_MIDDLES_S / result.latency.sum())


@pytest.mark.parametrize("busy", [0.5, 0.8])
def test_one_server_of_fixed_time_waits_as_m_d_1(busy: float) -> None:
    """Wait = rho s / (2 (1 - rho)), Pollaczek and Khinchine."""
    load = load_of(np.full(3000, 100 * busy))
    plane = ExactPlane(load, OneAtATime(ONE_BY_ONE, 1e6, DataPath.FIFO), PoissonDraws(1))
    expected = 0.01 + busy * 0.01 / (2 * (1 - busy))
    assert mean_s(play(plane, [1] * 3000)) == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.7), (4, 0.8), (12, 0.9)])
def test_servers_of_random_time_wait_as_m_m_c(servers: int, busy: float) -> None:
    """Wait = C(c, a) / (c mu - lambda), Erlang C by its recursion."""
    load_per_s = busy * servers * 100.0
    service = dataclasses.replace(ONE_BY_ONE, jitter=1.0)
    plane = ExactPlane(
        load_of(np.full(1500, load_per_s)),
        OneAtATime(service, 1e6, DataPath.FIFO),
        ExponentialDraws(2),
    )
    a, blocked = busy * servers, 1.0
    for k in range(1, servers + 1):
        blocked = a * blocked / (k + a * blocked)
    waits = blocked / (1 - busy * (1 - blocked))
    expected = 0.01 + waits / (servers * 100.0 - load_per_s)
    assert mean_s(play(plane, [servers] * 1500)) == pytest.approx(expected, rel=0.05)


def test_a_lone_tile_takes_the_wait_and_one_batch() -> None:
    quiet = dataclasses.replace(SERVICE, jitter=0.0)
    plane = ExactPlane(
        load_of(np.full(100, 1.0)), PlaneSettings(quiet, 0.5, DataPath.FIFO), CameraDraws(1)
    )
    assert mean_s(play(plane, [1] * 100)) == pytest.approx(0.005 + 0.016, rel=0.02)


def wild(seed: int, seconds: int = 240):
    """Load and replicas that jump about, down to none."""
    rng = np.random.default_rng(seed)
    work = 1500 * np.exp(rng.normal(0, 0.4, seconds)).cumsum() / np.arange(1, seconds + 1)
    work[rng.integers(0, seconds, 5)] = 0.0
    replicas = np.maximum(0, 9 + rng.integers(-1, 2, seconds).cumsum())
    replicas[60:70] = 0
    return work, replicas


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("engine", ["fluid", "exact"])
@pytest.mark.parametrize("input_cost", [1.0, 0.6])
def test_nothing_is_lost_or_made(path: DataPath, seed: int, engine: str, input_cost: float) -> None:
    work, replicas = wild(seed)
    load, settings = load_of(work, (0.5, 0.3, 0.2)), PlaneSettings(SERVICE, 0.5, path)
    plane = (
        FluidPlane(load, settings, latency_table(SERVICE))
        if engine == "fluid"
        else ExactPlane(load, settings, CameraDraws(seed))
    )
    result = play(plane, replicas, kept=Shares((0.4, 0.9, 1.0), input_cost))
    parts = result.served.sum() + result.shed.sum() + result.dropped.sum() + result.in_flight
    assert parts == pytest.approx(result.offered.sum(), abs=1e-3)
    # Exact numbers of tiles lag the rate by less than one per class.
    assert result.offered.sum() == pytest.approx(load.work_per_s.sum(), abs=3)
    for part in (result.served, result.shed, result.dropped, result.late):
        assert part.min() >= -1e-6
    by_class = result.offered.sum(axis=0) - result.shed.sum(axis=0)
    assert (result.dropped.sum(axis=0) <= by_class + 1e-6).all()
    # The highest rank keeps the usual input.
    smaller = result.served[:, :2].sum() if input_cost < 1 else 0.0
    assert result.reduced == pytest.approx(smaller, rel=0.01)


def surging(seconds: int = 1200):
    times = np.arange(seconds)
    rng = np.random.default_rng(1)
    return 2500 * (1 + 0.5 * np.sin(times / 90)) * np.exp(0.05 * rng.standard_normal(seconds))


def fleets():
    work = surging()
    delayed = np.roll(np.convolve(work, np.ones(30) / 30, mode="same"), 45)
    return {
        "tight": [18 + 3 * (second // 300) for second in range(len(work))],
        "lagging": (delayed / SERVICE.work_per_s / 0.85).astype(int) + 1,
        "roomy": (work / SERVICE.work_per_s / 0.7).astype(int) + 1,
        "none for a while": [0 if 200 < second < 215 else 24 for second in range(len(work))],
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fleet", ["tight", "lagging", "roomy", "none for a while"])
def test_fluid_and_exact_agree(path: DataPath, fleet: str) -> None:
    load, settings = load_of(surging()), PlaneSettings(SERVICE, 0.5, path)
    replicas = fleets()[fleet]
    exact = play(ExactPlane(load, settings, CameraDraws(1)), replicas)
    fluid = play(FluidPlane(load, settings, latency_table(SERVICE)), replicas)
    offered = exact.offered.sum()
    missed = [100 * (r.dropped.sum() + r.late.sum()) / offered for r in (exact, fluid)]
    assert abs(missed[1] - missed[0]) <= max(0.02, 0.05 * missed[0]), missed
    both = np.isfinite(exact.p95_s) & np.isfinite(fluid.p95_s)
    assert np.median(fluid.p95_s[both] / exact.p95_s[both]) == pytest.approx(1, abs=0.05)
    p95 = [latency_quantile_s(r.latency, 0.95) for r in (exact, fluid)]
    assert p95[1] == pytest.approx(p95[0], rel=0.05)


@pytest.mark.parametrize("path", PATHS)
def test_smaller_inputs_are_the_same_relief_in_both_engines(path: DataPath) -> None:
    """At seven tenths of the work a fleet that is a fifth too small is enough."""
    load, settings = load_of(np.full(300, 2000.0), (0.8, 0.2)), PlaneSettings(SERVICE, 0.5, path)
    replicas = [int(0.85 * 2000 / SERVICE.work_per_s)] * 300
    for input_cost, is_enough in ((1.0, False), (SERVICE.batch_cost(0.6), True)):
        kept = Shares((1.0, 1.0), input_cost)
        planes = (
            ExactPlane(load, settings, CameraDraws(1)),
            FluidPlane(load, settings, latency_table(SERVICE)),
        )
        exact, fluid = (play(plane, replicas, kept) for plane in planes)
        missed = [100 * (r.dropped.sum() + r.late.sum()) / 600_000 for r in (exact, fluid)]
        assert (missed[0] < 0.1) == is_enough
        assert abs(missed[1] - missed[0]) <= max(0.02, 0.05 * missed[0]), missed
        assert fluid.reduced == pytest.approx(exact.reduced, rel=0.01)
        assert (fluid.reduced > 0) == is_enough


@pytest.mark.parametrize("path", PATHS)
def test_both_tell_the_same_queue(path: DataPath) -> None:
    load, settings = load_of(surging(300)), PlaneSettings(SERVICE, 0.5, path)
    planes = (
        ExactPlane(load, settings, CameraDraws(1)),
        FluidPlane(load, settings, latency_table(SERVICE)),
    )
    ongoing = [
        [plane.step(second, list(range(18)), None) for second in range(300)] for plane in planes
    ]
    for kind in ("queued", "running"):
        exact, fluid = ([getattr(o, kind) for o in engine] for engine in ongoing)
        assert np.mean(fluid) == pytest.approx(np.mean(exact), rel=0.15, abs=2)


def test_a_stale_frame_is_dropped_and_never_late() -> None:
    load = load_of(np.full(60, 2.0 * SERVICE.work_per_s))
    settings = PlaneSettings(SERVICE, 0.5, DataPath.DROP_STALE)
    result = play(ExactPlane(load, settings, CameraDraws(1)), [1] * 60)
    assert result.dropped.sum() == pytest.approx(0.5 * result.offered.sum(), rel=0.05)
    assert result.late.sum() < 0.001 * result.served.sum()


def test_a_replica_takes_no_pause_while_frames_wait() -> None:
    """A batch of stale frames alone must not leave a replica idle to the end of the second."""
    load = load_of(np.full(60, 4.0 * SERVICE.work_per_s))
    settings = PlaneSettings(SERVICE, 0.2, DataPath.DROP_STALE)
    result = play(ExactPlane(load, settings, CameraDraws(1)), [1] * 60)
    assert result.served.sum() >= 0.97 * 60 * SERVICE.work_per_s


def test_the_same_seed_plays_the_same_day() -> None:
    work, replicas = wild(3)
    load, settings = load_of(work), PlaneSettings(SERVICE, 0.5, DataPath.DROP_STALE)
    first, second = (play(ExactPlane(load, settings, CameraDraws(5)), replicas) for _ in range(2))
    assert (first.latency == second.latency).all()
    assert (first.dropped == second.dropped).all()


def test_the_table_grows_with_the_load_and_begins_at_a_lone_batch() -> None:
    table = latency_table(SERVICE)
    assert (np.diff(table.mean_s, axis=1) > -0.002).all()
    assert table.mean_s[:, 0] == pytest.approx(0.021, abs=0.004)
    assert math.isclose(table.shares.sum(), table.shares.shape[0] * table.shares.shape[1])
