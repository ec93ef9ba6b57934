"""Options of `vigie backfill --harvest`."""

from typing import Annotated

import typer

Harvest = Annotated[
    bool,
    typer.Option(
        "--harvest",
        help="With --address of the cluster on which `vigie live` runs: works only in slots "
        "that are paid for and idle, buys none, and gives them back when the event needs them.",
    ),
]
Reserve = Annotated[
    int, typer.Option(min=0, help="With --harvest: idle slots left free for the event.")
]
LeadS = Annotated[
    float,
    typer.Option(
        min=0,
        help="With --harvest: how far ahead slots the event will need are given back, seconds; a "
        "segment under way may end in that time. What is needed now is given back at once.",
    ),
]
