// The street's cables as a drawing: move through the day and see voltage and homes at every place.
(() => {
  const S = globalThis.sunfair;
  const { el, svg } = S;
  const RATED = 230;
  const SCALE = 10_000; // voltages are handed over in 10⁻⁴ pu
  const PERMITTED = 0.1; // of the rated voltage, either way
  const NO_SOLUTION = "the power flow has no solution";
  const TONES = 6; // feeders are told apart by as many colours

  /** A voltage's colour: from that of the rated voltage over "high" or "low" to "outside" at the limit. */
  function colour(high, low) {
    if (high === null) return "var(--out)"; // no solution: more than the wires can carry
    const [above, below] = [high / SCALE - 1, 1 - low / SCALE];
    const part = Math.max(above, below) / PERMITTED;
    if (part > 1) return "var(--out)";
    const [near, far] = above >= below ? ["var(--v-high)", "var(--v-top)"] : ["var(--v-low)", "var(--v-bottom)"];
    const mix = (a, b, share) => `color-mix(in oklab, ${a}, ${b} ${Math.round(share * 100)}%)`;
    return part < 0.5 ? mix("var(--v-rated)", near, part * 2) : mix(near, far, part * 2 - 1);
  }

  const blend = (a, b, share) => `color-mix(in oklab, ${a}, ${b} ${Math.round(Math.min(1, share) * 100)}%)`;

  /** A cable's colour by its loading (‰): grey to the limit's at its rating, beyond it "outside". */
  const strain = (permille) => (permille > 1000 ? "var(--out)" : blend("var(--grid)", "var(--v-top)", permille / 1000));

  /** A local price's colour within the day's range; places without one stay grey. */
  function worth(price, [low, high]) {
    if (price === null) return "var(--grid)";
    return blend("var(--v-low)", "var(--v-top)", high > low ? (price - low) / (high - low) : 0.5);
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
      const title = svg("title", {});
      const shape = {
        class: `cable feeder-${map.feeder[bus] < 0 ? "none" : map.feeder[bus] % TONES}`,
        d: `M${x0} ${y0}${bend}`,
      };
      return { bus, title, node: svg("path", shape, title) };
    });
  }

  function describe(map, homes, bus, t) {
    const solved = map.high[bus][t] !== null;
    const [high, low] = [map.high[bus][t], map.low[bus][t]].map((value) => S.number((value / SCALE) * RATED, 1));
    const lines = homes[bus].map((home) => {
      const wh = S.at(S.day.rows.metered_wh[home] ?? 0, t);
      const doing = wh < 0 ? `gives ${S.wattHours(-wh)}` : `takes ${S.wattHours(wh)}`;
      return `${S.data.homes[home].id} ${doing}`;
    });
    const price = map.price?.bus[bus][t] ?? null;
    return [
      `Place ${map.name[bus]}: ${solved ? `${low === high ? low : `${low} to ${high}`} V` : NO_SOLUTION}`,
      ...(price === null ? [] : [`a kWh is worth ${S.price(price)} here`]),
      ...lines,
    ].join("\n");
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
    const wires = cables(map, place);
    const range = priceRange(map);
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
      wires.map((wire) => wire.node),
      dots.map((dot) => dot.node),
      label,
    );
    const paint = (t, what) => {
      wires.forEach(({ bus, title, node }) => {
        const solved = map.high[bus][t] !== null;
        const permille = map.loading[bus][t];
        node.style.stroke = what === "loading" ? (solved ? strain(permille) : "var(--out)") : "";
        node.style.strokeWidth = what === "loading" ? 2 + Math.min(permille, 1500) / 200 : "";
        const told = solved ? `${S.percent(permille / 1000, 1)} of the rating` : NO_SOLUTION;
        title.textContent = `To place ${map.name[bus]}: ${told}`;
      });
      dots.forEach(({ node, title }, bus) => {
        const giving = S.street.sum(homes[bus].map((home) => S.at(S.day.rows.metered_wh[home] ?? 0, t))) < 0;
        node.setAttribute("class", `bus${giving ? " giving" : ""}${homes[bus].length ? " inhabited" : ""}`);
        const price = what === "price" ? worth(map.price.bus[bus][t], range) : null;
        node.style.fill = price ?? colour(map.high[bus][t], map.low[bus][t]);
        title.textContent = describe(map, homes, bus, t);
      });
    };
    return { image, paint };
  }

  /** The slot in which some place is furthest from the rated voltage. */
  function worst(map) {
    let [place, most] = [0, -1];
    for (let t = 0; t < S.day.count; t++) {
      if (map.high[0][t] === null) return t;
      const strained = Math.max(...map.high.map((high, bus) => Math.max(high[t] - SCALE, SCALE - map.low[bus][t])));
      if (strained > most) [place, most] = [t, strained];
    }
    return place;
  }

  /** The lowest and the highest local price of the day. */
  function priceRange(map) {
    const prices = (map.price?.bus ?? []).flat().filter((value) => value !== null);
    return [Math.min(...prices), Math.max(...prices)];
  }

  /** What the colours mean. */
  function key(map, what) {
    const [kind, low, high, said] = {
      voltage: ["scale", "207 V", "253 V", "colours from 207 over 230 to 253 volts"],
      loading: ["scale full", "0 %", "100 % of the rating, red beyond", "colours of the cables by their loading"],
      price: ["scale worth", ...priceRange(map).map(S.price), "colours from the lowest to the highest price"],
    }[what];
    return [
      el("span", {}, low),
      el("span", { class: kind, role: "img", "aria-label": said }),
      el("span", {}, high),
      el("span", {}, el("span", { class: "swatch ring", "aria-hidden": "true" }), "gives energy"),
    ];
  }

  /** The places with homes: the grid above has its own voltage, which is at no socket. */
  const inhabited = (map) => [...new Set(map.home_bus)];

  /** The extremes of every slot and their places, for the table. */
  function extremes(map, t) {
    if (map.high[0][t] === null) return [S.span(S.day.first + t), NO_SOLUTION, "–", "–"];
    const best = (lists, sign, places) =>
      places.reduce((found, bus) => (sign * lists[bus][t] > sign * lists[found][t] ? bus : found), places[0]);
    const homes = inhabited(map);
    const busy = best(map.loading, 1, [...map.loading.keys()]);
    const [high, low] = [best(map.high, 1, homes), best(map.low, -1, homes)];
    const volt = (value) => `${S.number((value / SCALE) * RATED, 1)} V`;
    return [
      S.span(S.day.first + t),
      `${volt(map.high[high][t])} at ${map.name[high]}`,
      `${volt(map.low[low][t])} at ${map.name[low]}`,
      `${S.percent(map.loading[busy][t] / 1000, 1)} to ${map.name[busy]}`,
    ];
  }

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
    const choices = [
      ["voltage", "voltage"],
      ["loading", "loading of the cables"],
      ...(map.price ? [["price", "local price"]] : []),
    ];
    const what = el(
      "select",
      {},
      choices.map(([value, name]) => el("option", { value }, name)),
    );
    const colours = el("div", { class: "key-row" });
    let paint = () => {};
    const show = () => {
      const t = Number(slider.value);
      paint(t, what.value);
      colours.replaceChildren(...key(map, what.value));
      const high = Math.max(...inhabited(map).map((bus) => map.high[bus][t]));
      const low = Math.min(...inhabited(map).map((bus) => map.low[bus][t]));
      const busiest = Math.max(...map.loading.map((values) => values[t]));
      const told = `${S.number((low / SCALE) * RATED, 1)} to ${S.number((high / SCALE) * RATED, 1)} V at the homes, up to ${S.percent(busiest / 1000)} of a rating`;
      const text = `${S.span(S.day.first + t)}: ${map.high[0][t] === null ? NO_SOLUTION : told}`;
      time.textContent = text;
      slider.setAttribute("aria-valuetext", text);
    };
    slider.addEventListener("input", show);
    what.addEventListener("change", show);
    S.whenSized(box, (width) => {
      const made = drawing(map, homes, width);
      paint = made.paint;
      box.replaceChildren(made.image);
      show();
    });
    return S.figure({
      title: "The cables, place by place",
      text: `Move through ${S.date(S.day.date)}; it opens at the most strained moment. Dots are places on the cable, larger ones have homes: touch one for its voltage, press it to open the home. Each feeder has its colour; cables can be shown by how full they are.`,
      legend: null,
      plot: el(
        "div",
        {},
        el("div", { class: "scrub" }, slider, time, el("label", {}, "Show ", what)),
        colours,
        el("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Map of the cables" }, box),
      ),
      table: {
        head: ["Time", "Highest voltage at a home", "Lowest voltage at a home", "Busiest"],
        count: S.day.count,
        row: (t) => extremes(map, t),
      },
    });
  }

  S.streetMap = streetMap;
})();
