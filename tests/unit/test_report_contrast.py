"""Words and marks of the page stand out on white and on dark paper (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from ray_app.report import page
from ray_app.report.words import COLOURS, OTHER_COLOUR

CSS = (Path(page.__file__).parent / "report.css").read_text("utf-8")
THEMES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
]
TEXT, MARK = 4.5, 3.0


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    shares = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_words_stand_out(theme: dict[str, str]) -> None:
    for name in ("ink", "soft", "warn", "bad", "good"):
        assert contrast(theme[name], theme["paper"]) >= TEXT, name
    assert contrast(theme["soft"], theme["warn-paper"]) >= TEXT
    assert contrast(theme["ink"], theme["bad-paper"]) >= TEXT


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_curves_and_bars_stand_out(theme: dict[str, str]) -> None:
    for name, colour in {**COLOURS, "other": OTHER_COLOUR}.items():
        assert contrast(colour, theme["paper"]) >= MARK, (name, contrast(colour, theme["paper"]))
    assert contrast(theme["unseen"], theme["seen"]) >= 1.8
