"""Which allowed input size is used: a smaller one at once, a larger one again where it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass

from ray_app.scaling.shedding import StreamClass, share_capacity

ROOM_SHARE = 0.85
"""A larger input must fit into so much of the capacity: what is measured of it moves by a tenth."""
HOLD_S = 10.0
"""And must have fitted for so long."""


@dataclass(frozen=True, slots=True)
class InputStep:
    """The input size in use.

    Attributes:
        place: Number of it among the allowed ones, 0 the usual one.
        roomy_s: How long the next larger one would have fitted with room to spare.
    """

    place: int = 0
    roomy_s: float = 0.0


def next_step(
    before: InputStep,
    classes: Sequence[StreamClass],
    offered_per_s: Sequence[float],
    capacity_per_s: float,
    input_costs: Sequence[float],
    elapsed_s: float,
) -> InputStep:
    """Returns the size to use from now on.

    Args:
        before: The size used until now.
        classes: As in `share_capacity`.
        offered_per_s: As there.
        capacity_per_s: As there.
        input_costs: As there.
        elapsed_s: Since the step before.
    """
    needed, roomy = (
        share_capacity(classes, offered_per_s, capacity, input_costs).place
        for capacity in (capacity_per_s, ROOM_SHARE * capacity_per_s)
    )
    if needed > before.place:
        return InputStep(needed)
    if roomy >= before.place:
        return InputStep(before.place)
    roomy_s = before.roomy_s + elapsed_s
    return InputStep(before.place, roomy_s) if roomy_s < HOLD_S else InputStep(before.place - 1)
