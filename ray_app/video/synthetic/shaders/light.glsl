// Noise from one tiling texture, and the light every surface shares.
in vec3 world; in vec3 world_normal; in vec4 sun_place; flat in int part;
uniform vec3 sun; uniform vec3 sun_colour; uniform vec3 sky_colour; uniform vec3 floor_colour;
uniform vec3 eye; uniform float gain; uniform float softness; uniform float wetness;
uniform vec4 lamps[6]; uniform vec3 lamp_colour; uniform int lamp_count;
uniform vec4 fire; uniform int fire_count;
uniform sampler2DShadow shadow_map; uniform sampler3D noise;
layout(location = 0) out vec4 colour; layout(location = 1) out float person;
float ns(vec3 p) { return texture(noise, p * .125).a; }
vec4 cloud(vec3 p) { return texture(noise, p * .125); }
float hash(vec3 p) {
  p = fract(p * vec3(.1031, .1130, .0973)); p += dot(p, p.yzx + 33.33);
  return fract((p.x + p.y) * p.z);
}
// llvmpipe runs both sides of a branch but leaves loops early: counts are loops, not branches.
float shade() {
  vec3 q = sun_place.xyz * .5 + .5; float s = 0.;
  for (int i = 0; i < SHADOW_TAPS; i++)
    s += texture(shadow_map, vec3(q.xy + softness * vec2(i & 1, i >> 1) - .5 * softness, q.z - .0015));
  return s / float(SHADOW_TAPS);
}
vec3 lamplight(vec3 N) {
  vec3 sum = vec3(0);
  for (int i = 0; i < lamp_count; i++) {
    vec3 d = lamps[i].xyz - world; float r2 = dot(d, d);
    sum += lamps[i].w * max(dot(N, d * inversesqrt(r2)) * .8 + .2, 0.) / (1. + .12 * r2) * lamp_colour;
  }
  return sum;
}
vec3 firelight(vec3 N) {
  vec3 sum = vec3(0);
  for (int i = 0; i < fire_count; i++) {
    vec3 d = fire.xyz - world; float r2 = dot(d, d);
    sum += fire.w * vec3(3., 1.2, .3) * max(dot(N, d * inversesqrt(r2 + .01)) * .6 + .4, 0.) / (1. + r2);
  }
  return sum;
}
float power12(float x) { float x4 = x * x * x * x; return x4 * x4 * x4; }
void emit(vec3 albedo, vec3 N, float shine, float contact) {
  vec3 V = normalize(eye - world), H = normalize(sun + V);
  float s = shade();
  vec3 light = mix(floor_colour, sky_colour, N.z * .5 + .5) * contact;
  vec3 lamp = lamplight(N); float graze = 1. - max(dot(N, V), 0.);
  light += sun_colour * max(dot(N, sun), 0.) * s + lamp * contact + firelight(N);
  vec3 L = albedo * light + shine * power12(max(dot(N, H), 0.)) * s * sun_colour;
  L += wetness * shine * graze * graze * graze * (sky_colour + lamp) * 3.;
  L *= gain; L = (L * (2.51 * L + .03)) / (L * (2.43 * L + .59) + .14);
  colour = vec4(sqrt(clamp(L, 0., 1.)), 1);
}
