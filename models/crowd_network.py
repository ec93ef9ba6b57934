"""The crowd network: dense convolutions from a picture to expected heads per 8 x 8 pixels."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.conv_units import ConvUnit, fuse_units, residuals, twice
from models.nanodet import Backbone, normalise

STRIDE_PX = 8
MULTIPLE_PX = 32
_LEAST_RATE = 1e-4


class CrowdNetwork(nn.Module):
    """Counts heads at stride 8 with context from strides 16 and 32; 3.68 M parameters.

    The backbone of NanoDet-g, which begins as COCO left it, under a U of plain 3 x 3 and 1 x 1
    convolutions (1.7 GFLOP for 256 x 256 pixels), channels in multiples of 32. Each cell says how
    likely it holds any head (presence) and how many it then holds on average (rate): a
    zero-inflated Poisson distribution, as in ZIP (Ma et al. 2025, "ZIP: scalable crowd counting
    via zero-inflated Poisson modeling").
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.from4 = ConvUnit(64, 96, stride=2)
        self.from8 = ConvUnit(128, 96, kernel=1)
        self.from16 = ConvUnit(256, 128, kernel=1)
        self.from32 = ConvUnit(512, 128, kernel=1)
        self.merge16 = nn.Sequential(*residuals(128, 1))
        self.up8 = ConvUnit(128, 96, kernel=1)
        self.merge8 = nn.Sequential(*residuals(96, 2))
        self.neck = ConvUnit(96, 64, kernel=1)
        self.head = nn.Conv2d(64, 2, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        self.head.bias = nn.Parameter(torch.full((2,), -2.0))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Returns expected heads per cell, float32, shape (n, h / 8, w / 8), in a tuple.

        Args:
            pixels: RGB, uint8, shape (n, 3, h, w); h and w multiples of 32.
        """
        rate, presence = self.rate_and_presence(pixels)
        return (expected_heads(rate, presence),)

    def rate_and_presence(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns Poisson rates and logits of presence per cell, float32, (n, rows, columns)."""
        numbers = normalise(pixels, self.head.weight.dtype)
        at4, at8, at16, at32 = self.backbone.features(numbers)
        at16 = self.merge16(self.from16(at16) + twice(self.from32(at32)))
        at8 = self.merge8(self.from4(at4) + self.from8(at8) + twice(self.up8(at16)))
        answer = self.head(self.neck(at8)).float()
        return functional.softplus(answer[:, 0]) + _LEAST_RATE, answer[:, 1]

    def fuse(self) -> None:
        """Folds every normalisation into its convolution; for inference only."""
        fuse_units(self)


def expected_heads(rate: Tensor, presence: Tensor) -> Tensor:
    """Returns the mean of the zero-inflated Poisson distribution of each cell."""
    return torch.sigmoid(presence) * rate
