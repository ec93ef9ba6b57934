"""What a site file says of the networks."""

from ray_app.domain.settings import settings


@settings
class OnnxSettings:
    """A detector of your own, as an ONNX file.

    Attributes:
        file: Path of the .onnx file.
        decode: How its output is read: "yolox", "nanodet", "yolov8" or "boxes_scores_labels".
        colour: "bgr" or "rgb".
        mean: Subtracted from 0-255 values, one per channel in `colour` order.
        std: Divides after that.
        pad_value: Grey of the letterbox.
        strides: Strides of the anchor-free grids.
        person: Class numbers of the file that mean a person.
        bag: Class numbers that mean a bag.
        vehicle: Class numbers that mean a vehicle.
    """

    file: str
    decode: str
    colour: str = "bgr"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pad_value: int = 114
    strides: tuple[int, ...] = (8, 16, 32)
    person: tuple[int, ...] = (0,)
    bag: tuple[int, ...] = (24, 26, 28)
    vehicle: tuple[int, ...] = (1, 2, 3, 5, 7)


@settings
class ObjectFinderSettings:
    """How people, bags and vehicles are found.

    Attributes:
        name: "nanodet_g", or "onnx" together with `onnx`.
        input_px: Longer side of the network input, pixels, a multiple of 32.
        tiles: 1 looks at the whole picture; n also looks at n x n overlapping tiles, each at
            `input_px`, for small people.
        min_score: Boxes scoring less are dropped.
    """

    name: str = "nanodet_g"
    input_px: int = 416
    tiles: int = 1
    min_score: float = 0.3
    onnx: OnnxSettings | None = None


@settings
class HeadCounterSettings:
    """How heads are counted in crowds.

    Attributes:
        name: "crowd_counter".
    """

    name: str = "crowd_counter"


@settings
class NetworkSettings:
    """Networks of one camera, and where they run.

    Attributes:
        objects: The object finder.
        crowd: The head counter; None leaves it out (faster, for sparse views).
        device: "cpu", "cuda", "cuda:1"...
        dtype: "bfloat16" or "float32"; None takes bfloat16 where the processor has units for it.
        batch_size: Fixed; shorter batches are padded so that results do not depend on them.
        compile: Compiles the networks at start (10-40 s), 1.2 times faster after.
    """

    objects: ObjectFinderSettings = ObjectFinderSettings()
    crowd: HeadCounterSettings | None = None
    device: str = "cpu"
    dtype: str | None = None
    batch_size: int = 8
    compile: bool = False
