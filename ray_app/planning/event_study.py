"""From an event to advice: which policies are tried, on which days, and what follows from it."""

from dataclasses import dataclass, replace

from ray_app.planning.campaign import Campaign, OnDay, run_campaign
from ray_app.simulator.comparison import PolicyScore, knee, recommended, scores
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.line_up import ORACLE, oracle, ours, ray_default, ray_tuned
from ray_app.simulator.outcome import Outcome
from ray_app.simulator.prewarm import WarmStep, prewarm_schedule
from ray_app.simulator.serve_settings import ServedPolicy

GOAL = 0.001
# Days a plan has to stand, and those it is only asked about.
PLANNED_FOR = ("as_planned", "late_crowd", "full_house", "fast_exit", "late_start")
ASKED_ABOUT = ("late_start_untold", "trains", "slow_cloud", "short_quota", "evacuation")
SAFE = {"utilisation": 0.75, "reactive_utilisation": 0.7}


@dataclass(frozen=True, slots=True)
class Study:
    """What was found.

    Attributes:
        profile: The event.
        policies: All that played.
        outcomes: Of every policy and day.
        scores: Over the days planned for, cheapest first.
        advised: The policy to use.
        knee: The policy after which money buys little.
        warm: When to have how many GPUs.
        seeds: Days per scenario.
    """

    profile: EventProfile
    policies: tuple[ServedPolicy, ...]
    outcomes: tuple[Outcome, ...]
    scores: tuple[PolicyScore, ...]
    advised: PolicyScore
    knee: PolicyScore
    warm: tuple[WarmStep, ...]
    seeds: tuple[int, ...]

    @property
    def served(self) -> ServedPolicy:
        """The advised policy as Serve is told."""
        return next(one for one in self.policies if one.name == self.advised.policy)


def policies_to_try(profile: EventProfile) -> tuple[ServedPolicy, ...]:
    """Returns Ray's default, a tuned one, ours with usual and with more room, and the oracle."""
    return (
        ray_default(),
        ray_tuned(3.0),
        ours("offered_load", profile),
        ours("event_plan", profile),
        replace(ours("event_plan", profile, **SAFE), name="event_plan_safe"),
        oracle(profile),
    )


def study_event(
    profile: EventProfile,
    seeds: tuple[int, ...],
    workers: int | None = None,
    on_day: OnDay | None = None,
) -> Study:
    """Plays the event and returns the advice."""
    policies = policies_to_try(profile)
    scenarios = (*PLANNED_FOR, *ASKED_ABOUT)
    campaign = Campaign(profile, policies, scenarios, seeds, workers=workers)
    outcomes = run_campaign(campaign, on_day)
    planned = [one for one in outcomes if one.scenario in PLANNED_FOR]
    found = scores(planned)
    to_have = [one for one in found if one.policy != ORACLE]
    return Study(
        profile=profile,
        policies=policies,
        outcomes=outcomes,
        scores=found,
        advised=recommended(to_have, GOAL),
        knee=knee(to_have),
        warm=prewarm_schedule(profile),
        seeds=seeds,
    )
