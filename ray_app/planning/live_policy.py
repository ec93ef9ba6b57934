"""How a live site scales, for the simulator: Serve asks for replicas, the fleet for nodes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ray_app.scaling.policy_kinds import Json, kind_of, settings_from_json
from ray_app.scaling.serve_policy import WARM_GPUS, ServeContext, ServePolicy, load_of

FLEET_MEMORY = "fleet_memory"


class LivePolicy:
    """ServePolicy, but for the nodes: the fleet decides on them by itself and knows no moments.

    Args:
        policy: As ServePolicy takes it.
        settings: As ServePolicy takes them.
        zero_s: As ServePolicy takes it.
    """

    def __init__(self, policy: str, settings: Json, zero_s: float) -> None:
        self._serve = ServePolicy(policy, settings, zero_s)
        self._zero_s = zero_s
        self._kind = kind_of(policy)
        self._settings = settings_from_json(self._kind, settings)

    def __call__(self, ctx: ServeContext) -> tuple[int, dict[str, Any]]:
        """Returns what ServePolicy returns, with the fleet's GPUs to keep warm."""
        state: Mapping[str, Any] = ctx.policy_state or {}
        replicas, told = self._serve(ctx)
        load = replace(load_of(ctx, self._zero_s), anchors=())
        memory = state.get(FLEET_MEMORY) or self._kind.memory()
        wanted, memory = self._kind.decide(load, memory, self._settings)
        return replicas, told | {WARM_GPUS: wanted.warm_gpus, FLEET_MEMORY: memory}
