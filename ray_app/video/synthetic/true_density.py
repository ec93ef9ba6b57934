"""Density by Voronoi cells (Steffen & Seyfried 2010), computed by PedPy."""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ray_app.video.synthetic.cast import Cast
from ray_app.video.synthetic.scenario import Scenario

FloatArray = NDArray[np.float64]
CUT_OFF_M = 1.5
"""Cells end this far from their person; without it a lone person would own the whole square."""


def voronoi_densities(
    scenario: Scenario, cast: Cast, frames: NDArray[np.int64]
) -> dict[str, FloatArray]:
    """Returns people/m2 of every zone at the given frames, by the zone's name."""
    import pedpy

    rows = np.concatenate([np.zeros(0, np.int64), *(cast.rows_at(int(k)) for k in frames)])
    nobody = {zone.name: np.zeros(len(frames)) for zone in scenario.zones}
    if not len(rows):
        return nobody
    counts = [cast.starts[k + 1] - cast.starts[k] for k in frames]
    table = pd.DataFrame(
        {
            "id": cast.person_ids[rows],
            "frame": np.repeat(np.arange(len(frames)), counts),
            "x": cast.postures.xy_m[rows, 0],
            "y": cast.postures.xy_m[rows, 1],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cells = pedpy.compute_individual_voronoi_polygons(
            traj_data=pedpy.TrajectoryData(data=table, frame_rate=cast.rate_hz),
            walkable_area=pedpy.WalkableArea(scenario.area_m),
            cut_off=pedpy.Cutoff(radius=CUT_OFF_M, quad_segments=3),
        )
        for zone in scenario.zones:
            area = pedpy.MeasurementArea(zone.polygon_m)
            density, _ = pedpy.compute_voronoi_density(
                individual_voronoi_data=cells, measurement_area=area
            )
            series = density["density"] if "density" in density else density.iloc[:, 0]
            nobody[zone.name][series.index.to_numpy()] = series.to_numpy()
    return nobody
