"""The fire and smoke network: dense convolutions from a picture to two maps of certainty."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.conv_units import ConvUnit, fuse_units, residuals, twice

STRIDE_PX = 16
MULTIPLE_PX = 32
_STEM_PX = 4


class FireSmokeNetwork(nn.Module):
    """Flame and smoke per 16 x 16 pixels; 2.5 M parameters.

    A U of plain 3 x 3 and 1 x 1 convolutions, channels in multiples of 32, and one number per
    channel of the whole picture added in the middle: a lamp in a street at night and a flame look
    alike near by, not from afar.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvUnit(3 * _STEM_PX**2, 64)
        self.down8 = nn.Sequential(ConvUnit(64, 96, stride=2), *residuals(96, 2))
        self.down16 = nn.Sequential(ConvUnit(96, 128, stride=2), *residuals(128, 2))
        self.down32 = nn.Sequential(ConvUnit(128, 192, stride=2), *residuals(192, 3))
        self.whole = nn.Linear(192, 128)
        self.up16 = ConvUnit(192, 128, kernel=1)
        self.merge16 = nn.Sequential(*residuals(128, 2))
        self.head = nn.Conv2d(128, 2, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        self.head.bias = nn.Parameter(torch.full((2,), -3.0))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Returns certainty 0 to 1, float32, shape (n, 2, h / 16, w / 16), in a tuple.

        Args:
            pixels: RGB, uint8, shape (n, 3, h, w); h and w multiples of 32.
        """
        return (torch.sigmoid(self.logits(pixels)),)

    def logits(self, pixels: Tensor) -> Tensor:
        """Returns logits of flame and smoke, float32, shape (n, 2, h / 16, w / 16)."""
        numbers = (pixels.to(self.head.weight.dtype) - 118) / 64
        patches = functional.pixel_unshuffle(numbers, _STEM_PX)
        at8 = self.down8(self.stem(patches.contiguous(memory_format=torch.channels_last)))
        at16 = self.down16(at8)
        at32 = self.down32(at16)
        whole: Tensor = self.whole(at32.mean((2, 3)))[:, :, None, None]
        at16 = self.merge16(at16 + twice(self.up16(at32)) + whole)
        answer: Tensor = self.head(at16).float()
        return answer

    def fuse(self) -> None:
        """Folds every normalisation into its convolution; for inference only."""
        fuse_units(self)
