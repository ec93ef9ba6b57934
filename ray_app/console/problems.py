"""Errors as RFC 9457 problem details: one clear line each, never a traceback."""

import http
import logging
from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ray_app.console.openapi import MEDIA_TYPE, methods_at
from ray_app.console.ports import UnreachableError
from ray_app.domain.errors import StoreError

logger = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong (RFC 9457). `type` is always about:blank: the status tells the kind."""

    type: str = "about:blank"
    title: str = Field(description="The kind of problem, always the same words for one status.")
    status: int = Field(description="HTTP status.", examples=[404])
    detail: str = Field(description="One line: what is wrong and what would be right.")
    errors: list[str] = Field(default=[], description="Single faults, where there are several.")


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        title = http.HTTPStatus(status).phrase
        self.problem = Problem(title=title, status=status, detail=detail, errors=list(errors))
        self.headers = headers


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Returns a problem as a response."""
    return JSONResponse(
        problem.model_dump(), problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def answer_problems(app: FastAPI) -> None:
    """Lets every error of an app leave it as a problem."""

    @app.exception_handler(ProblemError)
    async def told(_: Request, error: ProblemError) -> JSONResponse:
        return problem_response(error.problem, error.headers)

    @app.exception_handler(UnreachableError)
    async def unreachable(_: Request, error: UnreachableError) -> JSONResponse:
        problem = ProblemError(503, str(error), headers={"Retry-After": "5"})
        return problem_response(problem.problem, problem.headers)

    @app.exception_handler(StoreError)
    async def not_kept(_: Request, error: StoreError) -> JSONResponse:
        logger.warning("the desk cannot keep or read: %s", error)
        detail = "the desk cannot keep or read it now: is its disk full? its log tells more"
        return problem_response(ProblemError(503, detail).problem, {"Retry-After": "5"})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault_line(fault) for fault in error.errors()]
        return problem_response(ProblemError(422, faults[0], faults).problem)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        return _refusal(app, request, error)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        # The error's text stays in the log: it may carry what callers must not see.
        logger.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
        detail = "the server failed; its log tells more"
        return problem_response(ProblemError(500, detail).problem)


def _refusal(app: FastAPI, request: Request, error: HTTPException) -> JSONResponse:
    """Returns what the frameworks refuse, in our words."""
    status, detail, headers = error.status_code, str(error.detail), error.headers
    if status == 400:  # what FastAPI says of a body it cannot read
        status, detail = 422, "the body is no JSON in UTF-8"
    if status == 404:
        detail = f"no such address: {request.url.path}; see /api/v1/openapi.json"
    if status == 405:
        # Starlette names the methods of the first route at this path alone.
        headers = {"Allow": ", ".join(methods_at(app, request.url.path)) or "GET"}
        detail = f"{request.method} is not possible here; possible: {headers['Allow']}"
    return problem_response(ProblemError(status, detail).problem, headers)


def _fault_line(fault: Mapping[str, object]) -> str:
    place = fault.get("loc", ())
    names = [str(part) for part in place] if isinstance(place, Sequence) else []
    return f"{'.'.join(names)}: {fault.get('msg', 'invalid')}"


def answers(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Returns what a route may answer beside its own, for OpenAPI."""
    return {
        status: {
            "model": Problem,
            "description": http.HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 401, 403, 413, 422, 503})
    }
