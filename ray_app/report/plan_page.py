"""Writes the plan of an event: one page that needs nothing but itself."""

from pathlib import Path

from ray_app.report.html import environment, write_html
from ray_app.report.plan_data import PlanData
from ray_app.report.plan_figures import cause_keys, draw_causes, draw_front, draw_load
from ray_app.report.plan_words import percent

TEMPLATE = "plan.html.j2"


def write_plan_page(data: PlanData, path: Path) -> None:
    """Writes the page at path, whole or not at all; raises StoreError."""
    write_html(path, render_plan(data))


def render_plan(data: PlanData) -> str:
    """Returns the page as HTML."""
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            data=data,
            days=[(day, draw_load(day)) for day in data.curves],
            front=draw_front(data.policies, data.goal),
            causes=draw_causes([p for p in data.policies if sum(s for _, s in p.causes) > 0]),
            cause_keys=cause_keys(),
            percent=percent,
        )
    )
