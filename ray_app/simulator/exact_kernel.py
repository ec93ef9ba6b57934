"""Frame-level events of one second, compiled.

Every tile is an item. Items are routed to the less busy of two random replicas (Serve's power of
two choices), wait in the handle while all are full, and are served in batches. One call plays one
second; the state arrays carry over.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ray_app.simulator.data_plane import BIN_RATIO, BINS, SHORTEST_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

IDLE, WAITING, SERVING = 0, 1, 2
ABSENT, ACTIVE, DRAINING = 0, 1, 2
LOG_RATIO = math.log(BIN_RATIO)
# Columns of the counters, one row per class.
OFFERED, SERVED, LATE, DROPPED = 0, 1, 2, 3
# Entries of params.
OVERHEAD_S, PER_TILE_S, BATCH_MAX, WAIT_S, DEADLINE_S, STALE_S, JITTER, MOST_ONGOING = range(8)


@njit(cache=True)
def _take_batch(  # noqa: PLR0913, PLR0917  numba takes arrays, not objects
    r: int,
    now_s: float,
    params: Floats,
    costs: Floats,
    queue_s: Floats,
    queue_class: Ints,
    heads: Ints,
    counts: Ints,
    batch_s: Floats,
    batch_class: Ints,
    batch_n: Ints,
    done_s: Floats,
    mode: Ints,
    jitters: Floats,
    jitter_at: Ints,
    counters: Ints,
) -> None:
    """Moves waiting items of replica r into a batch, dropping stale ones, and starts it."""
    room = queue_s.shape[1]
    taken = 0
    work = 0.0
    while counts[r] > 0 and taken < params[BATCH_MAX]:
        at_s, kind = queue_s[r, heads[r]], queue_class[r, heads[r]]
        heads[r] = (heads[r] + 1) % room
        counts[r] -= 1
        if now_s - at_s > params[STALE_S]:
            counters[kind, DROPPED] += 1
        else:
            batch_s[r, taken], batch_class[r, taken] = at_s, kind
            taken += 1
            work += costs[kind]
    batch_n[r] = taken
    if taken == 0:
        mode[r], done_s[r] = IDLE, np.inf
        return
    sigma = params[JITTER]
    noise = math.exp(sigma * jitters[jitter_at[0]] - 0.5 * sigma * sigma) if sigma > 0 else 1.0
    jitter_at[0] = (jitter_at[0] + 1) % len(jitters)
    mode[r] = SERVING
    done_s[r] = now_s + noise * (params[OVERHEAD_S] + params[PER_TILE_S] * work)


@njit(cache=True)
def play_second(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917  one event loop, compiled as one
    end_s: float,
    arrivals_s: Floats,
    classes: Ints,
    picks: Floats,
    jitters: Floats,
    params: Floats,
    costs: Floats,
    state: Ints,
    queue_s: Floats,
    queue_class: Ints,
    heads: Ints,
    counts: Ints,
    batch_s: Floats,
    batch_class: Ints,
    batch_n: Ints,
    done_s: Floats,
    mode: Ints,
    handle_s: Floats,
    handle_class: Ints,
    handle: Ints,
    counters: Ints,
    latency: Ints,
) -> None:
    """Plays all arrivals and completions before end_s.

    Args:
        end_s: End of the second.
        arrivals_s: Sorted times of the items that arrive in it.
        classes: Their classes.
        picks: Two uniform numbers per item, for routing; shape (items, 2).
        jitters: Normal numbers for service times, used in turn.
        params: See the names above.
        costs: Time of an input of every class over a usual one.
        state: ABSENT, ACTIVE or DRAINING per replica slot.
        queue_s: Ring of waiting items per replica: arrival times; shape (slots, room).
        queue_class: Their classes.
        heads: First item of every ring.
        counts: Items in every ring.
        batch_s: Arrival times of the items being served; shape (slots, batch).
        batch_class: Their classes.
        batch_n: Items being served.
        done_s: When the batch, or the wait for more items, ends; infinite when idle.
        mode: IDLE, WAITING or SERVING per replica.
        handle_s: Ring of items in the handle.
        handle_class: Their classes.
        handle: First item and number of items of that ring.
        counters: OFFERED, SERVED, LATE, DROPPED per class; added to.
        latency: Items per bin; added to.
    """
    slots, room = queue_s.shape
    ring = len(handle_s)
    most = int(params[MOST_ONGOING])
    batch_max = int(params[BATCH_MAX])
    jitter_at = np.zeros(1, np.int64)
    active = np.empty(slots, np.int64)
    live = 0
    top = 0
    for r in range(slots):
        if state[r] == ACTIVE:
            active[live] = r
            live += 1
        if state[r] != ABSENT:
            top = r + 1
    begin_s = end_s - 1.0
    while handle[1] > 0 and begin_s - handle_s[handle[0]] > params[STALE_S]:
        counters[handle_class[handle[0]], DROPPED] += 1
        handle[0] = (handle[0] + 1) % ring
        handle[1] -= 1
    for k in range(live):
        if mode[active[k]] == IDLE:
            _go_on(active[k], begin_s, params, costs, state, handle_s, handle_class, handle,
                   queue_s,
                   queue_class, heads, counts, batch_s, batch_class, batch_n, done_s, mode,
                   jitters, jitter_at, counters)  # fmt: skip
    i, n = 0, len(arrivals_s)
    next_s, first, is_known = np.inf, -1, False
    while True:
        if not is_known:
            next_s, first, is_known = np.inf, -1, True
            for k in range(top):
                if done_s[k] < next_s:
                    next_s, first = done_s[k], k
        arrive_s = arrivals_s[i] if i < n else np.inf
        if min(next_s, arrive_s) >= end_s:
            break
        if arrive_s <= next_s:
            kind = classes[i]
            counters[kind, OFFERED] += 1
            r = _route(picks[i, 0], picks[i, 1], active, live, counts, batch_n, most, handle[1])
            i += 1
            if r < 0:
                at = (handle[0] + handle[1]) % ring
                handle_s[at], handle_class[at] = arrive_s, kind
                handle[1] += 1
                continue
            at = (heads[r] + counts[r]) % room
            queue_s[r, at], queue_class[r, at] = arrive_s, kind
            counts[r] += 1
            if mode[r] == IDLE:
                mode[r], done_s[r], is_known = WAITING, arrive_s + params[WAIT_S], False
            if mode[r] == WAITING and counts[r] >= batch_max:
                is_known = False
                _take_batch(r, arrive_s, params, costs, queue_s, queue_class, heads, counts,
                            batch_s, batch_class, batch_n, done_s, mode, jitters, jitter_at,
                            counters)  # fmt: skip
            continue
        r, is_known = first, False
        if mode[r] == WAITING:
            _take_batch(r, next_s, params, costs, queue_s, queue_class, heads, counts, batch_s,
                        batch_class, batch_n, done_s, mode, jitters, jitter_at,
                        counters)  # fmt: skip
        else:
            for k in range(batch_n[r]):
                waited_s = next_s - batch_s[r, k]
                bin_at = int(math.log(max(waited_s, SHORTEST_S) / SHORTEST_S) / LOG_RATIO)
                latency[min(bin_at, BINS - 1)] += 1
                counters[batch_class[r, k], SERVED] += 1
                if waited_s > params[DEADLINE_S]:
                    counters[batch_class[r, k], LATE] += 1
            batch_n[r], mode[r], done_s[r] = 0, IDLE, np.inf
        if mode[r] == IDLE:
            _go_on(r, next_s, params, costs, state, handle_s, handle_class, handle, queue_s,
                   queue_class, heads, counts, batch_s, batch_class, batch_n, done_s, mode,
                   jitters, jitter_at, counters)  # fmt: skip


@njit(cache=True)
def _go_on(  # noqa: PLR0913, PLR0917
    r: int,
    now_s: float,
    params: Floats,
    costs: Floats,
    state: Ints,
    handle_s: Floats,
    handle_class: Ints,
    handle: Ints,
    queue_s: Floats,
    queue_class: Ints,
    heads: Ints,
    counts: Ints,
    batch_s: Floats,
    batch_class: Ints,
    batch_n: Ints,
    done_s: Floats,
    mode: Ints,
    jitters: Floats,
    jitter_at: Ints,
    counters: Ints,
) -> None:
    """Gives an idle replica its next work; a batch of stale items alone is no work."""
    while mode[r] == IDLE:
        if state[r] == ACTIVE:
            _pull(r, now_s, params, handle_s, handle_class, handle, queue_s, queue_class, heads,
                  counts, batch_n, counters)  # fmt: skip
        if counts[r] >= params[BATCH_MAX]:
            _take_batch(r, now_s, params, costs, queue_s, queue_class, heads, counts, batch_s,
                        batch_class, batch_n, done_s, mode, jitters, jitter_at,
                        counters)  # fmt: skip
        elif counts[r] > 0:
            mode[r], done_s[r] = WAITING, now_s + params[WAIT_S]
        else:
            if state[r] == DRAINING:
                state[r] = ABSENT
            break


@njit(cache=True)
def _route(  # noqa: PLR0913, PLR0917
    first: float,
    second: float,
    active: Ints,
    live: int,
    counts: Ints,
    batch_n: Ints,
    most: int,
    waiting: int,
) -> int:
    """Returns the replica for an item, or -1 when it has to wait in the handle."""
    if live == 0 or waiting > 0:
        return -1
    a, b = active[int(first * live)], active[int(second * live)]
    busy_a, busy_b = counts[a] + batch_n[a], counts[b] + batch_n[b]
    if busy_b < busy_a:
        a, busy_a = b, busy_b
    if busy_a < most:
        return int(a)
    for k in range(live):
        r = active[k]
        if counts[r] + batch_n[r] < most:
            return int(r)
    return -1


@njit(cache=True)
def _pull(  # noqa: PLR0913, PLR0917
    r: int,
    now_s: float,
    params: Floats,
    handle_s: Floats,
    handle_class: Ints,
    handle: Ints,
    queue_s: Floats,
    queue_class: Ints,
    heads: Ints,
    counts: Ints,
    batch_n: Ints,
    counters: Ints,
) -> None:
    """Moves items from the handle to replica r while it has room."""
    ring, room = len(handle_s), queue_s.shape[1]
    while handle[1] > 0 and counts[r] + batch_n[r] < params[MOST_ONGOING]:
        at_s, kind = handle_s[handle[0]], handle_class[handle[0]]
        handle[0] = (handle[0] + 1) % ring
        handle[1] -= 1
        if now_s - at_s > params[STALE_S]:
            counters[kind, DROPPED] += 1
            continue
        at = (heads[r] + counts[r]) % room
        queue_s[r, at], queue_class[r, at] = at_s, kind
        counts[r] += 1
