"""The actor that reads cameras: a thin shell around `ReaderCore`."""

import logging
import os
import sys
import threading
import time

import av
import ray
from ray import serve
from ray.exceptions import GetTimeoutError, RayActorError, RayError

from ray_app.domain.situation import Signal
from ray_app.live.lease import CameraLease, Orders, ReaderPlan, ReaderReport
from ray_app.live.messages import DESK, NAMESPACE
from ray_app.live.metrics import SituationMeter
from ray_app.live.reader_core import DetectorsAwayError, ReaderCore
from ray_app.live.replica_count import DETECTOR, DETECTORS
from ray_app.live.signal_outbox import SignalOutbox
from ray_app.live.stack import Stack, StackAnswer

DESK_ANSWERS_S = 5.0
FENCE_S = 60.0
"""A reader nobody gave orders for so long ends itself: its fleet is gone for good."""
LOG = logging.getLogger(__name__)


class StreamReader:
    """Reads the cameras it is leased; started again by Ray when it dies, without any camera."""

    def __init__(self, plan: ReaderPlan) -> None:
        av.logging.set_level(av.logging.PANIC)  # FFmpeg writes addresses with passwords
        sys.setswitchinterval(0.002)  # many threads wait for each other only for moments
        self._meter = SituationMeter()
        self._outbox = SignalOutbox(self._tell_desk)
        self._handle: serve.handle.DeploymentHandle | None = None
        self._timeout_s = plan.live.detectors.timeout_s
        self._core = ReaderCore(plan, self._detect, self._outbox)
        self._ordered_s = time.monotonic()
        threading.Thread(target=self._fence, name="fence", daemon=True).start()

    def lease(self, leases: tuple[CameraLease, ...]) -> None:
        """Takes cameras."""
        self._core.lease(leases)

    def release(self, camera_ids: tuple[str, ...]) -> None:
        """Gives cameras up."""
        self._core.release(camera_ids)

    def pause(self, camera_id: str, is_paused: bool) -> None:
        """Closes a camera's stream, or opens it again."""
        self._core.pause(camera_id, is_paused=is_paused)

    def preview(self, camera_id: str) -> bytes | None:
        """Returns the newest analysed picture of a camera, people hidden."""
        return self._core.preview(camera_id)

    def exchange(self, orders: Orders) -> ReaderReport:
        """Follows orders and reports: one call, twice a second."""
        self._ordered_s = time.monotonic()
        self._core.take_orders(orders)
        return self._core.report()

    def process(self) -> int:
        """Returns its process id."""
        return os.getpid()

    def stop(self, wait_s: float) -> ReaderReport:
        """Closes every stream, sends what is still to be told, and reports for the last time."""
        ends_s = time.monotonic() + wait_s
        self._core.stop(wait_s / 2)
        self._outbox.flush(max(0.0, ends_s - time.monotonic()))
        return self._core.report()

    def _fence(self) -> None:
        while time.monotonic() - self._ordered_s < FENCE_S:
            time.sleep(1.0)
        self._core.stop(2.0)
        os._exit(0)

    def _detect(self, stack: Stack) -> StackAnswer:
        if self._handle is None:
            self._handle = serve.get_deployment_handle(DETECTOR, DETECTORS)
        response = self._handle.detect.remote(stack)
        try:
            answer: StackAnswer = response.result(timeout_s=self._timeout_s)
        except (TimeoutError, GetTimeoutError):
            response.cancel()
            raise DetectorsAwayError(f"no answer within {self._timeout_s:g} s") from None
        except RayActorError:
            raise DetectorsAwayError("the replica died") from None
        except RayError as error:
            LOG.warning("a replica failed: %s", str(error).splitlines()[-1])
            raise DetectorsAwayError("the replica failed") from None
        except Exception as error:  # noqa: BLE001  a router meets errors of many kinds
            raise DetectorsAwayError(f"{type(error).__name__}") from None
        return answer

    def _tell_desk(self, signals: tuple[Signal, ...]) -> None:
        desk = ray.get_actor(DESK, namespace=NAMESPACE)
        ray.get(desk.take.remote(signals), timeout=DESK_ANSWERS_S)
        self._meter.count(signals)
