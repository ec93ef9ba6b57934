"""Building blocks of our networks: dense convolutions, fused for inference."""

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


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


def residuals(channels: int, count: int) -> list[ConvUnit]:
    """Returns count residual units."""
    return [ConvUnit(channels, channels, residual=True) for _ in range(count)]


def twice(features: Tensor) -> Tensor:
    """Returns features at twice the resolution."""
    return functional.interpolate(features, scale_factor=2, mode="nearest")


def fuse_units(network: nn.Module) -> None:
    """Folds every normalisation into its convolution; for inference only."""
    network.eval()
    for unit in network.modules():
        if isinstance(unit, ConvUnit):
            unit.fuse()
