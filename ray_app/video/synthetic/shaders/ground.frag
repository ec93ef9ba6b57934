// The ground: paving, asphalt, grass, gravel or concrete; with roads and lawns as rectangles.
uniform int material; uniform vec3 tint; uniform vec4 lawn; uniform vec2 slip;
float lines(vec2 u, float w) {
  vec2 f = fwidth(u) + 1e-4, d = abs(fract(u) - .5), g = smoothstep(.5 - w - f, .5 - w + f, d);
  return max(g.x, g.y) * min(1., w / max(f.x, f.y) * 2.);
}
void main() {
  vec2 q = world.xy + slip; vec3 albedo; float fine = ns(vec3(q * 7., 1.)), grain = ns(vec3(q.yx * 29., 4.));
  float patches = ns(vec3(q * .31, 2.)), stains = ns(vec3(q.yx * .73, 6.)); vec3 N = vec3(0, 0, 1);
  vec2 inside = (world.xy - lawn.xy) * (lawn.zw - world.xy);
  bool grass = material == 2 || (inside.x > 0. && inside.y > 0.);
  if (grass) albedo = vec3(.10, .16, .05) * (.35 + .7 * fine + .6 * grain + .4 * patches);
  else {
    albedo = tint * (.72 + .3 * patches + .22 * (fine - .5) + .26 * (grain - .5));
    if (material == 0) {
      float slab = hash(vec3(floor(q / .6), 1.));
      albedo *= (.9 + .2 * slab) * (1. - .42 * lines(q / .6, .02));
    }
    if (material == 3) albedo *= .6 + .8 * fract(fine * 3. + grain);
    if (material == 4) albedo *= 1. - .5 * lines(q / 4., .006);
    if (material == 1) albedo = mix(albedo, vec3(.55), step(abs(fract(q.y / 7.) - .5), .009) * step(.4, fract(q.x / 4.)));
    albedo *= 1. - .22 * smoothstep(.58, .85, stains);
  }
  float film = wetness * smoothstep(.35, .6, stains + .3 * patches);
  albedo *= 1. - .45 * max(wetness * .7, film);
  person = 0.; emit(albedo, N, .03 + .25 * film, 1.);
}
