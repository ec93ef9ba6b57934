"""NanoDet-g: a dense anchor-free detector trained on COCO; the inference form, norms folded.

Architecture after RangiLyu/nanodet, config/nanodet-g.yml (Apache-2.0): CSP backbone, a path
aggregation neck without convolutions, one head per level, distances as distributions
(Li et al., Generalized Focal Loss, NeurIPS 2020).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.conv_units import Unit, fuse_units, max_pool_by_halves, runs_on_one_dnn

STRIDES_PX = (8, 16, 32)
BINS = 11
CLASSES = 80
_SLOPE = 0.1
_CACHED_VALUES = 2**17
"""So many values are normalised at once: in float32 they stay in a core's cache."""
_MEAN_RGB = (123.675, 116.28, 103.53)
_STD_RGB = (58.395, 57.12, 57.375)


class Convolution(Unit):
    """Convolution with bias, then leaky rectifier of slope 0.1."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        if self.fused:
            return self.convolve(self.conv, x, _SLOPE)
        return functional.leaky_relu_(self.conv(x), _SLOPE)


class Projection(nn.Module):
    """Bare 1x1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, inputs, h, w) to (n, outputs, h, w)."""
        projected: Tensor = self.conv(x)
        return projected


class Bottleneck(nn.Module):
    """Halves the channels, mixes, and keeps both."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = Convolution(channels, channels // 2)
        self.mix = Convolution(channels // 2, channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape."""
        reduced = self.reduce(x)
        return torch.cat([self.mix(reduced), reduced], 1)


class Stage(nn.Module):
    """Cross-stage partial block; doubles the channels."""

    def __init__(self, channels: int, depth: int, stride: int) -> None:
        super().__init__()
        self.inp = Convolution(channels, channels, stride)
        self.body = nn.Sequential(*[Bottleneck(channels) for _ in range(depth)])
        self.out = Convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, channels, h, w) to (n, 2 channels, h / stride, w / stride)."""
        entered = self.inp(x)
        return torch.cat([self.out(self.body(entered)), entered], 1)


class Backbone(nn.Module):
    """Stem and stages of NanoDet-g: 3.2 M parameters, trained on COCO."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 32, 2)
        self.stages = nn.ModuleList(
            [Stage(32, 1, 1), Stage(64, 2, 2), Stage(128, 2, 2), Stage(256, 3, 2)]
        )

    def features(self, x: Tensor) -> list[Tensor]:
        """Returns features of 64, 128, 256 and 512 channels at strides 4, 8, 16 and 32.

        Args:
            x: Normalised picture, shape (n, 3, h, w), h and w multiples of 32; in BGR, unless the
                weights are turned by `take_rgb`.
        """
        x = self.stem(x)
        by_halves = self.stem.fused and runs_on_one_dnn(x)
        x = max_pool_by_halves(x) if by_halves else functional.max_pool2d(x, 3, 2, 1)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features

    def start_from(self, detector: dict[str, Tensor]) -> None:
        """Takes stem and stages of a trained `NanoDetG`, turned to RGB."""
        own = self.state_dict()
        self.load_state_dict({n: w.float() for n, w in detector.items() if n in own})
        self.take_rgb()

    def take_rgb(self) -> None:
        """Turns the first convolution from BGR, as trained, to RGB; changes no value."""
        weight = self.stem.conv.weight
        weight.data = weight.data.flip(1).contiguous()


class NanoDetG(Backbone):
    """The network as published; `narrow` cuts it to what is looked for.

    Module names are those of the weights file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList([Projection(c, 128) for c in (128, 256, 512)])
        self.head = nn.ModuleList([Convolution(128, 128) for _ in STRIDES_PX])
        self.pred = nn.ModuleList([nn.Conv2d(128, CLASSES + 4 * BINS, 1) for _ in STRIDES_PX])

    def forward(self, bgr: Tensor) -> Tensor:
        """Returns logits and distances of every cell, shape (n, cells, outputs of the head).

        Cells run level by level (strides 8, 16, 32), row by row.

        Args:
            bgr: Normalised picture, shape (n, 3, h, w), h and w multiples of 32.
        """
        levels = self._neck(*self.features(bgr)[1:])
        cells = [
            pred(head(level)).permute(0, 2, 3, 1).flatten(1, 2)
            for level, head, pred in zip(levels, self.head, self.pred, strict=True)
        ]
        return torch.cat(cells, 1)

    def _neck(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine, middle, coarse = (
            project(level)
            for project, level in zip(self.lateral, (fine, middle, coarse), strict=True)
        )
        middle = middle + _resize(coarse, middle)
        fine = fine + _resize(middle, fine)
        middle = middle + _resize(fine, middle)
        return fine, middle, coarse + _resize(middle, coarse)


class GroupedNanoDetG(nn.Module):
    """NanoDet-g cut to groups of classes, from uint8 RGB to one logit a group.

    The colour order is folded into the first convolution and classes outside the groups are cut
    from the last one, which changes no value.

    Args:
        state: Weights of `NanoDetG`.
        groups: COCO class numbers (0-79) of each group.
    """

    def __init__(self, state: dict[str, Tensor], groups: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self._sizes = [len(group) for group in groups]
        self.network = NanoDetG()
        self.network.load_state_dict({name: w.float() for name, w in state.items()})
        self.network.take_rgb()
        kept = [c for group in groups for c in group] + [*range(CLASSES, CLASSES + 4 * BINS)]
        self.network.pred = nn.ModuleList([_narrow(pred, kept) for pred in self.network.pred])

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Returns group logits, shape (n, cells, groups), and distances, (n, cells, 4 * BINS).

        Args:
            rgb: uint8, shape (n, 3, h, w), channels-last in memory, h and w multiples of 32.
        """
        cells = self.network(normalise(rgb, self.network.stem.conv.weight.dtype))
        classes, distances = cells.split([sum(self._sizes), 4 * BINS], 2)
        logits = [group.amax(2) for group in classes.split(self._sizes, 2)]
        return torch.stack(logits, 2), distances

    def fuse(self) -> None:
        """Makes one call of every convolution and its rectifier; for inference only."""
        fuse_units(self)


def normalise(rgb: Tensor, dtype: torch.dtype) -> Tensor:
    """Subtracts the mean and divides by the deviation, in float32 whatever the network's type."""
    count, channels, height, width = rgb.shape
    mean = torch.tensor(_MEAN_RGB, device=rgb.device).repeat(width)
    scale = (1 / torch.tensor(_STD_RGB, device=rgb.device)).repeat(width)
    # whole rows of interleaved channels: 8 times faster than three short channels
    rows = rgb.permute(0, 2, 3, 1).reshape(count * height, width * channels)
    normalised = torch.empty(rows.shape, dtype=dtype, device=rgb.device)
    at_once = len(rows) if rgb.is_cuda else max(1, _CACHED_VALUES // rows.shape[1])
    for part, answer in zip(rows.split(at_once), normalised.split(at_once), strict=True):
        answer.copy_(part.float().sub_(mean).mul_(scale))
    return normalised.view(count, height, width, channels).permute(0, 3, 1, 2)


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def _narrow(pred: nn.Module, kept: list[int]) -> nn.Conv2d:
    weight, bias = pred.get_parameter("weight"), pred.get_parameter("bias")
    narrow = nn.Conv2d(weight.shape[1], len(kept), 1)
    narrow.load_state_dict({"weight": weight[kept], "bias": bias[kept]})
    return narrow
