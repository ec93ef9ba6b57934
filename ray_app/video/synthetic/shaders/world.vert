// Ground and buildings: nothing moves.
in vec3 place; in vec3 normal; in vec2 tags;
uniform mat4 view_projection; uniform mat4 sun_projection;
out vec3 world; out vec3 world_normal; out vec4 sun_place; flat out int part;
void main() {
  part = int(tags.y + .5); world = place; world_normal = normal;
  sun_place = sun_projection * vec4(world, 1); gl_Position = view_projection * vec4(world, 1);
}
