"""What may be rented, how fast it comes and what goes wrong with it."""

import math

from ray_app.domain.ranges import above, between, refuse_faults
from ray_app.domain.settings import settings


@settings
class BootSettings:
    """Time from asking for a node to its first replica being placed: log-normal.

    Attributes:
        median_s: Median, seconds.
        spread: Standard deviation of the logarithm.
        failure: Probability that a launch never comes, 0 to 1.
        failure_seen_s: When Ray gives up on such a launch and asks again, seconds
            (RAY_AUTOSCALER_RECONCILE_REQUEST_STATUS_TIMEOUT_S).
    """

    median_s: float = 150.0
    spread: float = 0.25
    failure: float = 0.02
    failure_seen_s: float = 600.0

    def __post_init__(self) -> None:
        refuse_faults(
            between("median_s", self.median_s, 0, 7200),
            between("spread", self.spread, 0, 2),
            between("failure", self.failure, 0, 0.9),
            above("failure_seen_s", self.failure_seen_s, 0, 7200),
        )

    def p95_s(self) -> float:
        """95th percentile, seconds."""
        return self.median_s * math.exp(1.645 * self.spread)


@settings
class SpotSettings:
    """Nodes that can be taken away.

    Attributes:
        price_factor: Price over the on-demand price.
        losses_per_h: Expected losses per node and hour.
        notice_s: Between the notice and the loss, seconds.
    """

    price_factor: float = 0.35
    losses_per_h: float = 0.05
    notice_s: float = 120.0

    def __post_init__(self) -> None:
        refuse_faults(
            above("price_factor", self.price_factor, 0, 1),
            between("losses_per_h", self.losses_per_h, 0, 60),
            between("notice_s", self.notice_s, 0, 3600),
        )


@settings
class NodeType:
    """One kind of node.

    Attributes:
        name: As `l4x4`.
        gpus: GPUs of one node; each holds one replica.
        max_nodes: Quota.
        price_per_h: Of one node, in `MachinesSettings.currency`.
        price_source: Where the price was read.
        boot: How it comes up.
        spot: How it is taken away; None for on-demand.
        out_of_stock_min: Span of the event's clock in which none can be had, minutes.
    """

    name: str
    gpus: int
    max_nodes: int
    price_per_h: float
    price_source: str
    boot: BootSettings = BootSettings()
    spot: SpotSettings | None = None
    out_of_stock_min: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        refuse_faults(
            between("gpus", self.gpus, 1, 64),
            between("max_nodes", self.max_nodes, 1, 10_000),
            between("price_per_h", self.price_per_h, 0, 10_000),
        )

    @property
    def paid_per_h(self) -> float:
        """Price of one node and hour, the spot discount applied."""
        return self.price_per_h * (self.spot.price_factor if self.spot else 1.0)


@settings
class MachinesSettings:
    """What the cluster autoscaler may do.

    Attributes:
        nodes: Node types, preferred first.
        idle_s: A node without replicas for this long is given back, seconds.
        upscaling_speed: Nodes launched per pass over nodes running (Ray's field); at least one.
        schedule_every_s: Between two passes, seconds.
        least_billed_s: Shortest time billed per node, seconds.
        backfill_reserve: GPUs a harvesting back-fill leaves free (`--reserve`).
        currency: Of the prices, as it is to be shown.
    """

    nodes: tuple[NodeType, ...]
    idle_s: float = 120.0
    upscaling_speed: float = 1.0
    schedule_every_s: float = 5.0
    least_billed_s: float = 60.0
    backfill_reserve: int = 1
    currency: str = "USD"

    def __post_init__(self) -> None:
        refuse_faults(
            ("nodes", "is empty; list at least one node type") if not self.nodes else None,
            between("idle_s", self.idle_s, 0, 7200),
            between("upscaling_speed", self.upscaling_speed, 0, 1000),
            between("schedule_every_s", self.schedule_every_s, 1, 600),
            between("least_billed_s", self.least_billed_s, 0, 3600),
            between("backfill_reserve", self.backfill_reserve, 0, 1000),
            ("currency", "is empty; write it as EUR") if not self.currency.strip() else None,
        )

    @property
    def max_gpus(self) -> int:
        """GPUs that can be had in all."""
        return sum(node.gpus * node.max_nodes for node in self.nodes)
