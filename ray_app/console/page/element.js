// Builds parts of the page as nodes; text stays text, whatever it holds.
const SVG = "http://www.w3.org/2000/svg";

/** Returns an element with attributes and children; a function as "on..." listens. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Returns an element of a drawing. */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Writes text, touching the page only when it changed. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Puts nodes into a list in this order, moving only what must move; keeps the focus. */
export function arrange(list, nodes) {
  const focused = document.activeElement;
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, place) => {
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
  if (focused && focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}
