"""The crowd network: dense convolutions from a picture to expected heads per 8 x 8 pixels."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

STRIDE_PX = 8
MULTIPLE_PX = 32
_STEM_PX = 4
_LEAST_RATE = 1e-4


class ConvUnit(nn.Module):
    """Convolution, batch normalisation, ReLU; `residual` adds the input before the ReLU."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, residual: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        norm = nn.BatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.constant_(norm.weight, 0.5 if residual else 1.0)
        self.norm: nn.Module = norm
        self.residual = residual

    def forward(self, features: Tensor) -> Tensor:
        """Returns features of the unit's stride."""
        found: Tensor = self.norm(self.conv(features))
        return functional.relu(found + features if self.residual else found, inplace=True)

    def fuse(self) -> None:
        """Folds the normalisation into the convolution; for inference only."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class CrowdNetwork(nn.Module):
    """Counts heads at stride 8 with context from strides 16 and 32; 2.23 M parameters.

    A U of plain 3 x 3 and 1 x 1 convolutions (1.5 GFLOP for 256 x 256 pixels), channels in
    multiples of 32. Each cell says how likely it holds any head (presence) and how many it then
    holds on average (rate): a zero-inflated Poisson distribution, as in ZIP (Ma et al. 2025,
    "ZIP: scalable crowd counting via zero-inflated Poisson modeling").
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvUnit(3 * _STEM_PX**2, 64)
        self.down8 = nn.Sequential(ConvUnit(64, 96, stride=2), *_residuals(96, 2))
        self.down16 = nn.Sequential(ConvUnit(96, 128, stride=2), *_residuals(128, 2))
        self.down32 = nn.Sequential(ConvUnit(128, 192, stride=2), *_residuals(192, 3))
        self.up16 = ConvUnit(192, 128, kernel=1)
        self.merge16 = nn.Sequential(*_residuals(128, 1))
        self.up8 = ConvUnit(128, 96, kernel=1)
        self.merge8 = nn.Sequential(*_residuals(96, 2))
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
        numbers = (pixels.to(self.head.weight.dtype) - 118) / 64
        patches = functional.pixel_unshuffle(numbers, _STEM_PX)
        at8 = self.down8(self.stem(patches.contiguous(memory_format=torch.channels_last)))
        at16 = self.down16(at8)
        at16 = self.merge16(at16 + _twice(self.up16(self.down32(at16))))
        at8 = self.merge8(at8 + _twice(self.up8(at16)))
        answer = self.head(self.neck(at8)).float()
        return functional.softplus(answer[:, 0]) + _LEAST_RATE, answer[:, 1]

    def fuse(self) -> None:
        """Folds every normalisation into its convolution; for inference only."""
        self.eval()
        for unit in self.modules():
            if isinstance(unit, ConvUnit):
                unit.fuse()


def expected_heads(rate: Tensor, presence: Tensor) -> Tensor:
    """Returns the mean of the zero-inflated Poisson distribution of each cell."""
    return torch.sigmoid(presence) * rate


def _residuals(channels: int, count: int) -> list[ConvUnit]:
    return [ConvUnit(channels, channels, residual=True) for _ in range(count)]


def _twice(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2, mode="nearest")
