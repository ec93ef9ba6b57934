"""Building blocks of our networks: dense convolutions, fused for inference."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

_SHAPES_KEPT = 4
"""Of input: whole view, tiles, a glance, an enlarged picture. Each costs as much as the weights."""


class Unit(nn.Module):
    """A convolution and what follows it; fused for inference, both run as one call.

    Attributes:
        fused: Whether they do; weights must not change any more then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fused = False
        self._packed: dict[torch.Size, Tensor] = {}

    def fuse(self) -> None:
        """From now on in one call; for inference only."""
        self.fused = True

    def convolve(
        self, conv: nn.Conv2d, x: Tensor, slope: float, added: Tensor | None = None
    ) -> Tensor:
        """Returns a convolution, something added to it, rectified.

        On a processor in one call of oneDNN, the one that torch.compile makes: where it multiplies
        matrices fast (AMX), passing over the features twice more took as long as the convolution.
        Weights are laid out for an input of that shape once: every time took a tenth of a small
        batch.

        Args:
            conv: The unit's convolution.
            x: Its input.
            slope: Of the rectifier below 0.
            added: Of the shape of the convolution's output; not with a slope.
        """
        if not runs_on_one_dnn(x):
            found = conv(x) if added is None else conv(x) + added
            return functional.leaky_relu_(found, slope)
        how = (conv.padding, conv.stride, conv.dilation, conv.groups)
        # these calls have no public names
        one_call = torch.ops.mkldnn._convolution_pointwise  # noqa: SLF001
        weight = self._packed.get(x.shape)
        if weight is None:
            if len(self._packed) == _SHAPES_KEPT:
                self._packed.clear()
            pack = torch.ops.mkldnn._reorder_convolution_weight  # noqa: SLF001
            weight = self._packed[x.shape] = pack(conv.weight, *how, list(x.shape))
        rectified = ("leaky_relu", [slope], "") if slope else ("relu", [], "")
        answer: Tensor
        if added is None:
            answer = one_call(x, weight, conv.bias, *how, *rectified)
        else:
            summed = ("add", 1.0, *rectified)
            answer = one_call.binary(x, added, weight, conv.bias, *how, *summed)
        return answer


class ConvUnit(Unit):
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
        if self.fused:
            return self.convolve(self.conv, features, 0.0, features if self.residual else None)
        found: Tensor = self.norm(self.conv(features))
        return functional.relu(found + features if self.residual else found, inplace=True)

    def fuse(self) -> None:
        """Folds the normalisation into the convolution, and all into one call."""
        super().fuse()
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


def max_pool_by_halves(x: Tensor) -> Tensor:
    """Returns max_pool2d(x, 3, 2, 1), the same bits: rows first, then columns.

    On a processor half as long again as fast as the kernel of torch, which keeps places for a
    gradient.

    Args:
        x: Shape (n, channels, h, w), channels-last in memory, h and w even.
    """
    n, channels, h, w = x.shape
    row_pairs = x.permute(0, 2, 3, 1).reshape(n, h // 2, 2 * w * channels)
    upper, lower = row_pairs.chunk(2, 2)
    tall = torch.maximum(upper, lower)
    torch.maximum(tall[:, 1:], lower[:, :-1], out=tall[:, 1:])
    left, right = tall.view(n, h // 2, w // 2, 2, channels).unbind(3)
    wide = torch.maximum(left, right)
    torch.maximum(wide[:, :, 1:], right[:, :, :-1], out=wide[:, :, 1:])
    return wide.permute(0, 3, 1, 2)


def runs_on_one_dnn(x: Tensor) -> bool:
    """Returns whether calls of oneDNN are ours to make: not on a GPU, nor while torch compiles."""
    names = ("_convolution_pointwise", "_reorder_convolution_weight")
    return (
        x.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and torch.backends.mkldnn.is_available()
        and all(hasattr(torch.ops.mkldnn, name) for name in names)
    )


def residuals(channels: int, count: int) -> list[ConvUnit]:
    """Returns count residual units."""
    return [ConvUnit(channels, channels, residual=True) for _ in range(count)]


def twice(features: Tensor) -> Tensor:
    """Returns features at twice the resolution."""
    return functional.interpolate(features, scale_factor=2, mode="nearest")


def fuse_units(network: nn.Module) -> None:
    """Makes one call of every convolution and what follows it; for inference only."""
    network.eval()
    for unit in network.modules():
        if isinstance(unit, Unit):
            unit.fuse()
