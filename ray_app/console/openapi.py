"""The description of the API, as it truly answers."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

MEDIA_TYPE = "application/problem+json"
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


def methods_at(app: FastAPI, path: str) -> tuple[str, ...]:
    """Returns the methods that are described for a path."""
    return tuple(
        sorted(
            {
                method.upper()
                for template, item in app.openapi()["paths"].items()
                if re.fullmatch(_pattern(template), path)
                for method in item
            }
        )
    )


def _pattern(template: str) -> str:
    parts = re.split(r"\{(\w+)\}", template)
    values = (".+" if name == "event_id" else "[^/]+" for name in parts[1::2])
    return "".join(
        re.escape(text) + value for text, value in zip(parts[::2], (*values, ""), strict=True)
    )
