// Plots over time as SVG: scales, axes, layers, and a crosshair for pointer and arrow keys.
(() => {
  const S = globalThis.sunfair;
  const { svg } = S;
  const MARGIN = { top: 12, right: 10, bottom: 26 };
  const fixed = (value) => Math.round(value * 100) / 100;

  /** Round steps for an axis from `low` to `high` with about `count` of them. */
  function ticks(low, high, count) {
    const rough = (high - low) / Math.max(count, 1);
    const power = 10 ** Math.floor(Math.log10(rough || 1));
    const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? power;
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) found.push(at || 0); // no −0
    return found;
  }

  /** Labels of the time axis: hours of the site's clock, or dates. */
  function timeTicks(axis, width) {
    const room = Math.max(2, Math.floor(width / 62));
    if (axis.by === "day") {
      const every = Math.ceil(axis.count / room);
      const short = { day: "numeric", month: "short" };
      return axis.days.flatMap((day, i) => (i % every ? [] : [{ at: i + 0.5, label: S.date(day, short) }]));
    }
    const hours = (axis.count * S.data.slot_seconds) / 3600;
    const every = [1, 2, 3, 6, 12, 24, 48].find((step) => hours / step <= room) ?? 48;
    const found = [];
    for (let i = 0; i < axis.count; i++) {
      const time = S.local(axis.first + i);
      const days = Math.floor(time.getTime() / 86_400_000);
      if (time.getUTCMinutes() || (time.getUTCHours() + 24 * (days % 2)) % every) continue;
      const midnight = hours > 30 && time.getUTCHours() === 0;
      const label = midnight ? S.shortDate(S.dateOf(axis.first + i)) : S.clock(axis.first + i);
      found.push({ at: i, label });
    }
    return found;
  }

  /** Pieces of a list between nulls, as [index, value] pairs. */
  function pieces(values) {
    const found = [[]];
    values.forEach((value, i) => {
      if (value === null) found.push([]);
      else found.at(-1).push([i, value]);
    });
    return found.filter((piece) => piece.length);
  }

  const line = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${fixed(x)} ${fixed(y)}`).join("");

  /** Corner points of a piece: level through each slot, or straight from middle to middle (out to both edges). */
  function corners(piece, { x, y }, stepped) {
    if (stepped)
      return piece.flatMap(([i, v]) => [
        [x(i), y(v)],
        [x(i + 1), y(v)],
      ]);
    const middle = piece.map(([i, v]) => [x(i + 0.5), y(v)]);
    const [first, last] = [piece[0], piece.at(-1)];
    return [[x(first[0]), y(first[1])], ...middle, [x(last[0] + 1), y(last[1])]];
  }

  const draw = {
    /** A horizontal band from `low` to `high`. */
    region: (layer, { x, y, count }) =>
      svg("rect", {
        class: `region tone-${layer.tone}`,
        x: x(0),
        width: x(count) - x(0),
        y: y(layer.high),
        height: Math.max(0, y(layer.low) - y(layer.high)),
      }),
    /** Full-height stripes at the places whose value is not 0. */
    stripes: (layer, { x, y, low, high }) =>
      layer.values.flatMap((value, i) =>
        value
          ? svg("rect", {
              class: `bar stripe tone-${layer.tone}`,
              x: fixed(x(i)),
              width: fixed(Math.max(2, x(i + 1) - x(i))),
              y: y(high),
              height: y(low) - y(high),
            })
          : [],
      ),
    /** A level that means something, with its name. */
    rule: (layer, { x, y, count }) => [
      svg("line", { class: `rule tone-${layer.tone}`, x1: x(0), x2: x(count), y1: y(layer.at), y2: y(layer.at) }),
      svg("text", { class: "rule-name", x: x(count) - 4, y: y(layer.at) + (layer.below ? 13 : -5) }, layer.name),
    ],
    line: (layer, scale) =>
      pieces(layer.values).map((piece) =>
        svg("path", {
          class: `line tone-${layer.tone} ${layer.dashed ? "dashed" : ""}`,
          d: line(corners(piece, scale, layer.stepped)),
        }),
      ),
    band: (layer, scale) => {
      const join = layer.low.map((low, i) => (low === null ? null : [low, layer.high[i]]));
      return pieces(join).map((piece) => {
        const edge = (k) =>
          corners(
            piece.map(([i, pair]) => [i, pair[k]]),
            scale,
            layer.stepped,
          );
        return svg("path", { class: `band tone-${layer.tone}`, d: `${line([...edge(0), ...edge(1).reverse()])}Z` });
      });
    },
    /** Areas one on the other, the first at the bottom. */
    stack: (layer, scale) => {
      let below = layer.parts[0].values.map(() => 0);
      return layer.parts.map((part) => {
        const above = below.map((value, i) => value + part.values[i]);
        const drawn = draw.band({ low: below, high: above, tone: part.tone, stepped: layer.stepped }, scale);
        below = above;
        drawn.forEach((node) => node.classList.add("solid"));
        return drawn;
      });
    },
    bars: (layer, { x, y }) =>
      layer.values.flatMap((value, i) => {
        if (!value) return [];
        const gap = Math.min(1, (x(1) - x(0)) * 0.15);
        return svg("rect", {
          class: `bar tone-${value < 0 ? (layer.below ?? layer.tone) : layer.tone}${layer.picked === i ? " picked" : ""}`,
          x: fixed(x(i) + gap / 2),
          width: fixed(Math.max(0.6, x(i + 1) - x(i) - gap)),
          y: fixed(Math.min(y(0), y(value))),
          height: fixed(Math.max(0.6, Math.abs(y(value) - y(0)))),
        });
      }),
  };

  function axes(spec, scale, width, height) {
    const { x, y, left } = scale;
    const levels = (spec.levels ?? ticks(spec.low, spec.high, height < 150 ? 3 : 5)).map((level) => [
      svg("line", {
        class: level === 0 ? "grid zero" : "grid",
        x1: left,
        x2: width - MARGIN.right,
        y1: y(level),
        y2: y(level),
      }),
      svg("text", { class: "axis", x: left - 6, y: y(level) + 4, "text-anchor": "end" }, spec.format(level)),
    ]);
    const times = timeTicks(spec.axis, width - left).map(({ at, label }) => [
      svg("line", { class: "tick", x1: x(at), x2: x(at), y1: height - MARGIN.bottom, y2: height - MARGIN.bottom + 4 }),
      svg("text", { class: "axis", x: x(at), y: height - 8, "text-anchor": at === 0 ? "start" : "middle" }, label),
    ]);
    return svg("g", { "aria-hidden": "true" }, levels, times);
  }

  /** Crosshair and tip: follow the pointer, arrow keys step, Enter picks. */
  function crosshair(spec, scale, box, size) {
    const { x, left } = scale;
    const rod = svg("line", { class: "rod", y1: MARGIN.top, y2: size.height - MARGIN.bottom });
    const tip = box.querySelector(".tip");
    const show = (i, spoken) => {
      box.at = i;
      const middle = x(i + 0.5);
      rod.setAttribute("x1", middle);
      rod.setAttribute("x2", middle);
      rod.classList.add("shown");
      tip.replaceChildren(...spec.tip(i));
      tip.hidden = false;
      const room = box.clientWidth - tip.offsetWidth - 4;
      const beside = middle + 14 > room ? middle - tip.offsetWidth - 14 : middle + 14;
      tip.style.left = `${Math.max(4, Math.min(beside, room))}px`;
      if (spoken) box.querySelector(".spoken").textContent = tip.innerText;
    };
    const hide = () => {
      rod.classList.remove("shown");
      tip.hidden = true;
    };
    const indexAt = (event) => {
      const within = event.clientX - box.getBoundingClientRect().left - left;
      return Math.max(0, Math.min(spec.axis.count - 1, Math.floor((within / (x(1) - x(0))) | 0)));
    };
    const keys = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -8, PageDown: 8 }[event.key];
      if (step) show(Math.max(0, Math.min(spec.axis.count - 1, (box.at ?? 0) + step)), true);
      else if (event.key === "Enter" && spec.pick && box.at !== undefined) spec.pick(box.at);
      else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
    };
    const picks = spec.pick ? { click: (event) => spec.pick(indexAt(event)) } : {};
    const events = { pointermove: (event) => show(indexAt(event), false), pointerleave: hide, ...picks };
    return { rod, events, keys, hide };
  }

  /**
   * A plot that redraws with its width.
   *
   * spec: {axis: {by, first, count, days}, low, high, levels?, format, height, left?, label, layers, tip(i), pick?(i)}
   */
  function plot(spec) {
    const live = S.el("span", { class: "spoken", "aria-live": "polite" });
    const box = S.el("div", { class: "plot" }, S.el("div", { class: "tip", hidden: true }), live);
    S.whenSized(box, (width) => {
      const height = spec.height ?? 240;
      const left = spec.left ?? 46;
      const scale = {
        left,
        count: spec.axis.count,
        low: spec.low,
        high: spec.high,
        x: (i) => left + ((width - left - MARGIN.right) * i) / spec.axis.count,
        y: (v) => MARGIN.top + ((height - MARGIN.top - MARGIN.bottom) * (spec.high - v)) / (spec.high - spec.low || 1),
      };
      const cross = crosshair(spec, scale, box, { width, height });
      const drawing = svg(
        "svg",
        {
          viewBox: `0 0 ${width} ${height}`,
          height,
          role: "img",
          "aria-label": spec.label,
          tabindex: "0",
          keydown: cross.keys,
          blur: cross.hide,
          ...cross.events,
          class: spec.pick ? "pickable" : "",
        },
        axes(spec, scale, width, height),
        spec.layers.flatMap((layer) => draw[layer.kind](layer, scale)),
        cross.rod,
      );
      box.querySelector("svg")?.remove();
      box.prepend(drawing);
    });
    return box;
  }

  Object.assign(S, { plot, ticks });
})();
