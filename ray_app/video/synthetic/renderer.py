"""Draws a scene with OpenGL, without a window: EGL, and Mesa's llvmpipe where no GPU is."""

from dataclasses import dataclass

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from ray_app.video.synthetic.bag_mesh import rucksack_mesh, suitcase_mesh
from ray_app.video.synthetic.gl import (
    build_programs,
    float_bytes,
    lay_out,
    open_context,
    set_floats,
    set_whole,
    uniform,
    unit,
)
from ray_app.video.synthetic.light import Light
from ray_app.video.synthetic.mesh import Mesh
from ray_app.video.synthetic.noise import CELLS, noise_block
from ray_app.video.synthetic.people_mesh import person_mesh
from ray_app.video.synthetic.scene import Scenery, ground_mesh, lamp_heads, structure_mesh
from ray_app.video.synthetic.things import INSTANCE_FLOATS, Things
from ray_app.video.synthetic.view import View, sun_matrix

LAMPS = 6
MAX_INSTANCES, MAX_PARTICLES = 4096, 8192


@dataclass(frozen=True, slots=True)
class Quality:
    """What a picture costs.

    Attributes:
        detail: Triangles of a person, 1 is about 1,900.
        shadow_px: Side of the shadow map; 0 draws no shadows.
        supersampling: Pixels drawn per pixel kept, along one side.
    """

    detail: float = 0.6
    shadow_px: int = 1024
    supersampling: float = 1.0


class Renderer:
    """Draws one scenery from any view; one OpenGL context, one thread."""

    def __init__(
        self,
        size_px: tuple[int, int],
        scenery: Scenery,
        light: Light,
        wetness: float = 0.0,
        quality: Quality = Quality(),
    ) -> None:
        self._context = open_context()
        self._quality = quality
        self.size_px = size_px
        width, height = (round(side * quality.supersampling) for side in size_px)
        self.drawn_px = (width, height)
        self.person = person_mesh(quality.detail)
        self.person_sample = Mesh(self.person.vertices[::3], self.person.faces[:0])
        with self._context:
            self._programs = build_programs(self._context)
            self._make_targets()
            self._make_meshes()
        self.dress_scene(scenery, light, wetness)

    def dress_scene(self, scenery: Scenery, light: Light, wetness: float) -> None:
        """Changes place, light and weather; the size of the picture stays."""
        self._scenery, self._light = scenery, light
        with self._context:
            self._upload("structure", structure_mesh(scenery))
            self._light_scene(scenery, light, wetness)

    def _light_scene(self, scenery: Scenery, light: Light, wetness: float) -> None:
        far_away = (1e4, 1e4, 1e4, 1e4)
        values = {
            "sun": unit(light.sun),
            "sun_colour": light.sun_colour,
            "sky_colour": light.sky_colour,
            "floor_colour": light.floor_colour,
            "lamp_colour": light.lamp_colour,
            "gain": (light.gain,),
            "softness": (light.softness,),
            "wetness": (wetness,),
            "lamps": lamp_heads(scenery, LAMPS),
            "tint": scenery.ground_tint,
            "lawn": scenery.lawn_m or far_away,
            "slip": scenery.slip_m,
            "facade": scenery.facade,
            "exposure": (0.12 if any(light.lamp_colour) else 1.0,),
        }
        for name, value in values.items():
            set_floats(self._programs, name, value)
        set_whole(self._programs, "material", int(scenery.material))
        lit = any(light.lamp_colour)
        set_whole(self._programs, "lamp_count", min(LAMPS, len(scenery.lamps_m)) if lit else 0)

    def draw(self, view: View, things: Things) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Returns the picture, RGB uint8 (h, w, 3), and whose pixel each is.

        The second has the drawn size (`drawn_px`): row of the person + 1, or 0. Bags cover
        people in it; smoke does not.
        """
        with self._context:
            return self._draw(view, things)

    def _draw(self, view: View, things: Things) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        set_floats(self._programs, "sun_projection", self._sun_projection().T)
        if self._quality.shadow_px:
            self._draw_shadows(things)
        set_floats(self._programs, "view_projection", view.matrix.T)
        set_floats(self._programs, "eye", view.position_m)
        set_floats(self._programs, "fire", things.fire or (0.0, 0.0, 0.0, 0.0))
        set_whole(self._programs, "fire_count", int(things.fire is not None))
        self._target.use()
        self._target.clear(*self._light.sky, 1.0)
        self._owners.write(self._no_owner)
        self._context.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        for mesh, rows in self._movers(things):
            self._draw_instances("person", mesh, rows)
        self._draw_mesh("structure", "structure", 1)
        self._draw_mesh("ground", "ground", 1)
        owners = self._read_owners()
        if len(things.particles):
            self._draw_particles(view, things.particles)
        return self._read_picture(), owners

    def close(self) -> None:
        """Frees the context and everything drawn with it."""
        self._context.release()

    def _movers(self, things: Things) -> tuple[tuple[str, NDArray[np.float32]], ...]:
        bags = (("suitcase", things.suitcases), ("rucksack", things.rucksacks))
        return (("person", things.people), *bags)

    def _sun_projection(self) -> NDArray[np.float64]:
        return sun_matrix(np.array(self._light.sun), (0.0, 0.0), self._scenery.reach_m)

    def _make_targets(self) -> None:
        context, size = self._context, self.drawn_px
        self._picture = context.texture(size, 4)
        self._owners = context.texture(size, 1, dtype="f4")
        depth = context.depth_renderbuffer(size)
        self._target = context.framebuffer([self._picture, self._owners], depth)
        self._smoke_target = context.framebuffer([self._picture], depth)
        self._no_owner = np.zeros(size[0] * size[1], np.float32).tobytes()
        side = max(1, self._quality.shadow_px)
        self._shadow_map = context.depth_texture((side, side))
        self._shadow_map.compare_func = "<="
        self._shadow_map.repeat_x = self._shadow_map.repeat_y = False
        self._shadow_target = context.framebuffer([], self._shadow_map)
        self._shadow_target.clear()
        self._noise = context.texture3d((CELLS,) * 3, 4, noise_block().tobytes())
        self._noise.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._shadow_map.use(0)
        self._noise.use(1)
        set_whole(self._programs, "shadow_map", 0)
        set_whole(self._programs, "noise", 1)

    def _make_meshes(self) -> None:
        context = self._context
        self._buffers: dict[str, tuple[moderngl.Buffer, moderngl.Buffer]] = {}
        self._arrays: dict[tuple[str, str], moderngl.VertexArray] = {}
        self._instances = context.buffer(reserve=4 * INSTANCE_FLOATS * MAX_INSTANCES, dynamic=True)
        self._squares = context.buffer(reserve=4 * 8 * MAX_PARTICLES, dynamic=True)
        corners = context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._smoke = context.vertex_array(
            self._programs["particle"],
            [(corners, "2f", "corner"), (self._squares, "4f 4f/i", "a", "b")],
        )
        self._upload("person", self.person)
        self._upload("suitcase", suitcase_mesh())
        self._upload("rucksack", rucksack_mesh())
        self._upload("ground", ground_mesh())

    def _upload(self, name: str, mesh: Mesh) -> None:
        for key in [key for key in self._arrays if key[1] == name]:
            self._arrays.pop(key).release()
        for buffer in self._buffers.pop(name, ()):
            buffer.release()
        vertices = self._context.buffer(mesh.vertices.tobytes())
        self._buffers[name] = (vertices, self._context.buffer(mesh.faces.tobytes()))

    def _array(self, program_name: str, mesh: str) -> "moderngl.VertexArray":
        key = (program_name, mesh)
        if key not in self._arrays:
            program, (vertices, faces) = self._programs[program_name], self._buffers[mesh]
            content = [lay_out(program, vertices, (("place", 3), ("normal", 3), ("tags", 2)), "")]
            if program_name.startswith("person"):
                rows = (*((letter, 4) for letter in "abcdefg"), ("h", 1))
                content.append(lay_out(program, self._instances, rows, "/i"))
            self._arrays[key] = self._context.vertex_array(program, content, index_buffer=faces)
        return self._arrays[key]

    def _draw_mesh(self, program: str, mesh: str, count: int) -> None:
        self._array(program, mesh).render(instances=count)

    def _draw_instances(self, program: str, mesh: str, rows: NDArray[np.float32]) -> None:
        if len(rows):
            self._instances.orphan()
            self._instances.write(np.ascontiguousarray(rows, np.float32).tobytes())
            self._draw_mesh(program, mesh, len(rows))

    def _draw_shadows(self, things: Things) -> None:
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._shadow_target.use()
        self._shadow_target.clear()
        for name in ("person shadow", "structure shadow"):
            uniform(self._programs[name], "view_projection").write(
                float_bytes(self._sun_projection().T)
            )
        for mesh, rows in self._movers(things):
            self._draw_instances("person shadow", mesh, rows)
        self._draw_mesh("structure shadow", "structure", 1)

    def _draw_particles(self, view: View, particles: NDArray[np.float32]) -> None:
        context = self._context
        self._smoke_target.use()
        context.enable_only(moderngl.DEPTH_TEST | moderngl.BLEND)
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._smoke_target.depth_mask = False
        far = ((particles[:, :3] - view.position_m) ** 2).sum(axis=1)
        ordered = particles[np.argsort(-far, kind="stable")][-MAX_PARTICLES:]
        set_floats(self._programs, "right", view.axes[0])
        set_floats(self._programs, "up", view.axes[1])
        self._squares.orphan()
        self._squares.write(np.ascontiguousarray(ordered, np.float32).tobytes())
        self._smoke.render(moderngl.TRIANGLE_STRIP, instances=len(ordered))
        self._smoke_target.depth_mask = True
        context.enable_only(moderngl.DEPTH_TEST)

    def _read_owners(self) -> NDArray[np.int32]:
        width, height = self.drawn_px
        raw = self._target.read(attachment=1, components=1, dtype="f4")
        return np.frombuffer(raw, np.float32).reshape(height, width)[::-1].astype(np.int32)

    def _read_picture(self) -> NDArray[np.uint8]:
        width, height = self.drawn_px
        raw = self._target.read(attachment=0, components=3, alignment=1)
        picture = np.frombuffer(raw, np.uint8).reshape(height, width, 3)[::-1]
        if self.drawn_px != self.size_px:
            picture = cv2.resize(
                np.ascontiguousarray(picture), self.size_px, interpolation=cv2.INTER_AREA
            )
        return np.ascontiguousarray(picture)
