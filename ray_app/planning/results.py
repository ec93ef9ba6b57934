"""Outcomes as plain data: JSON and Parquet, the same bytes for the same seeds."""

import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from ray_app.simulator.comparison import PolicyScore
from ray_app.simulator.outcome import Outcome
from ray_app.store.simulations import write_columns, write_json

DIGITS = 7
NESTED = ("causes", "zones", "series")


def outcome_json(outcome: Outcome) -> dict[str, object]:
    """Returns an outcome as plain data, its series left out."""
    told = {
        one.name: rounded(getattr(outcome, one.name))
        for one in fields(outcome)
        if one.name not in NESTED
    }
    return told | {
        "missed": rounded(outcome.missed),
        "missed_share": rounded(outcome.missed_share),
        "alarmed_share": rounded(outcome.alarmed_share),
        "causes": {name: rounded(value) for name, value in asdict(outcome.causes).items()},
        "zones": [
            {name: rounded(value) for name, value in asdict(zone).items()} for zone in outcome.zones
        ],
    }


def score_json(score: PolicyScore) -> dict[str, object]:
    """Returns a score as plain data; intervals become [mean, low, high]."""
    told: dict[str, object] = {}
    for name, value in asdict(score).items():
        told[name] = (
            [rounded(one) for one in value.values()] if isinstance(value, dict) else rounded(value)
        )
    return told


def write_runs(folder: Path, outcomes: Sequence[Outcome], scores: Sequence[PolicyScore]) -> None:
    """Writes runs.parquet (a row per run) and scores.json; raises StoreError."""
    rows = [outcome_json(outcome) for outcome in outcomes]
    names = [name for name in rows[0] if name not in NESTED]
    columns: dict[str, list[object]] = {name: [row[name] for row in rows] for name in names}
    for cause in asdict(outcomes[0].causes):
        columns[f"missed_{cause}"] = [
            rounded(getattr(outcome.causes, cause)) for outcome in outcomes
        ]
    folder.mkdir(parents=True, exist_ok=True)
    write_columns(folder / "runs.parquet", columns)
    write_json(folder / "scores.json", [score_json(score) for score in scores])


def write_run(folder: Path, outcome: Outcome) -> None:
    """Writes run.json and series.parquet of one run; raises StoreError."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "run.json", outcome_json(outcome))
    series = outcome.series
    columns = {one.name: getattr(series, one.name).tolist() for one in fields(series)}
    write_columns(folder / "series.parquet", columns)


def rounded(value: object) -> object:
    """Returns floats to seven digits, and None for what is no number."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")
