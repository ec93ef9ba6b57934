// Walls, buildings, lamps, trees.
uniform vec3 facade;
float lines(vec2 u, float w) {
  vec2 f = fwidth(u) + 1e-4, d = abs(fract(u) - .5), g = smoothstep(.5 - w - f, .5 - w + f, d);
  return max(g.x, g.y) * min(1., w / max(f.x, f.y) * 2.);
}
void main() {
  vec3 N = normalize(world_normal); if (dot(N, eye - world) < 0.) N = -N;
  vec2 q = abs(N.x) > .5 ? world.yz : world.xz; float rough = ns(vec3(q * .6, 4.)), fine = ns(world * 4.);
  vec3 albedo = vec3(.12, .12, .13); float shine = .04;
  if (part == 21) {
    vec2 brick = q / vec2(.22, .075); brick.x += .5 * floor(mod(brick.y, 2.));
    albedo = vec3(.36, .20, .15) * (.75 + .5 * hash(vec3(floor(brick), 3.)));
    albedo = mix(albedo, vec3(.4, .38, .35), .7 * lines(brick, .06)) * (.7 + .5 * rough);
    if (abs(N.z) > .5) albedo = vec3(.4);
  } else if (part == 22) {
    vec2 bay = q / vec2(3., 3.4), g = fract(bay); albedo = facade * (.7 + .5 * rough);
    if (g.x > .25 && g.x < .75 && g.y > .25 && g.y < .8) {
      albedo = vec3(.04, .05, .06) * (.5 + hash(vec3(floor(bay), 1.))); shine = .3;
    }
  } else if (part == 24) {
    albedo = vec3(.06, .12, .03) * (.3 + 1.2 * fine); N = normalize(N + 1.6 * (cloud(world * 4.).rgb - .5));
  } else if (part == 25) albedo = vec3(.35, .27, .17) * (.7 + .4 * ns(world * vec3(3, 30, 3)));
  else if (part == 26) albedo = vec3(.36, .355, .34) * (.75 + .35 * rough + .12 * fine);
  else if (part == 27) albedo = mix(vec3(.5, .52, .55), vec3(.25), step(.5, fract(q.x * 6.)) * step(.15, world.z));
  else if (part == 28) albedo = .12 + .5 * abs(sin(vec3(1., 2.3, 4.1) * floor(q.x / 2.4) * 1.7 + 1.));
  else if (part == 29) albedo = vec3(.62, .62, .6) * (.85 + .2 * rough);
  person = 0.; emit(albedo, N, shine, mix(.6, 1., smoothstep(0., .5, world.z)));
}
