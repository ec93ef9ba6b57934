"""The description of the API, as it truly answers."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ray_app.console.problems import MEDIA_TYPE

REFUSALS = ("4", "5")


def describe_truly(app: FastAPI) -> None:
    """Lets an app describe its errors as problem details alone; FastAPI adds plain JSON."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems_only(_generated(app))
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _generated(app: FastAPI) -> dict[str, Any]:
    return get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
    )


def _with_problems_only(description: dict[str, Any]) -> dict[str, Any]:
    for item in description["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status.startswith(REFUSALS):
                    content = answer["content"]
                    answer["content"] = {MEDIA_TYPE: content[MEDIA_TYPE]}
    return description
