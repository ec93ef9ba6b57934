"""GLSL programs, as text beside this file."""

from importlib.resources import files

VERSION = "#version 330\n"


def read_shader(*names: str) -> str:
    """Returns the named files one after the other, under the version line."""
    folder = files("ray_app.video.synthetic.shaders")
    return VERSION + "\n".join((folder / name).read_text("utf-8") for name in names)
