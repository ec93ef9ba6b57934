"""Which frames of a ledger were seen with a smaller input of the networks than usual."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa

from ray_app.store.parquet import read_parquet, write_parquet

FOLDER = "smaller_inputs"
SCHEMA = pa.schema(
    [
        ("camera_id", pa.string()),
        ("index", pa.int64()),
        ("input_px", pa.int32()),
        ("tiles", pa.int32()),
        ("fire_input_px", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True)
class SmallerFrame:
    """One of them.

    Attributes:
        index: Of the frame on its camera's grid.
        input_px: Longer side of the object finder's input.
        tiles: Its tiles along a side.
        fire_input_px: Longer side of the fire finder's input; None where there is none.
    """

    index: int
    input_px: int
    tiles: int
    fire_input_px: int | None


def write_smaller_inputs(
    folder: Path, camera_id: str, name: str, frames: Iterable[SmallerFrame]
) -> None:
    """Writes one file of them, or none where there is no such frame; raises StoreError.

    Args:
        folder: Of the ledger.
        camera_id: Whose.
        name: Of the file, as of the one in `frames/`.
        frames: In order.
    """
    rows = [{"camera_id": camera_id, **asdict(frame)} for frame in frames]
    if rows:
        path = folder / FOLDER / f"camera={quote(camera_id, safe='')}" / name
        write_parquet(path, pa.Table.from_pylist(rows, schema=SCHEMA))


def count_smaller_inputs(folder: Path) -> dict[str, int]:
    """Returns the number of such frames by camera; of a back-fill none; raises StoreError."""
    found: dict[str, int] = {}
    for path in sorted((folder / FOLDER).glob("camera=*/*.parquet")):
        camera_id = unquote(path.parent.name.removeprefix("camera="))
        rows = read_parquet(path, SCHEMA, ("index",)).num_rows
        found[camera_id] = found.get(camera_id, 0) + rows
    return found
