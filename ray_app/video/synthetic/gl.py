"""The few lines of OpenGL that do not know what is drawn."""

import os
from collections.abc import Callable
from typing import cast

import moderngl
import numpy as np
from numpy.typing import NDArray

from ray_app.domain.errors import VigieError
from ray_app.video.synthetic.shaders import VERSION, read_shader

EGL_HELP = (
    "cannot draw without OpenGL ({cause}). On Debian or Ubuntu install it with: "
    "apt-get install -y libegl1 libgl1 libgl1-mesa-dri"
)
STAGES = {
    "person": (("person.vert",), ("one_tap.glsl", "light.glsl", "person.frag")),
    "ground": (("world.vert",), ("four_taps.glsl", "light.glsl", "ground.frag")),
    "structure": (("world.vert",), ("one_tap.glsl", "light.glsl", "structure.frag")),
    "particle": (("particle.vert",), ("particle.frag",)),
}
SHADOW_STAGES = {"person shadow": "person.vert", "structure shadow": "world.vert"}


def open_context() -> "moderngl.Context":
    """Returns an OpenGL context; raises VigieError with the apt line where there is none."""
    # llvmpipe reads this when it is first loaded; cameras are drawn one process each.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    create: Callable[..., moderngl.Context] = moderngl.create_standalone_context
    try:
        return create(backend="egl")
    except Exception as error:
        raise VigieError(EGL_HELP.format(cause=error)) from error


def build_programs(context: "moderngl.Context") -> dict[str, "moderngl.Program"]:
    """Returns every program by name; those for shadows write depth alone."""
    programs = {
        name: context.program(
            vertex_shader=read_shader(*vertex), fragment_shader=read_shader(*pixel)
        )
        for name, (vertex, pixel) in STAGES.items()
    }
    nothing = VERSION + "void main() {}"
    for name, vertex in SHADOW_STAGES.items():
        programs[name] = context.program(vertex_shader=read_shader(vertex), fragment_shader=nothing)
    return programs


def uniform(program: "moderngl.Program", name: str) -> "moderngl.Uniform":
    """Returns a uniform the program is known to have."""
    return cast("moderngl.Uniform", program[name])


def set_floats(programs: dict[str, "moderngl.Program"], name: str, value: object) -> None:
    """Sets a uniform of floats in every program that has it, shadow programs apart."""
    data = float_bytes(value)
    for key, program in programs.items():
        if name in program and key not in SHADOW_STAGES:
            uniform(program, name).write(data)


def set_whole(programs: dict[str, "moderngl.Program"], name: str, value: int) -> None:
    """Sets a whole-number uniform or a texture's unit in every program that has it."""
    for program in programs.values():
        if name in program:
            uniform(program, name).value = value


def lay_out(
    program: "moderngl.Program",
    buffer: "moderngl.Buffer",
    columns: tuple[tuple[str, int], ...],
    step: str,
) -> tuple[object, ...]:
    """Returns one buffer's layout; columns the compiler dropped are skipped over.

    Args:
        program: Reads the columns.
        buffer: Holds them, row after row.
        columns: Name and number of floats of each.
        step: "" for one row per vertex, "/i" for one per instance.
    """
    used = [name for name, _ in columns if name in program]
    layout = " ".join(f"{n}f" if name in program else f"{4 * n}x" for name, n in columns)
    return (buffer, layout + step, *used)


def float_bytes(value: object) -> bytes:
    """Returns numbers as float32, in C order."""
    return np.ascontiguousarray(value, np.float32).tobytes()


def unit(vector: tuple[float, float, float]) -> NDArray[np.float64]:
    """Returns the vector at length 1."""
    return np.asarray(np.array(vector) / np.linalg.norm(vector))
