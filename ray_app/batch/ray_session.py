"""Starts a quiet local Ray, or joins a running cluster; stops only what it started."""

import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ray_app.batch.ray_noise import without_ray_noise
from ray_app.batch.ray_watch import RayDiedError, end_dead_ray, watched_ray
from ray_app.domain.errors import ClusterError

# Frames of two-stage runs pass through it; fused runs pass a few hundred bytes per segment.
STORE_BYTES = 150_000_000
STORE_BYTES_WITH_GPU = 2_000_000_000
KNOCK_S = 5.0
AFTERLIFE_S = "600"
"""A request to a Ray that was shut down ends this process after so long: Ray's own is 60 s."""
OF_RAY_DATA = ("iter_threaded", "StreamingExecutor", "ray-data-metadata-prefetch")
"""Names of threads that Ray Data (2.60) starts and leaves to end by themselves."""
LAST_CALLS_S = 10.0


@contextmanager
def ray_session(address: str | None, workers: int, gpus: int) -> Iterator[None]:
    """Gives a Ray to work on.

    A local Ray opens no dashboard and reports nothing home. Its ports are open to the network,
    there is no way to stop that; so it asks for a token that only this process and its workers
    know. One CPU more than workers is promised: workers that hold all of them starve the rest.

    Args:
        address: Of a running cluster; None starts a local one, unless this process has one.
        workers: Worker processes that will run.
        gpus: GPUs that will be asked for.

    Raises:
        ClusterError: Ray does not start, or nothing answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    if address is None:  # whether a local one died is watched below, and told at once
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", AFTERLIFE_S)
    # Ray reads this once, when imported; a program that imported it before us decides itself.
    if address is None and "ray" not in sys.modules and "RAY_AUTH_MODE" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    import ray

    if ray.is_initialized():
        yield
        return
    with without_ray_noise(), _own_signals():
        _begin(address, workers, gpus)
        _take_signals()
        end = ray.shutdown
        try:
            with watched_ray():
                yield
        except RayDiedError:
            end = end_dead_ray
            raise
        finally:
            _await_ray_data()
            end()


def _await_ray_data() -> None:
    """Waits for the threads of Ray Data that still run when a stream is closed.

    One that calls Ray after its shutdown ends this process with status 1 and without a word
    (core_worker_process.cc, "The core worker has already been shutdown"), or starts another Ray.
    """
    until = time.monotonic() + LAST_CALLS_S
    for thread in threading.enumerate():
        if thread.name.startswith(OF_RAY_DATA):
            thread.join(max(0.0, until - time.monotonic()))


def _begin(address: str | None, workers: int, gpus: int) -> None:
    """Starts or joins Ray; raises ClusterError where it does not answer."""
    import ray

    asked: dict[str, object] = {"address": address}
    if address is None:
        asked = {
            "address": "local",
            "num_cpus": workers + 1,
            "num_gpus": gpus or None,
            "object_store_memory": STORE_BYTES_WITH_GPU if gpus else STORE_BYTES,
            "include_dashboard": False,
        }
    else:
        _knock(address)
    try:
        ray.init(**asked, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, TimeoutError, ray.exceptions.RayError) as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        if address is not None:
            raise _no_ray(address, cause) from error
        raise ClusterError(
            f"Ray does not start on this machine: {cause}; when it is busy, try again"
        ) from error


def _knock(address: str) -> None:
    """Raises ClusterError where nothing listens; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or "/" in address or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=KNOCK_S).close()
    except OSError as error:
        raise _no_ray(address, error.strerror or str(error)) from error


def _no_ray(address: str, cause: str) -> ClusterError:
    return ClusterError(
        f"no Ray at {address}: {cause}; is the cluster up, and its token in RAY_AUTH_TOKEN?"
    )


@contextmanager
def _own_signals() -> Iterator[None]:
    """Gives SIGTERM back, at the end, to whoever had it: Ray takes it and keeps it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _take_signals() -> None:
    """Makes SIGTERM an interruption as Ctrl-C is; Ray would die of it with a stack trace."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
