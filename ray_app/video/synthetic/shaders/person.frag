// Skin, hair and clothes; patterns and wrinkles from the person's own seed.
in vec3 rest; flat in vec4 colours; flat in vec4 cut; flat in int number;
vec3 unpack(float f) {
  int i = int(f + .5); vec3 c = vec3(i >> 16, (i >> 8) & 255, i & 255) / 255.;
  c = mix(vec3(dot(c, vec3(.3, .59, .11))), c, .8); return c * c;
}
vec3 face(vec3 skin, vec3 hair) {
  float e = rest.z - 1.64;
  bool covered = e > .055 + .25 * max(rest.x - .02, 0.) || (rest.x < -.005 && e > -.07)
    || (abs(rest.y) > .065 && e > 0. && rest.x < .03);
  if (covered) return hair;
  if (rest.x < .05) return skin;
  if (length(vec2(abs(rest.y) - .032, e - .015)) < .014) return skin * .15;
  if (abs(e + .06) < .008 && abs(rest.y) < .03) return skin * vec3(.75, .4, .4);
  if (abs(e - .037) < .006 && abs(abs(rest.y) - .034) < .02) return mix(skin, hair, .7);
  return skin;
}
float pattern(int kind) {
  if (kind == 1) return mix(1., .35, step(.5, fract(rest.z * 16.)));
  if (kind == 2) return (step(.5, fract(rest.z * 11.)) * .5 + .5) * (step(.5, fract(rest.y * 11.)) * .5 + .5);
  return 1.;
}
void main() {
  vec3 N = normalize(world_normal); if (dot(N, eye - world) < 0.) N = -N;
  vec3 top = unpack(colours.x), legs = unpack(colours.y), skin = unpack(colours.z), hair = unpack(colours.w);
  float seed = cut.x, hem = cut.z; int kind = int(cut.y + .5); bool bare = cut.w > .5;
  vec3 albedo = top; bool cloth = true; float shine = .03;
  if (part == 0) albedo = rest.z > hem ? top : legs;
  else if (part == 1) { cloth = rest.z > .5 || !bare; albedo = cloth ? legs : skin; }
  else if (part == 2) { cloth = !(fract(seed * 3.7) < .4 && rest.z < 1.18); albedo = cloth ? top : skin; }
  else if (part == 3) { albedo = face(skin, hair); cloth = false; }
  else if (part == 4) { albedo = hair; cloth = false; }
  else if (part == 5) albedo = legs * .6 + .02;
  else if (part == 7) { albedo = fract(seed * 5.1) < .35 ? vec3(.6) : vec3(.03, .028, .025); cloth = false; }
  else if (part == 8 || part == 10) { albedo = skin; cloth = false; }
  else if (part == 9) {
    float rib = abs(fract(rest.y * 14.) - .5); shine = .2; cloth = false;
    N = normalize(N + vec3(0, (rib - .25) * .8, 0) * step(.127, abs(rest.x)));
  }
  else if (part == 11) { albedo = vec3(.05); cloth = false; }
  else if (part == 12) albedo *= abs(rest.z - .3) < .008 || abs(rest.y) < .006 ? .4 : 1.;
  else if (part == 13) albedo = fract(seed * 7.3) < .5 ? legs : top * .7 + .05;
  if (cloth) {
    bool upper = (part == 0 && rest.z > hem) || part == 2 || part == 6;
    if (upper) albedo *= pattern(kind);
    if (part == 0 && rest.x > 0. && kind == 3 && length(vec2(rest.y, rest.z - 1.25)) < .07) albedo = 1. - albedo;
    if (part == 0 && rest.x > 0. && kind == 4 && abs(rest.y) < .05 && upper) albedo = vec3(.5);
    vec4 fold = cloud((rest + seed * 17.) * vec3(11, 11, 7));
    N = normalize(N + 1.1 * (fold.rgb - .5)); albedo *= .7 + .5 * fold.a;
  }
  person = float(number) * step(1e-6, cut.x);
  emit(albedo, N, shine, mix(.55, 1., smoothstep(0., .9, world.z)));
}
