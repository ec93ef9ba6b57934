"""Observations as Arrow columns and back, bit by bit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ray_app.domain.frame import FrameKey
from ray_app.domain.observation import (
    CrowdMap,
    Detections,
    DronePose,
    FireMap,
    HeadPoints,
    Observation,
    PictureGrid,
    PictureState,
)

T = TypeVar("T", bound=np.generic)

DETECTION = pa.struct(
    [(name, pa.float32()) for name in ("x1", "y1", "x2", "y2", "score")] + [("label", pa.int16())]
)
HEAD = pa.struct([(name, pa.float32()) for name in ("x", "y", "score")])
POSE = pa.struct([(field.name, pa.float64()) for field in fields(DronePose)])

# One row per analysed frame, empty frames kept. Pixels are those of the source picture.
SCHEMA = pa.schema(
    [
        ("camera_id", pa.string()),
        ("index", pa.int64()),
        ("stretch", pa.int32()),
        ("time_s", pa.float64()),
        ("source_width_px", pa.int32()),
        ("source_height_px", pa.int32()),
        ("detections", pa.list_(DETECTION)),
        ("heads", pa.list_(HEAD)),
        ("crowd_cell_px", pa.float64()),
        ("crowd_rows", pa.int32()),
        ("crowd_columns", pa.int32()),
        ("crowd_heads", pa.list_(pa.float32())),
        ("pose", POSE),
        ("fire_cell_px", pa.float64()),
        ("fire_rows", pa.int32()),
        ("fire_columns", pa.int32()),
        ("fire_flame", pa.list_(pa.uint8())),
        ("fire_smoke", pa.list_(pa.uint8())),
        ("grid_cell_px", pa.float64()),
        ("grid_rows", pa.int32()),
        ("grid_columns", pa.int32()),
        ("grid_means", pa.list_(pa.uint8())),
        ("grid_texture", pa.list_(pa.uint8())),
        ("state_rows", pa.int32()),
        ("state_samples", pa.list_(pa.uint8())),
        ("state_sharpness", pa.float64()),
    ]
)


def to_table(observations: Sequence[Observation]) -> pa.Table:
    """Returns one row per observation, in the order given."""
    keys = [seen.key for seen in observations]
    sizes = [seen.source_size_px for seen in observations]
    crowds = [seen.crowd for seen in observations]
    fires = [seen.fire for seen in observations]
    grids = [seen.grid for seen in observations]
    columns = [
        pa.array([key.camera_id for key in keys], pa.string()),
        pa.array([key.index for key in keys], pa.int64()),
        pa.array([key.stretch for key in keys], pa.int32()),
        pa.array([key.time_s for key in keys], pa.float64()),
        pa.array([width for width, _ in sizes], pa.int32()),
        pa.array([height for _, height in sizes], pa.int32()),
        _detections_column([seen.detections for seen in observations]),
        _heads_column([seen.heads for seen in observations]),
        pa.array([None if crowd is None else crowd.cell_px for crowd in crowds], pa.float64()),
        pa.array([None if crowd is None else crowd.heads.shape[0] for crowd in crowds], pa.int32()),
        pa.array([None if crowd is None else crowd.heads.shape[1] for crowd in crowds], pa.int32()),
        _crowd_column(crowds),
        pa.array([_pose_row(seen.pose) for seen in observations], POSE),
        *_two_maps([None if f is None else (f.flame, f.smoke, f.cell_px) for f in fires]),
        *_two_maps([None if g is None else (g.texture, g.colours, g.cell_px) for g in grids])[:3],
        _bytes_column([None if grid is None else grid.colours for grid in grids]),
        _bytes_column([None if grid is None else grid.texture for grid in grids]),
        *_state_columns([seen.state for seen in observations]),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def from_table(table: pa.Table) -> Iterator[Observation]:
    """Yields the observations of to_table, arrays read-only."""
    table = table.combine_chunks()
    widths, heights = (table[f"source_{side}_px"].to_pylist() for side in ("width", "height"))
    keys = zip(
        *(table[name].to_pylist() for name in ("camera_id", "index", "stretch", "time_s")),
        strict=True,
    )
    rows = zip(
        keys,
        zip(widths, heights, strict=True),
        _read_detections(table),
        _read_crowds(table),
        _read_heads(table),
        table["pose"].to_pylist(),
        _read_fires(table),
        _read_grids(table),
        _read_states(table),
        strict=True,
    )
    for key, size, detections, crowd, heads, pose, *pictures in rows:
        seen_pose = None if pose is None else DronePose(**pose)
        yield Observation(FrameKey(*key), size, detections, crowd, heads, seen_pose, *pictures)


def _pose_row(pose: DronePose | None) -> dict[str, float | None] | None:
    if pose is None:
        return None
    return dict(zip((field.name for field in fields(pose)), astuple(pose), strict=True))


def _joined(parts: Iterable[NDArray[T]], empty: NDArray[T]) -> NDArray[T]:
    return np.concatenate([empty, *parts])


def _list_column(values: pa.Array, lengths: Sequence[int | None]) -> pa.Array:
    """Returns a list column over flat values; a length of None is a null."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum([length or 0 for length in lengths], out=offsets[1:])
    mask = pa.array([length is None for length in lengths], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=mask)


def _detections_column(detections: Sequence[Detections]) -> pa.Array:
    boxes = _joined((seen.boxes_px for seen in detections), np.zeros((0, 4), np.float32))
    scores = _joined((seen.scores for seen in detections), np.zeros(0, np.float32))
    labels = _joined((seen.labels for seen in detections), np.zeros(0, np.int16))
    flat = [*np.ascontiguousarray(boxes.T), scores, labels]
    values = pa.StructArray.from_arrays([pa.array(part) for part in flat], fields=list(DETECTION))
    return _list_column(values, [len(seen) for seen in detections])


def _heads_column(heads: Sequence[HeadPoints | None]) -> pa.Array:
    there = [seen for seen in heads if seen is not None]
    points = _joined((seen.points_px for seen in there), np.zeros((0, 2), np.float32))
    scores = _joined((seen.scores for seen in there), np.zeros(0, np.float32))
    flat = [*np.ascontiguousarray(points.T), scores]
    values = pa.StructArray.from_arrays([pa.array(part) for part in flat], fields=list(HEAD))
    return _list_column(values, [None if seen is None else len(seen.scores) for seen in heads])


def _crowd_column(crowds: Sequence[CrowdMap | None]) -> pa.Array:
    cells = (crowd.heads.ravel() for crowd in crowds if crowd is not None)
    values = pa.array(_joined(cells, np.zeros(0, np.float32)))
    return _list_column(values, [None if crowd is None else crowd.heads.size for crowd in crowds])


def _two_maps(
    maps: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8], float] | None],
) -> list[pa.Array]:
    """Returns side of a cell, rows, columns, and both maps."""
    shapes = [None if both is None else both[0].shape for both in maps]
    return [
        pa.array([None if both is None else both[2] for both in maps], pa.float64()),
        pa.array([None if shape is None else shape[0] for shape in shapes], pa.int32()),
        pa.array([None if shape is None else shape[1] for shape in shapes], pa.int32()),
        _bytes_column([None if both is None else both[0] for both in maps]),
        _bytes_column([None if both is None else both[1] for both in maps]),
    ]


def _bytes_column(maps: Sequence[NDArray[np.uint8] | None]) -> pa.Array:
    cells = (cells.ravel() for cells in maps if cells is not None)
    values = pa.array(_joined(cells, np.zeros(0, np.uint8)))
    return _list_column(values, [None if cells is None else cells.size for cells in maps])


def _state_columns(states: Sequence[PictureState | None]) -> list[pa.Array]:
    samples = [None if state is None else state.samples for state in states]
    return [
        pa.array([None if each is None else each.shape[0] for each in samples], pa.int32()),
        _bytes_column(samples),
        pa.array([None if state is None else state.sharpness for state in states], pa.float64()),
    ]


def _spans(column: pa.ChunkedArray) -> tuple[pa.Array, list[tuple[int, int] | None]]:
    """Returns the flat values of a list column and each row's span in them."""
    lists = column.combine_chunks()
    offsets = lists.offsets.to_numpy()
    pairs = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    valid = lists.is_valid().to_pylist()
    return lists.values, [pair if ok else None for pair, ok in zip(pairs, valid, strict=True)]


def _stacked(values: pa.Array, names: Sequence[str]) -> NDArray[np.float32]:
    return np.stack([values.field(name).to_numpy() for name in names], axis=1)


def _read_detections(table: pa.Table) -> Iterator[Detections]:
    values, spans = _spans(table["detections"])
    boxes = _stacked(values, ("x1", "y1", "x2", "y2"))
    scores, labels = values.field("score").to_numpy(), values.field("label").to_numpy()
    for start, end in (span or (0, 0) for span in spans):
        yield Detections(boxes[start:end], scores[start:end], labels[start:end])


def _read_heads(table: pa.Table) -> Iterator[HeadPoints | None]:
    values, spans = _spans(table["heads"])
    points, scores = _stacked(values, ("x", "y")), values.field("score").to_numpy()
    for span in spans:
        yield None if span is None else HeadPoints(points[slice(*span)], scores[slice(*span)])


def _read_crowds(table: pa.Table) -> Iterator[CrowdMap | None]:
    values, spans = _spans(table["crowd_heads"])
    cells = values.to_numpy()
    rows, columns = (table[f"crowd_{side}"].to_pylist() for side in ("rows", "columns"))
    sizes = table["crowd_cell_px"].to_pylist()
    for span, shape, cell_px in zip(spans, zip(rows, columns, strict=True), sizes, strict=True):
        yield None if span is None else CrowdMap(cells[slice(*span)].reshape(shape), cell_px)


def _read_fires(table: pa.Table) -> Iterator[FireMap | None]:
    flames, spans = _spans(table["fire_flame"])
    smokes, _ = _spans(table["fire_smoke"])
    flame, smoke = flames.to_numpy(), smokes.to_numpy()
    rows, columns = (table[f"fire_{side}"].to_pylist() for side in ("rows", "columns"))
    sizes = table["fire_cell_px"].to_pylist()
    for span, shape, cell_px in zip(spans, zip(rows, columns, strict=True), sizes, strict=True):
        if span is None:
            yield None
            continue
        here = slice(*span)
        yield FireMap(flame[here].reshape(shape), smoke[here].reshape(shape), cell_px)


def _read_grids(table: pa.Table) -> Iterator[PictureGrid | None]:
    colours, spans = _spans(table["grid_means"])
    textures, cells = _spans(table["grid_texture"])
    colour, texture = colours.to_numpy(), textures.to_numpy()
    rows, columns = (table[f"grid_{side}"].to_pylist() for side in ("rows", "columns"))
    sizes = table["grid_cell_px"].to_pylist()
    for span, cell, shape, cell_px in zip(
        spans, cells, zip(rows, columns, strict=True), sizes, strict=True
    ):
        if span is None or cell is None:
            yield None
            continue
        yield PictureGrid(
            colour[slice(*span)].reshape(*shape, 3), texture[slice(*cell)].reshape(shape), cell_px
        )


def _read_states(table: pa.Table) -> Iterator[PictureState | None]:
    samples, spans = _spans(table["state_samples"])
    flat = samples.to_numpy()
    rows, sharpness = table["state_rows"].to_pylist(), table["state_sharpness"].to_pylist()
    for span, count, sharp in zip(spans, rows, sharpness, strict=True):
        yield None if span is None else PictureState(flat[slice(*span)].reshape(count, -1), sharp)
