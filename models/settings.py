"""What a site file says of the networks."""

import re

from ray_app.domain.ranges import above, between, one_of, refuse_faults
from ray_app.domain.settings import settings

NAMES = ("nanodet_g", "onnx")
DECODES = ("yolox", "nanodet", "yolov8", "boxes_scores_labels")


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

    def __post_init__(self) -> None:
        refuse_faults(
            None if self.file else ("file", "is empty; give the path of the .onnx file"),
            one_of("decode", self.decode, DECODES),
            one_of("colour", self.colour, ("bgr", "rgb")),
            None if all(s > 0 for s in self.std) else ("std", "must be above 0 in every channel"),
            between("pad_value", self.pad_value, 0, 255),
            None if self.strides else ("strides", "is empty; as [8, 16, 32]"),
            *(above("strides", stride, 0, 256) for stride in self.strides),
            *(
                between(key, number, 0, 100_000)
                for key in ("person", "bag", "vehicle")
                for number in getattr(self, key)
            ),
        )


EVERYWHERE = "everywhere"


@settings
class ObjectFinderSettings:
    """How people, bags and vehicles are found.

    Attributes:
        name: "nanodet_g", or "onnx" together with `onnx`.
        input_px: Longer side of the network input, pixels, a multiple of 32.
        tiles: 1 looks at the whole picture; n also looks at n x n overlapping tiles, each at
            `input_px`, for small people.
        tiles_where: "everywhere", or "people": only tiles in which the whole view shows someone,
            or a bag, at most 64 pixels tall; as good where anybody is seen at all, and faster.
        min_score: Boxes scoring less are dropped.
    """

    name: str = "nanodet_g"
    input_px: int = 416
    tiles: int = 1
    tiles_where: str = EVERYWHERE
    min_score: float = 0.3
    onnx: OnnxSettings | None = None

    def __post_init__(self) -> None:
        uneven = ("input_px", f"{self.input_px} is not a multiple of 32; as 416 or 640")
        refuse_faults(
            one_of("name", self.name, NAMES),
            between("input_px", self.input_px, 64, 4096),
            uneven if self.input_px % 32 else None,
            between("tiles", self.tiles, 1, 6),
            one_of("tiles_where", self.tiles_where, (EVERYWHERE, "people")),
            between("min_score", self.min_score, 0.01, 0.99),
            ("onnx", "missing; name 'onnx' needs the file and how to decode it")
            if self.name == "onnx" and self.onnx is None
            else None,
            ("onnx", f"is not used by {self.name!r}; give name: onnx or leave it out")
            if self.name != "onnx" and self.onnx is not None
            else None,
        )


@settings
class HeadCounterSettings:
    """How heads are counted in crowds.

    Attributes:
        name: "crowd_counter".
    """

    name: str = "crowd_counter"

    def __post_init__(self) -> None:
        refuse_faults(one_of("name", self.name, ("crowd_counter",)))


@settings
class FireFinderSettings:
    """How flame and smoke are found.

    Attributes:
        name: "fire_smoke_detector".
        input_px: Longer side that pictures are reduced to, pixels; larger ones show smaller fires.
    """

    name: str = "fire_smoke_detector"
    input_px: int = 512

    def __post_init__(self) -> None:
        refuse_faults(
            one_of("name", self.name, ("fire_smoke_detector",)),
            between("input_px", self.input_px, 64, 4096),
        )


@settings
class PictureGridSettings:
    """The picture as coarse cells, for what stays where nothing was.

    Attributes:
        width_px: Width of the picture that cells are taken from, pixels; none is enlarged.
        cell_px: Side of a cell in that picture, pixels.
    """

    width_px: int = 640
    cell_px: int = 8

    def __post_init__(self) -> None:
        refuse_faults(
            between("width_px", self.width_px, 64, 1920), between("cell_px", self.cell_px, 8, 64)
        )


@settings
class NetworkSettings:
    """Networks of one camera, and where they run.

    Attributes:
        objects: The object finder.
        crowd: The head counter; None leaves it out (faster, for sparse views).
        fire: The flame and smoke finder; None leaves it out.
        grid: Coarse cells of the picture, for abandoned objects; None leaves them out.
        device: "cpu", "cuda", "cuda:1"...
        dtype: "bfloat16" or "float32"; None takes bfloat16 where the processor has units for it.
        batch_size: Fixed; shorter batches are padded so that results do not depend on them. A
            processor is as fast with 2 as with 8 (docs/performance.md); a GPU wants 8 or more.
        compile: Compiles the networks at start (10-40 s), 1.2 times faster after.
    """

    objects: ObjectFinderSettings = ObjectFinderSettings()
    crowd: HeadCounterSettings | None = None
    fire: FireFinderSettings | None = None
    grid: PictureGridSettings | None = None
    device: str = "cpu"
    dtype: str | None = None
    batch_size: int = 2
    compile: bool = False

    def __post_init__(self) -> None:
        bad_device = ("device", f"unknown device {self.device!r}; as cpu, cuda or cuda:1")
        refuse_faults(
            None if re.fullmatch(r"cpu|cuda(:\d+)?", self.device) else bad_device,
            one_of("dtype", self.dtype, ("bfloat16", "float32")),
            between("batch_size", self.batch_size, 1, 256),
        )
