// A person (or, with width 0, a rigid thing) from one row of Postures.instances().
in vec3 place; in vec3 normal; in vec2 tags;
in vec4 a; in vec4 b; in vec4 c; in vec4 d; in vec4 e; in vec4 f; in vec4 g; in float h;
uniform mat4 view_projection; uniform mat4 sun_projection;
out vec3 rest; out vec3 world; out vec3 world_normal; out vec4 sun_place;
flat out int part; flat out vec4 colours; flat out vec4 cut; flat out int number;
void turn(inout vec3 q, inout vec3 m, float pivot, float t) {
  float x = q.x, z = q.z - pivot, C = cos(t), S = sin(t);
  q.x = x * C - z * S; q.z = pivot + x * S + z * C;
  m = vec3(m.x * C - m.z * S, m.y, m.x * S + m.z * C);
}
void main() {
  vec3 q = place, m = normal;
  int limb = int(tags.x + .5), flags = int(e.w + .5);
  part = int(tags.y + .5); rest = place; colours = f; cut = g; number = gl_InstanceID + 1;
  if (part == 4 && (flags & 1) == 0) q = vec3(0, 0, 1.64);
  if (part == 5 && (flags & 2) == 0) q = vec3(0, 0, 1.2);
  if (part == 6 && (flags & 4) == 0) q = vec3(0, 0, .9);
  if (part == 13 && (flags & 8) == 0) q = vec3(0, 0, 1.64);
  if (e.z > 0.) {
    float sway = d.w;
    if (limb == 1 || limb == 2) {
      bool left = limb == 1; float z = place.z;
      float foot = part == 7 ? 1. : 1. - smoothstep(.08, .12, z);
      turn(q, m, .08, (left ? c.x : c.y) * foot);
      turn(q, m, .47, -(left ? b.y : b.w) * (1. - smoothstep(.40, .54, z)));
      turn(q, m, .90, (left ? b.x : b.z) * (1. - smoothstep(.84, .94, z)));
      float reach = clamp((.90 - z) / .82, 0., 1.);
      q.y += (left ? e.x : e.y) * reach + sway * (1. - reach);
    } else q.y += sway;
    if (limb == 3 || limb == 4) {
      bool left = limb == 3; float z = place.z;
      turn(q, m, 1.12, (left ? d.x : d.y) * (1. - smoothstep(1.04, 1.20, z)));
      turn(q, m, 1.40, (left ? c.z : c.w) * (1. - smoothstep(1.36, 1.44, z)));
    }
    q.z -= d.z; q.x *= .5 + .5 * e.z; q.y *= e.z; q *= a.w;
    float Cf = cos(h), Sf = sin(h);
    q = vec3(q.x * Cf + q.z * Sf, q.y, q.z * Cf - q.x * Sf + .14 * Sf);
    m = vec3(m.x * Cf + m.z * Sf, m.y, m.z * Cf - m.x * Sf);
  }
  float C = cos(a.z), S = sin(a.z);
  world = vec3(a.x + C * q.x - S * q.y, a.y + S * q.x + C * q.y, q.z);
  world_normal = vec3(C * m.x - S * m.y, S * m.x + C * m.y, m.z);
  sun_place = sun_projection * vec4(world, 1); gl_Position = view_projection * vec4(world, 1);
}
