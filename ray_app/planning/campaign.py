"""Plays every policy on every day, as Ray tasks: one task is one day under all policies."""

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ray_app.batch.ray_session import ray_session
from ray_app.domain.errors import ConfigError, Interrupted
from ray_app.planning.day_replay import DayReplay
from ray_app.simulator.event_profile import EventProfile
from ray_app.simulator.outcome import Outcome, Series
from ray_app.simulator.scenario import SCENARIOS
from ray_app.simulator.serve_settings import ServedPolicy
from ray_app.simulator.simulation import Day, Engine, NodeRule, draw_day, simulate

OnDay = Callable[[int, int], None]
_Named = tuple[str, int]  # scenario, seed


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is played.

    Attributes:
        profile: The event.
        policies: Each plays every day.
        scenarios: Names of SCENARIOS.
        seeds: Days per scenario.
        engine: How frames are moved.
        nodes: Who decides which nodes to launch.
        workers: Processes; None is one per core.
        replay: A recorded day to play instead of drawn ones.
    """

    profile: EventProfile
    policies: tuple[ServedPolicy, ...]
    scenarios: tuple[str, ...]
    seeds: tuple[int, ...]
    engine: Engine = Engine.FLUID
    nodes: NodeRule = NodeRule.PLAIN
    workers: int | None = None
    replay: DayReplay | None = None

    def day(self, scenario: str, seed: int) -> Day:
        """Returns one day, the same for every policy."""
        if self.replay is not None:
            return self.replay.day(scenario, seed)
        return draw_day(self.profile, scenario, SCENARIOS[scenario], seed)


def run_campaign(campaign: Campaign, on_day: OnDay | None = None) -> tuple[Outcome, ...]:
    """Returns all outcomes, without their series, in the order of scenarios, seeds, policies.

    Raises:
        ConfigError: A policy of the user's own cannot be loaded, or failed.
        Interrupted: Somebody stopped it.
    """
    days = [(name, seed) for name in campaign.scenarios for seed in campaign.seeds]
    workers = min(campaign.workers or os.cpu_count() or 1, len(days))
    done: dict[_Named, tuple[Outcome, ...]] = {}
    with ray_session(None, workers, 0):
        from ray.exceptions import RayTaskError

        try:
            for day, outcomes in _as_they_end(campaign, days, workers):
                done[day] = outcomes
                if on_day is not None:
                    on_day(len(done), len(days))
        except KeyboardInterrupt:
            told = f"interrupted after {len(done)} of {len(days)} days; nothing was written"
            raise Interrupted(told) from None
        except RayTaskError as error:
            raise ConfigError(f"a day could not be played: {error.cause!r}") from error
    return tuple(outcome for day in days for outcome in done[day])


def _as_they_end(
    campaign: Campaign, days: Sequence[_Named], workers: int
) -> Iterator[tuple[_Named, tuple[Outcome, ...]]]:
    """Yields each day's outcomes as it ends, with as many days handed out as there are workers.

    So none has to be taken back when one fails: ray.cancel of a task that ends at that very
    moment aborts the whole process (seen with Ray 2.60).
    """
    import ray

    task: Any = ray.remote(num_cpus=1, max_retries=1)(play_day)
    shared = ray.put(campaign)
    coming = iter(days)

    def hand_out(count: int) -> dict[Any, _Named]:
        return {
            task.remote(shared, *day, tuple(sys.path)): day
            for day in itertools.islice(coming, count)
        }

    waiting = hand_out(workers)
    while waiting:
        ready, _ = ray.wait(list(waiting), num_returns=1)
        ended = [(waiting.pop(one), ray.get(one)) for one in ready]
        waiting |= hand_out(len(ended))
        yield from ended


def play_day(
    campaign: Campaign, name: str, seed: int, import_paths: Sequence[str]
) -> tuple[Outcome, ...]:
    """Plays one day under every policy; runs in a worker, which finds modules as we do."""
    sys.path.extend(path for path in import_paths if path not in sys.path)
    day = campaign.day(name, seed)
    played = (
        simulate(day, served, campaign.engine, campaign.nodes) for served in campaign.policies
    )
    return tuple(replace(outcome, series=Series.none()) for outcome in played)
