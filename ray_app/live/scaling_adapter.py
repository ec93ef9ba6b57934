"""The scaling policy outside Serve: which GPUs should be booting before replicas need them.

Inside Serve `ServePolicy` decides on replicas, from what replicas repeat. Nodes take minutes where
replicas take seconds, so the fleet asks the same policy how many GPUs to keep warm, and tells
Ray's node autoscaler.
"""

from dataclasses import replace
from typing import Any

from ray.autoscaler.sdk import request_resources

from ray_app.config.live_schema import DetectorsConfig
from ray_app.live.stack import SiteLoad
from ray_app.scaling.backfill_slots import EventNeed, EventSignal, SlotSize
from ray_app.scaling.load import Anchor, Count, Decision, Load
from ray_app.scaling.policy_kinds import kind_of, settings_from_json


class WarmNodes:
    """Asks for nodes ahead of replicas.

    Args:
        policy: What `ServePolicy` is built from (`serve_config.policy_kwargs`).
        detectors: What one replica takes.
    """

    def __init__(self, policy: dict[str, Any], detectors: DetectorsConfig) -> None:
        self._kind = kind_of(policy["policy"])
        self._settings = settings_from_json(self._kind, policy["settings"])
        self._zero_s = float(policy["zero_s"])
        self._memory: object = self._kind.memory()
        self._detectors = detectors
        self._asked = 0

    def decide(
        self,
        now_s: float,
        offered_per_s: float,
        running: int,
        counts: tuple[tuple[str, float], ...],
        moments: tuple[tuple[str, float], ...] = (),
    ) -> Decision:
        """Returns the replicas and the GPUs wanted: what Serve decides, from the same numbers."""
        load = self._load(SiteLoad(now_s, offered_per_s, counts, moments), now_s, running)
        wanted, self._memory = self._kind.decide(load, self._memory, self._settings)
        return self._bounded(wanted)

    def signal(self, told: SiteLoad, running: int, lead_s: float) -> EventSignal:
        """Returns what the policy would ask for now and in a while; it remembers none of it.

        Before the first load is known, all there may be is said to be needed.

        Args:
            told: The site's load.
            running: Replicas at work.
            lead_s: How far ahead "soon" is.
        """
        slot = SlotSize(self._detectors.num_cpus, self._detectors.num_gpus)
        if told.told_at <= 0:
            most = self._detectors.max_replicas
            return EventSignal(EventNeed(most, most, 0), slot)
        load = self._load(told, told.told_at, running)
        wanted, memory = self._kind.decide(load, self._memory, self._settings)
        # The load of then is not known: a plan decides alone, other policies hold what they asked.
        later = replace(load, time_s=load.time_s + lead_s, offered_per_s=None, counts=())
        later = replace(later, target=wanted.replicas)
        ahead, _ = self._kind.decide(later, memory, self._settings)
        now, soon = self._bounded(wanted), self._bounded(ahead)
        warm = now.warm_gpus if slot.gpus > 0 else 0
        return EventSignal(EventNeed(now.replicas, max(now.replicas, soon.replicas), warm), slot)

    def _load(self, told: SiteLoad, at_s: float, running: int) -> Load:
        return Load(
            at_s - self._zero_s,
            told.offered_work_per_s,
            running,  # what Serve asked for is not known here
            anchors=tuple(Anchor(name, at - self._zero_s) for name, at in told.moments),
            counts=tuple(Count(zone, people) for zone, people in told.counts),
            running=running,
        )

    def _bounded(self, wanted: Decision) -> Decision:
        least, most = self._detectors.min_replicas, self._detectors.max_replicas
        return Decision(max(least, min(most, wanted.replicas)), min(most, wanted.warm_gpus))

    def ask(self, warm: int, running: int) -> None:
        """Tells the node autoscaler, when there are GPUs to ask for and the number changed.

        Replicas hold their nodes by themselves. Ray may count idle nodes towards what is asked
        for and never give them back, though busy ones would do; so nothing is asked for unless
        more shall be warm than replicas run.

        Args:
            warm: GPUs wanted.
            running: Replicas at work.
        """
        asked = warm if warm > running else 0
        if self._detectors.num_gpus <= 0 or asked == self._asked:
            return
        bundle = {"GPU": self._detectors.num_gpus, "CPU": self._detectors.num_cpus}
        request_resources(bundles=[bundle] * asked)
        self._asked = asked
