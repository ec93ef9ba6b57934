"""Weights that ship with the product: where they came from, and whether they are intact."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ray_app.domain.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = Path(__file__).parent / "weights"
TABLE = Path(__file__).parent / "weights.toml"


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One row of weights.toml.

    Attributes:
        name: Name of the network.
        path: The safetensors file.
        source: Where the values came from.
        sha256: Of the file, hexadecimal.
        licence: SPDX expression; the texts are in weights/LICENCES.
        remake: The command that makes the file again.
    """

    name: str
    path: Path
    source: str
    sha256: str
    licence: str
    remake: str


def list_weights(table: Path = TABLE, folder: Path = FOLDER) -> tuple[WeightsEntry, ...]:
    """Returns every row of the table."""
    rows = tomllib.loads(table.read_text("utf-8"))
    return tuple(
        WeightsEntry(
            name,
            folder / row["file"],
            row["source"],
            row["sha256"],
            row["licence"],
            row["remake"],
        )
        for name, row in rows.items()
    )


def load_weights(name: str, table: Path = TABLE, folder: Path = FOLDER) -> "dict[str, Tensor]":
    """Returns the tensors of one network, after checking the file's hash.

    Raises:
        WeightsError: Unknown name, file missing or altered.
    """
    entries = {entry.name: entry for entry in list_weights(table, folder)}
    if name not in entries:
        raise WeightsError(f"no weights named {name!r}; known: {', '.join(sorted(entries))}")
    entry = entries[name]
    try:
        content = entry.path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{entry.path}: cannot be read ({error.strerror}); reinstall the package, "
            f"or remake it: {entry.remake}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise WeightsError(
            f"{entry.path}: altered or cut short (sha256 {found[:12]}..., {len(content)} bytes; "
            f"weights.toml says {entry.sha256[:12]}...); reinstall the package, "
            f"or remake it: {entry.remake}"
        )
    from safetensors.torch import load  # the list alone needs no torch, and readers only ask for it

    return dict(load(content))
