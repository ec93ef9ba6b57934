"""How many GPU slots that are paid for and idle the back-fill may borrow."""

from ray_app.scaling.load import Decision


def backfill_slots(ready_gpus: int, replicas: int, decision: Decision, reserve: int) -> int:
    """Returns the slots to lend now.

    Slots the event will want within the node lead time are still lent, but not those wanted
    now: replicas take theirs first, and a reserve stays free for the next step up.

    Args:
        ready_gpus: GPUs of nodes that are up.
        replicas: Detector replicas placed on them.
        decision: What the policy asks for now.
        reserve: GPUs kept free.
    """
    taken = max(replicas, decision.replicas)
    return max(0, ready_gpus - taken - reserve)
