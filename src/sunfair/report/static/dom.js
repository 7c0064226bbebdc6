// Building the page: every text becomes a text node, never markup, whatever it holds.
(() => {
  const S = globalThis.sunfair;
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") node.addEventListener(name, value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }

  /** An HTML element: `el("p", {class: "x", click: handler}, "text", child)`. */
  const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

  /** The same for SVG. */
  const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

  /** A coloured square that stands for a kind of energy or a line in a plot. */
  const swatch = (tone, shape = "area") => el("span", { class: `swatch ${shape} tone-${tone}`, "aria-hidden": "true" });

  /** Calls `draw(width)` now and whenever the element's width changes. */
  function whenSized(element, draw) {
    let width = 0;
    const observer = new ResizeObserver(() => {
      const now = Math.floor(element.clientWidth);
      if (now > 0 && now !== width) draw((width = now));
    });
    observer.observe(element);
  }

  Object.assign(S, { el, svg, swatch, whenSized });
})();
