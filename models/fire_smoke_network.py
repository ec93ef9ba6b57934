"""The fire and smoke network: dense convolutions from a picture to two maps of certainty."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.conv_units import ConvUnit, fuse_units, residuals, twice
from models.nanodet import Backbone, normalise

STRIDE_PX = 16
MULTIPLE_PX = 32
_WIDTH = 128
_LEFT_OUT = 0.2
"""Share of channels dropped while training; the pictures are few beside the parameters."""


class FireSmokeNetwork(nn.Module):
    """Flame and smoke per 16 x 16 pixels; 3.9 M parameters.

    The backbone of NanoDet-g, which begins as COCO left it; its three levels brought to 16 px; and
    one number per channel of the whole picture added: a lamp in a street at night and a flame look
    alike near by, not from afar.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.from8 = ConvUnit(128, _WIDTH, stride=2)
        self.from16 = ConvUnit(256, _WIDTH, kernel=1)
        self.from32 = ConvUnit(512, _WIDTH, kernel=1)
        self.whole = nn.Linear(512, _WIDTH)
        self.drop = nn.Dropout2d(_LEFT_OUT)
        self.merge16 = nn.Sequential(*residuals(_WIDTH, 2))
        self.head = nn.Conv2d(_WIDTH, 2, 1)
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
        numbers = normalise(pixels, self.head.weight.dtype)
        at8, at16, at32 = (self.drop(level) for level in self.backbone.features(numbers)[1:])
        whole: Tensor = self.whole(at32.mean((2, 3)))[:, :, None, None]
        both = self.from8(at8) + self.from16(at16) + twice(self.from32(at32))
        answer: Tensor = self.head(self.drop(self.merge16(functional.relu(both + whole))))
        return answer.float()

    def fuse(self) -> None:
        """Folds every normalisation into its convolution; for inference only."""
        fuse_units(self)
