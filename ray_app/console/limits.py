"""How often somebody may try, and how much they may send."""

from collections import deque
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ray_app.console.problems import ProblemError, problem_response

MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class Attempts:
    """Counts attempts by address over the last minute.

    Args:
        per_minute: Most attempts of one address.
    """

    per_minute: int
    _times: dict[str, deque[float]] = field(default_factory=dict)

    def wait_s(self, address: str, now_s: float) -> float:
        """Counts one attempt; returns 0 when it is allowed, else how long to wait."""
        if len(self._times) > MOST_ADDRESSES:
            self._times.clear()  # a flood from everywhere: forgetting is safer than filling memory
        times = self._times.setdefault(address, deque())
        while times and times[0] <= now_s - 60.0:
            times.popleft()
        if len(times) >= self.per_minute:
            return times[0] + 60.0 - now_s
        times.append(now_s)
        return 0.0


class BodyLimit:
    """Refuses bodies larger than a limit, told or not, before they are kept."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, counting what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _told_length(scope) > self._most_bytes:
            problem = ProblemError(413, self._detail).problem
            await problem_response(problem)(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def count() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                # FastAPI lets only this kind pass through the reading of a body.
                raise HTTPException(413, self._detail)
            return message

        return count

    @property
    def _detail(self) -> str:
        return f"the body is larger than {self._most_bytes} bytes"


def _told_length(scope: Scope) -> int:
    told = dict(scope["headers"]).get(b"content-length", b"0")
    return int(told) if told.isdigit() and len(told) < 16 else 0
