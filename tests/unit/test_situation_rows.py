import io

import pytest
from rich.console import Console

from ray_app.commands.backfill import show_situations
from ray_app.domain.event import Event, Phase, Why


def printed(unit: str, peak: float) -> str:
    why = Why(unit, 1.0, 0.5, 29.0, peak, (80, 150, 225))
    phases = ((Phase.OPENED, 16.0), (Phase.CLOSED, 45.0))
    events = tuple(
        Event("gate", "bottleneck", "doors", phase, 16.0, at_s, peak, 0.2, why)
        for phase, at_s in phases
    )
    out = io.StringIO()
    show_situations(Console(file=out, width=100), events)
    return out.getvalue()


@pytest.mark.parametrize(
    ("unit", "peak", "told"),
    [
        ("s", 529.7, "530 s to clear"),
        ("people/m2", 2.63, "2.6 people/m²"),
        ("people and vehicles", 1.0, "1 person or vehicle"),
        ("certainty", 0.97, "0.97 certainty"),
    ],
)
def test_a_peak_is_written_as_in_the_report(unit: str, peak: float, told: str):
    row = printed(unit, peak)
    assert told in row
    assert "16 s" in row
    assert "45 s" in row
