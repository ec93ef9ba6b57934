// Flame (bright, adds light) and smoke (covers what is behind).
in vec2 offset; flat in vec4 tone; flat in float seed; uniform sampler3D noise; uniform float exposure;
layout(location = 0) out vec4 colour;
void main() {
  float f = texture(noise, vec3(offset * 2.2, seed * 13.) * .125).a;
  float alpha = tone.a * smoothstep(1., .15, length(offset) + .75 * (f - .5));
  if (alpha < .004) discard;
  bool flame = dot(tone.rgb, vec3(.3, .6, .1)) > .55 && tone.b < .6 * tone.r;
  float light = flame ? 1. : exposure;
  colour = vec4(tone.rgb * light * (.8 + .5 * f) * alpha, alpha * (flame ? .25 : 1.));
}
