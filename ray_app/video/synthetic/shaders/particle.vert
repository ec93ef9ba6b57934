// One square that always faces the camera; place.w is its half side in metres.
in vec2 corner; in vec4 a; in vec4 b;
uniform mat4 view_projection; uniform vec3 right; uniform vec3 up;
out vec2 offset; flat out vec4 tone; flat out float seed;
void main() {
  offset = corner; tone = b; seed = a.x * 7. + a.y * 3.;
  gl_Position = view_projection * vec4(a.xyz + (right * corner.x + up * corner.y) * a.w, 1);
}
