"""What the law asks of watching live, where it can be seen without a camera."""

import dataclasses
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from ray_app.console import camera_model, situation_model
from ray_app.domain.situation import Change, SinkReport
from ray_app.live.frame_ledger import FRAMES
from ray_app.live.messages import CameraReport, FleetReport
from ray_app.live.metrics import METRICS

ROOT = Path(__file__).parents[2]
# Parts of names that would tell who or of what kind somebody is, or follow them elsewhere.
FORBIDDEN = {"track", "face", "embedding", "feature", "identity", "gender", "skin", "plate", "gait"}
WORDS_OF_CERTAINTY = ("certain", "definite", "proven", "suspect", "culprit", "identified")
RECOGNISERS = (
    *("insightface", "face_recognition", "deepface", "dlib", "facenet", "arcface", "retinaface"),
    *("torchreid", "fastreid", "easyocr", "paddleocr", "tesseract", "openalpr", "mediapipe"),
)
PAGE = ROOT / "ray_app" / "console" / "page"


def fields_of(kind: object) -> Iterator[str]:
    """Yields the names of every field of a dataclass or model, however deep."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        for name, inner in typing.get_type_hints(kind).items():
            yield name
            yield from fields_of(inner)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield name
            yield from fields_of(field.annotation)
    else:
        for inner in typing.get_args(kind):
            yield from fields_of(inner)


def words_of(names: Iterator[str]) -> set[str]:
    return {word for name in names for word in name.lower().split("_")}


def models_in(module: object) -> list[type[BaseModel]]:
    return [
        kind for kind in vars(module).values() if isinstance(kind, type) and BaseModel in kind.mro()
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *(Change, SinkReport, CameraReport, FleetReport),
        *models_in(camera_model),
        *models_in(situation_model),
    ],
    ids=lambda kind: kind.__name__,
)
def test_nothing_told_live_says_who_somebody_is(kind) -> None:
    words = words_of(fields_of(kind))
    assert words or kind is BaseModel
    assert not words & FORBIDDEN


def test_the_frame_ledger_knows_frames_and_nobody() -> None:
    told = ["camera_id", "index", "stretch", "time_s", "taken_at", "outcome", "age_s"]
    assert FRAMES.names == told


def test_no_metric_is_told_apart_by_people() -> None:
    tags = {tag for metric in METRICS for tag in metric.tags}
    assert tags <= {"camera", "outcome", "state", "situation", "phase", "value", "sink"}


def test_every_network_is_one_that_was_looked_at_here() -> None:
    written = tomllib.loads((ROOT / "models" / "weights.toml").read_text("utf-8"))
    assert set(written) == {"nanodet_g", "crowd_counter", "fire_smoke_detector"}


def test_nothing_that_recognises_people_is_asked_for_or_imported() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8").lower()
    sources = [*(ROOT / "ray_app").rglob("*.py"), *(ROOT / "models").rglob("*.py")]
    imports = "\n".join(
        line.lower()
        for source in sources
        for line in source.read_text("utf-8").splitlines()
        if re.match(r"\s*(import|from) ", line)
    )
    assert len(sources) > 100
    assert not [name for name in RECOGNISERS if name in project or name in imports]


def test_the_live_page_never_sounds_sure() -> None:
    texts = [*PAGE.glob("*.js"), *PAGE.glob("*.html"), ROOT / "ray_app" / "report" / "words.py"]
    assert len(texts) > 5
    for text in texts:
        said = text.read_text("utf-8").lower()
        # "uncertain" is what it should say.
        found = [w for w in WORDS_OF_CERTAINTY if re.search(rf"(?<!un)\b{w}", said)]
        assert found == [], text.name


def test_the_live_page_asks_nobody_else() -> None:
    namespace = "http://www.w3.org/2000/svg"
    for asset in PAGE.iterdir():
        text = asset.read_text("utf-8").replace(namespace, "")
        assert not re.findall(r"""(?:https?:)?//[\w.-]+\.\w{2,}|@import|url\(""", text), asset.name
