"""A detector of your own, from an ONNX file and what its settings say of it."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.candidates import Candidates, concatenate
from models.object_detector import ObjectDetector
from models.onnx_decode import DECODERS, Decoding
from models.settings import NetworkSettings, OnnxSettings
from ray_app.domain.errors import ConfigError, WeightsError

_MULTIPLE_PX = 32
_SHOWS_ERRORS_ONLY = 3


class OnnxNetwork:
    """An ONNX file run by onnxruntime on one processor core, in batches of one fixed size.

    Pictures lie in the top left corner of the input, the rest is `pad_value`. A file of a fixed
    batch is run in batches of that size, one of a free batch in batches of `batch_size`; shorter
    ones are filled up, so that results do not depend on them.

    Args:
        onnx: The file and how it is read.
        input_px: Longer side of the pictures; must be that of a file of a fixed size.
        batch_size: Used when the file leaves it open.

    Raises:
        ConfigError: onnxruntime is not installed, or input_px is not the file's.
        WeightsError: The file is missing or is no detector.
    """

    def __init__(self, onnx: OnnxSettings, input_px: int, batch_size: int) -> None:
        self._settings = onnx
        self._session = _open_session(Path(onnx.file))
        self._input_name, shape = _read_input(self._session, onnx.file)
        batch, _, height, width = (side if isinstance(side, int) else None for side in shape)
        self._batch_size = batch or batch_size
        self._fixed_size = (height, width) if height and width else None
        if self._fixed_size and max(self._fixed_size) != input_px:
            raise ConfigError(
                f"{onnx.file}: takes {width}x{height} px; set input_px: {max(self._fixed_size)}"
            )

    def propose(self, pixels: Tensor, min_score: float) -> Candidates:
        """Returns boxes in pixels of the pictures, uint8 RGB, shape (n, height, width, 3)."""
        pictures = pixels.cpu().numpy()
        return concatenate(
            [
                self._propose_chunk(pictures[first : first + self._batch_size], first, min_score)
                for first in range(0, len(pictures), self._batch_size)
            ]
        )

    def _propose_chunk(
        self, pictures: NDArray[np.uint8], first: int, min_score: float
    ) -> Candidates:
        size = self._canvas_size(pictures.shape[1], pictures.shape[2])
        outputs = self._run(self._prepare(pictures, size))
        onnx = self._settings
        groups = (onnx.person, onnx.bag, onnx.vehicle)
        decoding = Decoding(size, onnx.strides, groups, min_score)
        try:
            found = DECODERS[onnx.decode](outputs, decoding)
        except WeightsError as error:
            raise WeightsError(f"{onnx.file}: {error}") from error
        found = found.only(found.pictures < len(pictures))
        return Candidates(found.pictures + first, found.boxes_px, found.scores, found.labels)

    def _run(self, canvas: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        try:
            outputs: list[NDArray[np.float32]] = self._session.run(None, {self._input_name: canvas})
        except Exception as error:  # onnxruntime raises types of its own, none documented
            cause = str(error).splitlines()[0]
            raise WeightsError(
                f"{self._settings.file}: fails on {canvas.shape}: {cause}"
            ) from error
        return outputs

    def _canvas_size(self, height: int, width: int) -> tuple[int, int]:
        size = self._fixed_size or (
            -(-height // _MULTIPLE_PX) * _MULTIPLE_PX,
            -(-width // _MULTIPLE_PX) * _MULTIPLE_PX,
        )
        if height > size[0] or width > size[1]:
            raise ConfigError(
                f"{self._settings.file}: takes {size[1]}x{size[0]} px, too small for pictures of "
                f"{width}x{height} px; use a file of a square or free input"
            )
        return size

    def _prepare(self, pictures: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
        onnx = self._settings
        count, height, width, _ = pictures.shape
        canvas = np.full((self._batch_size, *size, 3), onnx.pad_value, np.float32)
        canvas[:count, :height, :width] = pictures if onnx.colour == "rgb" else pictures[..., ::-1]
        canvas -= np.array(onnx.mean, np.float32)
        canvas /= np.array(onnx.std, np.float32)
        return np.ascontiguousarray(canvas.transpose(0, 3, 1, 2))


def build_onnx_detector(settings: NetworkSettings) -> ObjectDetector:
    """Returns the detector of `settings.objects.onnx`; raises as `OnnxNetwork`."""
    objects = settings.objects
    if objects.onnx is None:
        raise ConfigError("object finder 'onnx' needs an onnx block: file and decode")
    network = OnnxNetwork(objects.onnx, objects.input_px, settings.batch_size)
    return ObjectDetector(network, objects)


def _open_session(file: Path) -> Any:  # noqa: ANN401  onnxruntime ships no types
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise ConfigError("ONNX detectors need onnxruntime: pip install 'vigie[onnx]'") from error
    if not file.is_file():
        raise WeightsError(f"{file}: no such file; `onnx.file` must be the path of an .onnx file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _SHOWS_ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises types of its own, none documented
        cause = str(error).splitlines()[0]
        raise WeightsError(f"{file}: cannot be read as an ONNX network: {cause}") from error


def _read_input(session: Any, file: str) -> tuple[str, list[int | str]]:  # noqa: ANN401
    """Returns name and shape of the only input; sides left open are words."""
    inputs = session.get_inputs()
    found = [(entry.type, entry.shape) for entry in inputs]
    if len(found) != 1 or found[0][0] != "tensor(float)" or len(found[0][1]) != 4:
        raise WeightsError(
            f"{file}: takes {found}; wanted is one float32 input (batch, 3, height, width)"
        )
    return inputs[0].name, found[0][1]
