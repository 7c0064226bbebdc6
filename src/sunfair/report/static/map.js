// The street's cables as a drawing: move through the day and see voltage and homes at every place.
(() => {
  const S = globalThis.sunfair;
  const { el, svg } = S;
  const RATED = 230;
  const SCALE = 10_000; // voltages are handed over in 10⁻⁴ pu
  const PERMITTED = 0.1; // of the rated voltage, either way
  const TONES = 6; // feeders are told apart by as many colours

  /** A voltage's colour: from that of the rated voltage over "high" or "low" to "outside" at the limit. */
  function colour(high, low) {
    const [above, below] = [high / SCALE - 1, 1 - low / SCALE];
    const part = Math.max(above, below) / PERMITTED;
    if (part > 1) return "var(--out)";
    const [near, far] = above >= below ? ["var(--v-high)", "var(--v-top)"] : ["var(--v-low)", "var(--v-bottom)"];
    const mix = (a, b, share) => `color-mix(in oklab, ${a}, ${b} ${Math.round(share * 100)}%)`;
    return part < 0.5 ? mix("var(--v-rated)", near, part * 2) : mix(near, far, part * 2 - 1);
  }

  function geometry(map, width) {
    const columns = Math.max(...map.depth) + 1;
    const rows = Math.max(...map.row) + 1;
    const stepX = Math.min(58, (width - 40) / Math.max(columns - 1, 1));
    const stepY = rows > 24 ? 16 : 24;
    return {
      x: (bus) => 20 + map.depth[bus] * stepX,
      y: (bus) => 20 + map.row[bus] * stepY,
      height: 40 + (rows - 1) * stepY,
    };
  }

  /** Net energy of the homes at each bus in slot `t`, Wh, and who they are. */
  function homesAt(map) {
    const found = map.depth.map(() => []);
    map.home_bus.forEach((bus, home) => found[bus].push(home));
    return found;
  }

  function cables(map, place) {
    return map.parent.flatMap((above, bus) => {
      if (above < 0) return [];
      const [x0, y0, x1, y1] = [place.x(above), place.y(above), place.x(bus), place.y(bus)];
      const bend = y0 === y1 ? `H${x1}` : `V${y1 - 6}Q${x0} ${y1} ${x0 + 6} ${y1}H${x1}`;
      return svg("path", {
        class: `cable feeder-${map.feeder[bus] < 0 ? "none" : map.feeder[bus] % TONES}`,
        d: `M${x0} ${y0}${bend}`,
      });
    });
  }

  function describe(map, homes, bus, t) {
    const [high, low] = [map.high[bus][t], map.low[bus][t]].map((value) => S.number((value / SCALE) * RATED, 1));
    const lines = homes[bus].map((home) => {
      const wh = S.at(S.day.rows.metered_wh[home] ?? 0, t);
      const doing = wh < 0 ? `gives ${S.wattHours(-wh)}` : `takes ${S.wattHours(wh)}`;
      return `${S.data.homes[home].id} ${doing}`;
    });
    return [`Place ${map.name[bus]}: ${low === high ? low : `${low} to ${high}`} V`, ...lines].join("\n");
  }

  /** Draws the street and returns how to repaint it for another slot. */
  function drawing(map, homes, width) {
    const place = geometry(map, width);
    const dots = map.depth.map((_, bus) => {
      const title = svg("title", {});
      const shape = { cx: place.x(bus), cy: place.y(bus), r: homes[bus].length ? 6 : 3.5 };
      const open = () => (location.hash = `#home-${homes[bus][0] + S.FIRST_MEMBER}`);
      return { title, node: svg("circle", { ...shape, click: homes[bus].length ? open : null }, title) };
    });
    const trafo = map.parent.findIndex((above) => above < 0);
    const label = svg("text", { class: "axis", x: place.x(trafo) - 8, y: place.y(trafo) - 10 }, "grid above");
    const image = svg(
      "svg",
      {
        viewBox: `0 0 ${width} ${place.height}`,
        height: place.height,
        role: "img",
        "aria-label": "Cables of the street with the voltage at each place",
      },
      cables(map, place),
      dots.map((dot) => dot.node),
      label,
    );
    const paint = (t) =>
      dots.forEach(({ node, title }, bus) => {
        const giving = S.street.sum(homes[bus].map((home) => S.at(S.day.rows.metered_wh[home] ?? 0, t))) < 0;
        node.setAttribute("class", `bus${giving ? " giving" : ""}${homes[bus].length ? " inhabited" : ""}`);
        node.style.fill = colour(map.high[bus][t], map.low[bus][t]);
        title.textContent = describe(map, homes, bus, t);
      });
    return { image, paint };
  }

  /** The slot in which some place is furthest from the rated voltage. */
  function worst(map) {
    let [place, most] = [0, -1];
    for (let t = 0; t < S.day.count; t++) {
      const strained = Math.max(...map.high.map((high, bus) => Math.max(high[t] - SCALE, SCALE - map.low[bus][t])));
      if (strained > most) [place, most] = [t, strained];
    }
    return place;
  }

  const key = () =>
    el(
      "div",
      { class: "key-row" },
      el("span", {}, "207 V"),
      el("span", { class: "scale", role: "img", "aria-label": "colours from 207 over 230 to 253 volts" }),
      el("span", {}, "253 V"),
      el("span", {}, el("span", { class: "swatch ring", "aria-hidden": "true" }), "gives energy"),
    );

  function streetMap() {
    const { map } = S.data;
    if (!map) return null;
    const homes = homesAt(map);
    const box = el("div", { class: "plot map" });
    const time = el("output", {});
    const slider = el("input", {
      type: "range",
      min: 0,
      max: S.day.count - 1,
      value: worst(map),
      "aria-label": "Time of day",
    });
    let paint = () => {};
    const show = () => {
      const t = Number(slider.value);
      paint(t);
      const high = Math.max(...map.high.map((values) => values[t]));
      const low = Math.min(...map.low.map((values) => values[t]));
      const text = `${S.span(S.day.first + t)}: ${S.number((low / SCALE) * RATED, 1)} to ${S.number((high / SCALE) * RATED, 1)} V`;
      time.textContent = text;
      slider.setAttribute("aria-valuetext", text);
    };
    slider.addEventListener("input", show);
    S.whenSized(box, (width) => {
      const made = drawing(map, homes, width);
      paint = made.paint;
      box.replaceChildren(made.image);
      show();
    });
    return S.figure({
      title: "The cables, place by place",
      text: `Move through ${S.date(S.day.date)}; it opens at the most strained moment. Dots are places on the cable, larger ones have homes: touch one for its voltage, press it to open the home. Each feeder has its colour.`,
      legend: null,
      plot: el(
        "div",
        {},
        el("div", { class: "scrub" }, slider, time),
        key(),
        el("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Map of the cables" }, box),
      ),
    });
  }

  S.streetMap = streetMap;
})();
