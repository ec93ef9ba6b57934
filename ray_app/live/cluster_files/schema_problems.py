"""What a JSON schema refuses, told as the site file's faults are told."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from ray_app.config.faults import KeyPath, KeyProblem
from ray_app.live.cluster_files.model_keys import unknown

Schema = Mapping[str, Any]


def schema_problems(schema: Schema, data: object, path: KeyPath = ()) -> Iterator[KeyProblem]:
    """Yields everything in data that the schema does not allow.

    Args:
        schema: JSON schema, draft 2020-12.
        data: Plain data.
        path: Where it stands in its file.
    """
    for error in jsonschema.Draft202012Validator(schema).iter_errors(data):
        yield from _told(error, (*path, *error.absolute_path))


def closed(schema: Any) -> Any:  # noqa: ANN401  any part of a JSON schema
    """Returns the schema of a CRD as a JSON schema that also refuses unknown keys.

    An API server that validates strictly does the same: blocks with listed keys are closed
    unless they keep unknown fields, and an int-or-string is either.
    """
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    made = {key: _closed_part(key, part) for key, part in schema.items() if key != "format"}
    if "properties" in made and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def _closed_part(key: str, part: Any) -> Any:  # noqa: ANN401
    if key == "properties":
        return {name: closed(inner) for name, inner in part.items()}
    return closed(part)


def _told(error: jsonschema.ValidationError, path: KeyPath) -> Iterator[KeyProblem]:
    rule, value = error.validator, error.instance
    if rule == "additionalProperties" and isinstance(error.validator_value, bool):
        known = error.schema.get("properties", {})
        patterns = "patternProperties" in error.schema
        for key in value:
            if key not in known and not patterns:
                yield KeyProblem((*path, key), unknown(key, known))
        if patterns:
            yield KeyProblem(path, error.message)
    elif rule == "required":
        for key in error.validator_value:
            if key not in value:
                yield KeyProblem((*path, key), f"missing; add `{key}:`")
    else:
        yield KeyProblem(path, _message(error))


def _message(error: jsonschema.ValidationError) -> str:
    wanted, value = error.validator_value, _shown(error.instance)
    if error.validator == "type":
        kinds = wanted if isinstance(wanted, str) else " or ".join(wanted)
        return f"expected {kinds}, got {value}"
    if error.validator == "enum":
        return f"unknown value {value}; known: {', '.join(map(str, wanted))}"
    if error.validator in ("minimum", "maximum"):
        side = "at least" if error.validator == "minimum" else "at most"
        return f"{value} is out of range; give {side} {wanted}"
    if error.validator == "pattern":
        return f"{value} has not the form {wanted}"
    if error.validator == "anyOf":
        return f"{value} is no quantity; as 2, 500m or 8Gi"
    return str(error.message).splitlines()[0]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
