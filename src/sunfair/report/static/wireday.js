// The wires over the day: unbalance of the phases, where the price splits, whose roofs were held back.
(() => {
  const S = globalThis.sunfair;
  const { el, svg } = S;
  const VUF_LIMIT = 2; // % (EN 50160, 95 % of a week)

  const shown = (value, unit, digits = 1) => (value === null ? "–" : `${S.number(value, digits)} ${unit}`);

  /** One line over the day with its limit, if it has one. */
  function course({ title, text, name, tone, values, unit, digits, limit }) {
    const axis = S.dayAxis();
    const top = Math.max(...values, limit ?? 0) * 1.06 || 1;
    return S.figure({
      title,
      text,
      legend: [[name, tone, "line"]],
      plot: S.plot({
        axis,
        low: 0,
        high: top,
        format: (value) => `${S.number(value, top < 5 ? 1 : 0)} ${unit}`,
        left: 58,
        label: `${name}, ${unit}`,
        layers: [
          ...(limit ? [{ kind: "rule", tone: "limit", at: limit, name: `limit ${limit} ${unit}` }] : []),
          { kind: "line", tone, values },
        ],
        tip: (i) => S.tip(S.when(axis, i), [[name, shown(values[i], unit, digits), tone]]),
      }),
      table: {
        head: ["Time", name],
        count: axis.count,
        row: (i) => [S.when(axis, i), shown(values[i], unit, digits)],
      },
    });
  }

  /** Neutral current and voltage unbalance. */
  function balance() {
    const { map } = S.data;
    if (!map) return [];
    const scaled = (values, by) => values.map((value) => (value === null ? null : value / by));
    const vuf = scaled(map.vuf, 1000);
    const neutral = map.neutral && scaled(map.neutral, 10);
    return [
      neutral
        ? course({
            title: "What the phases do not share",
            text: `Homes hang on single phases; what does not cancel flows back in the neutral, up to ${S.number(Math.max(...neutral))} A at the transformer on ${S.date(S.day.date)}.`,
            name: "Neutral current",
            tone: "load",
            values: neutral,
            unit: "A",
            digits: 1,
          })
        : null,
      course({
        title: "How uneven the voltages are",
        text: `Voltage unbalance (negative over positive sequence) at the worst place; it reached ${S.number(Math.max(...vuf), 2)} %.`,
        name: "Voltage unbalance",
        tone: "high",
        values: vuf,
        unit: "%",
        digits: 2,
        limit: VUF_LIMIT,
      }),
    ];
  }

  /** Where and when the wires split the price. */
  function prices() {
    const price = S.data.map?.price;
    if (!price) return null;
    const axis = S.dayAxis();
    const split = price.low.filter((low, i) => low !== null && price.high[i] - low > 1000).length;
    const all = [...price.low, ...price.high].filter((value) => value !== null);
    const words = split
      ? `In ${S.plural(split, "slot")} a kWh was not worth the same everywhere: the wires had no room for more, and the price says where.`
      : "The price was the same everywhere but for losses: the wires had room.";
    const told = (value) => (value === null ? "no trade" : S.price(value));
    return S.figure({
      title: "Where the wires split the price",
      text: `${words} Choose “local price” above the map of the cables to see where.`,
      legend: [
        ["Lowest to highest of any home", "neighbour"],
        ["Price of energy alone", "retail", "line"],
      ],
      plot: S.plot({
        axis,
        low: Math.min(0, ...all),
        high: Math.max(...all) * 1.05,
        left: 62,
        format: (value) => S.money(value),
        label: "Local prices over the day",
        layers: [
          { kind: "band", tone: "neighbour", low: price.low, high: price.high, stepped: true },
          { kind: "line", tone: "retail", values: price.energy, stepped: true },
        ],
        tip: (i) =>
          S.tip(S.when(axis, i), [
            ["Highest", told(price.high[i])],
            ["Energy alone", told(price.energy[i]), "retail"],
            ["Lowest", told(price.low[i])],
          ]),
      }),
      table: {
        head: ["Time", "Lowest", "Energy alone", "Highest"],
        count: axis.count,
        row: (i) => [S.when(axis, i), ...[price.low[i], price.energy[i], price.high[i]].map(told)],
      },
    });
  }

  /** Bars of what was held back, home by home, those nearest to the transformer first. */
  function bars(homes, width) {
    const [left, top, height] = [46, 10, 170];
    const most = Math.max(...homes.map((home) => home.part), 0.01);
    const step = (width - left - 8) / homes.length;
    const y = (part) => top + (height - top - 24) * (1 - part / most);
    const levels = [0, most / 2, most].map((part) => [
      svg("line", { class: "grid", x1: left, x2: width - 8, y1: y(part), y2: y(part) }),
      svg("text", { class: "axis", x: left - 6, y: y(part) + 4, "text-anchor": "end" }, S.percent(part, most < 0.1 ? 1 : 0)),
    ]);
    const drawn = homes.map((home, i) =>
      svg(
        "rect",
        {
          class: "bar tone-roof",
          x: left + i * step + step * 0.1,
          width: Math.max(0.8, step * 0.8),
          y: y(home.part),
          height: Math.max(0.6, y(0) - y(home.part)),
        },
        svg("title", {}, `${home.id}: ${S.percent(home.part, 1)}`),
      ),
    );
    const ends = [
      svg("text", { class: "axis", x: left, y: height - 6 }, "near the transformer"),
      svg("text", { class: "axis", x: width - 8, y: height - 6, "text-anchor": "end" }, "far from it"),
    ];
    const label = "Part of each roof's energy that was held back, homes by their distance";
    return svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label }, levels, drawn, ends);
  }

  /** Who was curtailed, and how fairly. */
  function heldBack() {
    const { held_back: held, map, homes } = S.data;
    if (!held) return null;
    const depth = (i) => (map ? map.depth[map.home_bus[i]] : 0);
    const roofs = homes
      .map((home, i) => ({ id: home.id, i, roof: held.roof_wh[i], lost: held.lost_wh[i] }))
      .filter((home) => home.roof > 0)
      .map((home) => ({ ...home, part: home.lost / home.roof }))
      .sort((a, b) => depth(a.i) - depth(b.i) || a.i - b.i);
    const [lost, roof] = [S.street.sum(held.lost_wh), S.street.sum(held.roof_wh)];
    const touched = roofs.filter((home) => home.lost > 0).length;
    const box = el("div", { class: "plot" });
    S.whenSized(box, (width) => box.replaceChildren(bars(roofs, width)));
    return S.figure({
      title: "Whose roofs were held back",
      text: `${S.energy(lost)}, ${S.percent(lost / roof, 1)} of what the roofs could give on ${S.date(S.day.date)}, stayed on ${S.plural(touched, "roof")} of ${S.number(roofs.length)}. Jain’s index of what each could use: ${S.number(held.fairness / 10_000, 3)} (1: all lose the same part).`,
      legend: [["Part held back", "roof"]],
      plot: box,
      table: {
        head: ["Home", "Held back", "Of its roof"],
        count: roofs.length,
        row: (i) => [roofs[i].id, S.energy(roofs[i].lost), S.percent(roofs[i].part, 1)],
      },
    });
  }

  S.wireDay = { balance, prices, heldBack };
})();
