"""Runs a torch network on pictures: device, number type, fixed batch, compilation; once for all."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.settings import NetworkSettings
from ray_app.domain.errors import ConfigError

DTYPES: dict[str, torch.dtype] = {"bfloat16": torch.bfloat16, "float32": torch.float32}


class NetworkRunner:
    """A network that sees batches of one fixed size: a picture's answer never depends on others.

    A convolution library gives other last bits for a batch of 1 than for a batch of 8; with every
    batch padded to the same length they are the same bits. The network is moved to the device,
    converted (parameters and float buffers) to the number type and to channels-last, in place. It
    must take uint8 RGB of shape (batch, 3, height, width), channels-last in memory, normalise
    inside, and return a tuple of tensors whose first axis is the batch.

    Threads are the caller's business: one intra-op thread per worker is fastest
    (`torch.set_num_threads(1)`).

    Args:
        network: In float32, weights loaded.
        settings: Device, number type, batch size, compilation.
        multiple_px: Pictures are padded with black, right and below, to a multiple of this.
    """

    def __init__(self, network: nn.Module, settings: NetworkSettings, multiple_px: int) -> None:
        self.device = choose_device(settings.device)
        self.dtype = choose_dtype(settings.dtype, self.device)
        self.batch_size = settings.batch_size
        self._multiple_px = multiple_px
        network = network.eval().requires_grad_(False)
        network = network.to(self.device, self.dtype)
        for parameter in network.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self._network: Callable[[Tensor], tuple[Tensor, ...]] = network
        if settings.compile:
            self._network = torch.compile(network, dynamic=False, options={"freezing": True})

    @torch.inference_mode()
    def run(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Returns the network's outputs, on the device, one row per picture.

        Args:
            pixels: RGB, uint8, shape (n, height, width, 3), n of any length, on any device.
        """
        if len(pixels) == 0:
            raise ValueError("no pictures to look at")
        chunks = [
            self._run_chunk(pixels[first : first + self.batch_size])
            for first in range(0, len(pixels), self.batch_size)
        ]
        if len(chunks) == 1:
            return chunks[0]
        return tuple(torch.cat(rows) for rows in zip(*chunks, strict=True))

    def warm_up(self, height_px: int, width_px: int) -> None:
        """Runs once on black pictures of this size, so that the first real call is as fast."""
        self.run(torch.zeros((1, height_px, width_px, 3), dtype=torch.uint8))

    def _run_chunk(self, pixels: Tensor) -> tuple[Tensor, ...]:
        count, height, width, _ = pixels.shape
        padded = (
            self.batch_size,
            round_up(height, self._multiple_px),
            round_up(width, self._multiple_px),
            3,
        )
        canvas = pixels
        if pixels.shape != padded or not pixels.is_contiguous():
            canvas = torch.zeros(padded, dtype=torch.uint8, device=self.device)
            canvas[:count, :height, :width] = pixels.to(self.device, non_blocking=True)
        outputs = self._network(canvas.to(self.device, non_blocking=True).permute(0, 3, 1, 2))
        return tuple(output[:count] for output in outputs)


def as_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """Returns the pictures as a tensor that shares their memory where it can; never written to."""
    if not pixels.flags.writeable:
        pixels = pixels.copy()  # torch warns about read-only memory
    return torch.from_numpy(pixels)


def round_up(value: int, multiple: int) -> int:
    """Returns the least multiple not below value."""
    return -(-value // multiple) * multiple


def choose_device(name: str) -> torch.device:
    """Returns the device; raises ConfigError when this machine does not have it."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        cause = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used here: {cause}; try 'cpu'") from error
    return device


def choose_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """Returns the number type: as named, else bfloat16 where the processor computes in it.

    Raises:
        ConfigError: The name is not known.
    """
    if name is not None:
        if name not in DTYPES:
            raise ConfigError(f"unknown dtype {name!r}; known: {', '.join(sorted(DTYPES))}")
        return DTYPES[name]
    return torch.bfloat16 if _computes_bfloat16(device) else torch.float32


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
