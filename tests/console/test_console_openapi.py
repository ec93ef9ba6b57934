"""The API describes itself wholly."""

from pathlib import Path
from typing import Any

import pytest
from console_site import make_console
from fastapi.routing import APIRoute

METHODS = {"get", "post", "delete", "put", "patch"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    spec: dict[str, Any] = make_console(tmp_path_factory.mktemp("site")).app.openapi()
    return spec


def operations(spec: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_the_description_is_valid_openapi(spec: dict[str, Any]) -> None:
    validate = pytest.importorskip(
        "openapi_spec_validator", reason="comes with the dev tools"
    ).validate
    validate(spec)
    assert spec["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in spec["paths"])


def test_every_route_says_what_it_does_and_what_it_answers(spec: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in spec["tags"]}
    for name, operation in operations(spec):
        assert operation["summary"][0].isupper(), name
        assert len(operation["description"]) > 30, name
        assert set(operation["tags"]) <= tags, name
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert good, name
        for status in good:
            answer = operation["responses"][status]
            schemas = [c["schema"] for c in answer.get("content", {}).values()]
            assert status in ("204", "206") or all(schemas), (name, status)
            assert status in ("204", "206") or schemas, (name, status)


def test_every_error_is_a_problem(spec: dict[str, Any]) -> None:
    for name, operation in operations(spec):
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")):
                assert answer["content"] == {"application/problem+json": {"schema": PROBLEM}}, (
                    name,
                    status,
                )
    assert "HTTPValidationError" not in spec["components"]["schemas"]


def test_every_route_tells_how_to_come_in(spec: dict[str, Any]) -> None:
    assert set(spec["components"]["securitySchemes"]) == {"key", "session"}
    for name, operation in operations(spec):
        free = "/health/" in name or name == "POST /api/v1/session"
        assert ("security" in operation) != free, name
        if not free:
            assert {scheme for way in operation["security"] for scheme in way} == {
                "key",
                "session",
            }, name
            assert {"401", "403", "503"} <= set(operation["responses"]), name


def test_every_value_is_told(spec: dict[str, Any]) -> None:
    for name, operation in operations(spec):
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (name, parameter["name"])
            assert parameter["in"] != "cookie", (name, parameter["name"])
    for name, schema in spec["components"]["schemas"].items():
        assert schema.get("description"), name


def test_no_route_is_left_out(tmp_path: Path) -> None:
    app = make_console(tmp_path).app
    hidden = {r.path for r in app.routes if isinstance(r, APIRoute) and not r.include_in_schema}
    assert hidden <= {"/", "/page/{name}", "/metrics"}
