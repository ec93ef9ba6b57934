"""What JSON can say."""

import math
from typing import Any


def finite(value: Any) -> Any:  # noqa: ANN401  JSON values of any shape
    """Returns value with what JSON cannot say (NaN, infinity) as null."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
