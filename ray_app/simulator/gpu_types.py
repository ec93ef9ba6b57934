"""Service times of GPUs nobody here has measured, by type, each with its public source."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ray_app.simulator.service import ServiceSettings


@dataclass(frozen=True, slots=True)
class GpuType:
    """Time of one network input.

    Attributes:
        per_tile_s: Seconds per input of 640 x 640 pixels.
        source: Network, precision and where it was published; not our networks.
    """

    per_tile_s: float
    source: str


GPU_TYPES: Mapping[str, GpuType] = {
    "t4": GpuType(
        4 / 360,
        "YOLOv8s in PyTorch at 320 px, 360 pictures/s at its best "
        "(homl.dev/blogs/yolo-performance-benchmark.html), four times the pixels at 640",
    ),
    "rtx_4080": GpuType(
        0.83e-3,
        "YOLOv8n in TensorRT FP16 at 640 px, batch 1, 0.83 ms without pre- and post-processing "
        "(frontendneeded.com/trtbench)",
    ),
}


def service_of_gpu(name: str, usual: ServiceSettings) -> ServiceSettings:
    """Returns the service times of a GPU type; what a batch costs at least stays as usual."""
    gpu = GPU_TYPES[name]
    return replace(usual, per_tile_s=gpu.per_tile_s, source=f"{name}: {gpu.source}")
