// The street over time: prices, where the energy went and came from, batteries and cars, the wires.
(() => {
  const S = globalThis.sunfair;
  const RATED = 230; // V, phase to neutral of a 400 V network
  const PU = 100_000; // voltages are handed over in 10⁻⁵ pu
  const LOADING = 100; // loading in 10⁻⁴, shown in %
  const FREE = "Highest if nobody looked";

  const column = (name) => S.list(S.data.series[name], S.data.series.count);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const known = (values) => values.filter((value) => value !== null);
  const daily = () => S.data.series.by === "day";
  const perDay = () => (daily() ? "by day" : "over the day");

  /** Energy of a slot as mean power in kW; of a day as kWh. */
  const rate = (values) =>
    values.map((wh) => (wh === null ? null : daily() ? wh / 1000 : (wh * 3.6) / S.data.slot_seconds));
  const rateUnit = () => (daily() ? "kWh a day" : "kW");
  const rateText = (value) => (daily() ? `${S.number(value, 1)} kWh` : `${S.number(value, 2)} kW`);
  const level = (value) => S.number(value, Math.abs(value) < 10 && value % 1 ? 1 : 0);

  /** The mean price of what was traded, µ/kWh; null if nothing was. */
  function meanPrice() {
    let [money, volume] = [0, 0];
    for (const name of ["ahead", "pool"]) {
      column(`price_${name}`).forEach((price, i) => {
        const wh = column(`volume_${name}`)[i];
        if (price !== null) [money, volume] = [money + price * wh, volume + wh];
      });
    }
    return volume ? money / volume : null;
  }

  function prices() {
    const axis = S.streetAxis();
    const lines = [
      ["Utility asks (retail)", "retail", column("retail")],
      ["Neighbours, agreed ahead", "ahead", column("price_ahead")],
      ["Neighbours, pool after the slot", "pool", column("price_pool")],
      ["Utility pays (feed-in)", "feed", column("feed_in")],
    ].filter(([, tone, values]) => tone === "retail" || tone === "feed" || known(values).length);
    const all = lines.flatMap(([, , values]) => known(values));
    const [retail, ...rest] = lines.map(([, tone, values]) => ({ kind: "line", tone, values, stepped: true }));
    const room = { kind: "band", tone: "neighbour", low: column("feed_in"), high: column("retail"), stepped: true };
    const mean = meanPrice();
    const [seller, utility, network] = S.data.fees.map((bps) => S.percent(bps / 10_000, bps % 100 ? 2 : 0));
    const words =
      mean === null ? "Nothing was traded." : `Neighbours paid each other ${S.price(mean)} a kWh on average. `;
    return S.figure({
      title: `Price ${perDay()}`,
      text: `${words}Trading pays both sides only between what the utility asks and what it pays: the shaded room. Of each price the seller keeps ${seller}, the utility gets ${utility} and the network ${network}.`,
      legend: lines.map(([name, tone]) => [name, tone, "line"]),
      plot: S.plot({
        axis,
        low: Math.min(0, ...all),
        high: Math.max(...all) * 1.1,
        format: S.money,
        left: 54,
        label: `Prices per kWh ${perDay()}: utility's tariffs and the neighbours' market`,
        layers: [room, retail, ...rest],
        tip: (i) =>
          S.tip(`${S.when(axis, i)}, per kWh`, [
            ...lines.map(([name, tone, values]) => [name, values[i] === null ? "no trade" : S.price(values[i]), tone]),
            ["Traded", S.energy(column("volume_ahead")[i] + column("volume_pool")[i])],
          ]),
      }),
      table: {
        head: ["Time", ...lines.map(([name]) => name), "Traded"],
        count: axis.count,
        row: (i) => [
          S.when(axis, i),
          ...lines.map(([, , values]) => (values[i] === null ? "–" : S.price(values[i]))),
          S.energy(column("volume_ahead")[i] + column("volume_pool")[i]),
        ],
      },
    });
  }

  /** A figure of stacked areas: parts are [name, tone, Wh by slot or day]. */
  function stacked({ title, text, label, parts, note, line }) {
    const axis = S.streetAxis();
    const drawn = parts.filter(([, , values]) => sum(values) > 0);
    const totals = drawn.length ? drawn[0][2].map((_, i) => sum(drawn.map(([, , values]) => values[i]))) : [0];
    const areas = { kind: "stack", parts: drawn.map(([, tone, values]) => ({ tone, values: rate(values) })) };
    const extra = line ? [{ kind: "line", tone: line[1], values: rate(line[2]) }] : [];
    const high = Math.max(...rate(totals), ...(line ? rate(line[2]) : []), 0.1);
    return S.figure({
      title,
      text,
      legend: [...drawn.map(([name, tone]) => [name, tone]), ...(line ? [[line[0], line[1], "line"]] : [])],
      note,
      plot: S.plot({
        axis,
        low: 0,
        high: high * 1.08,
        format: level,
        label: `${label}, ${rateUnit()}`,
        layers: [...(drawn.length ? [areas] : []), ...extra],
        tip: (i) =>
          S.tip(S.when(axis, i), [
            ...drawn.map(([name, tone, values]) => [name, rateText(rate(values)[i]), tone]).reverse(),
            ["Together", rateText(rate(totals)[i])],
          ]),
      }),
      table: {
        head: ["Time", ...drawn.map(([name]) => name)],
        count: axis.count,
        row: (i) => [S.when(axis, i), ...drawn.map(([, , values]) => S.energy(values[i]))],
      },
    });
  }

  const add = (...names) => column(names[0]).map((_, i) => sum(names.map((name) => column(name)[i])));

  function roofs() {
    const made = sum(add("roof_home", "roof_battery", "roof_neighbour", "roof_grid"));
    const cut = sum(column("curtailed"));
    return stacked({
      title: "Where the roofs’ energy went",
      text: `The roofs gave ${S.energy(made)}. First it served the home below, then its battery, then the neighbours; only the rest left the street.${cut ? ` ${S.energy(cut)} could not be taken and was turned down.` : ""}`,
      label: `Energy of the roofs ${perDay()}`,
      parts: [
        ["Own home", "home", column("roof_home")],
        ["Own battery", "battery", column("roof_battery")],
        ["Neighbours", "neighbour", column("roof_neighbour")],
        ["Grid", "grid", column("roof_grid")],
      ],
      note: `In ${rateUnit()}. “Neighbours” is what left homes while other homes took as much, by the meters; what was traded, at the top, is what they had agreed.`,
    });
  }

  function homes() {
    const used = sum(add("roof_home", "battery_home", "neighbour_home", "grid_home"));
    return stacked({
      title: "Where the homes’ energy came from",
      text: `The homes used ${S.energy(used)}${sum(column("ev")) ? `, ${S.energy(sum(column("ev")))} of it for cars` : ""}.`,
      label: `Energy used by the homes ${perDay()}`,
      parts: [
        ["Own roof", "roof", column("roof_home")],
        ["Own battery", "battery", column("battery_home")],
        ["Neighbours", "neighbour", column("neighbour_home")],
        ["Grid", "grid", column("grid_home")],
      ],
    });
  }

  function batteries() {
    const axis = S.streetAxis();
    const capacity = sum(S.data.homes.map((home) => home.battery_wh));
    const owners = S.data.homes.filter((home) => home.battery_wh).length;
    if (!capacity) return null;
    const fleet = column("stored").map((wh) => (wh / capacity) * 100);
    const [low, high] = ["level_low", "level_high"].map((name) => column(name).map((permille) => permille / 10));
    return S.figure({
      title: "Batteries fill and empty",
      text: `${S.plural(owners, "battery", "batteries")} hold ${S.energy(capacity)} together. The line is the whole fleet, the band is where eight of ten batteries stand.`,
      legend: [
        ["All batteries together", "battery", "line"],
        ["Eight of ten", "battery"],
      ],
      plot: S.plot({
        axis,
        low: 0,
        high: 100,
        levels: [0, 25, 50, 75, 100],
        format: (value) => `${value} %`,
        label: "How full the batteries are, in per cent",
        layers: [
          { kind: "band", tone: "battery", low, high },
          { kind: "line", tone: "battery", values: fleet },
        ],
        tip: (i) =>
          S.tip(S.when(axis, i), [
            ["All together", `${S.number(fleet[i])} % · ${S.energy(column("stored")[i])}`, "battery"],
            ["Eight of ten", `${S.number(low[i])} to ${S.number(high[i])} %`],
          ]),
      }),
      table: {
        head: ["Time", "Stored", "Fill level"],
        count: axis.count,
        row: (i) => [S.when(axis, i), S.energy(column("stored")[i]), `${S.number(fleet[i], 1)} %`],
      },
    });
  }

  function cars() {
    const axis = S.streetAxis();
    const charge = add("roof_battery", "neighbour_battery", "grid_battery");
    const give = add("battery_home", "battery_neighbour", "battery_grid");
    const moved = rate(charge.map((wh, i) => wh - give[i]));
    const ev = rate(column("ev"));
    const cars = S.data.homes.filter((home) => home.car_w).length;
    const fleet = sum(column("ev")) ? cars : 0;
    if (!sum(charge) && !sum(give) && !sum(column("ev"))) return null;
    return S.figure({
      title: "Charging, discharging, and the cars",
      text: `Bars above the line charge batteries, below they give. ${fleet ? `${S.plural(fleet, "car")} took ${S.energy(sum(column("ev")))}.` : cars ? "No car was charged." : ""}`,
      legend: [["Batteries", "battery"], ...(fleet ? [["Cars", "car", "line"]] : [])],
      plot: S.plot({
        axis,
        low: Math.min(...moved, 0) * 1.1,
        high: Math.max(...moved, ...ev, 0.1) * 1.1,
        format: level,
        label: `Power of batteries and cars, ${rateUnit()}`,
        layers: [
          { kind: "bars", tone: "battery", values: moved },
          ...(fleet ? [{ kind: "line", tone: "car", values: ev }] : []),
        ],
        tip: (i) =>
          S.tip(S.when(axis, i), [
            [moved[i] < 0 ? "Batteries give" : "Batteries take", rateText(Math.abs(moved[i])), "battery"],
            fleet ? ["Cars take", rateText(ev[i]), "car"] : null,
          ]),
      }),
    });
  }

  const volts = (values) => values.map((value) => (value === null ? null : (value / PU) * RATED));

  /** Slots (by slot or day) in which the wires could not carry what flowed: no voltage is known, no limit was kept. */
  const unsolved = () => column("unsolved");

  /** What a plot of the wires shows where there is no solution. */
  function gaps() {
    const lost = sum(unsolved());
    return {
      words: lost
        ? ` In ${S.plural(lost, "slot")} the power flow has no solution: the wires could not have carried it.`
        : "",
      legend: lost ? [["No solution", "limit"]] : [],
      layers: lost ? [{ kind: "stripes", tone: "limit", values: unsolved() }] : [],
      tip: (i) => (unsolved()[i] ? ["No solution", S.plural(unsolved()[i], "slot"), "limit"] : null),
    };
  }

  function voltages() {
    const axis = S.streetAxis();
    // A run whose injections cannot be read has the voltages of all buses alone, the source's among them.
    const measured = S.data.series.home_high_pu !== undefined;
    const names = measured ? ["home_high_pu", "home_low_pu"] : ["max_voltage_pu", "min_voltage_pu"];
    const [top, bottom] = names.map((name) => volts(column(name)));
    const gap = gaps();
    if (!known(top).length && !gap.words) return null;
    const where = measured ? "at any home" : "anywhere, the grid above included";
    const limits = [0.9 * RATED, 1.1 * RATED];
    const broken = top.filter((v, i) => (v !== null && (v > limits[1] || bottom[i] < limits[0])) || unsolved()[i]).length;
    const text = broken
      ? `In ${S.plural(broken, daily() ? "day" : "slot")} some socket in the street was outside the permitted band.${gap.words}`
      : "Every socket in the street stayed inside the permitted band, all the time.";
    const volt = (value) => (value === null ? "no solution" : `${S.number(value, 1)} V`);
    const free = S.data.series.unlimited_voltage === undefined ? null : volts(column("unlimited_voltage"));
    return S.figure({
      title: "Voltage at the best and the worst place",
      text: `${text} The band is 207 to 253 V (0.90 to 1.10 of 230 V).`,
      legend: [
        [`Highest ${where}`, "high", "line"],
        [`Lowest ${where}`, "low", "line"],
        ...(free ? [[FREE, "alone", "line dashed"]] : []),
        ["Permitted", "fine"],
        ...gap.legend,
      ],
      plot: S.plot({
        axis,
        low: Math.min(202, ...known(bottom)),
        high: Math.max(258, ...known(top), ...known(free ?? [])),
        format: (value) => S.number(value),
        label: "Highest and lowest voltage in the street, in volts",
        layers: [
          { kind: "region", tone: "fine", low: limits[0], high: limits[1] },
          ...gap.layers,
          { kind: "rule", tone: "limit", at: limits[1], name: "limit 253 V" },
          { kind: "rule", tone: "limit", at: limits[0], name: "limit 207 V", below: true },
          { kind: "line", tone: "high", values: top },
          { kind: "line", tone: "low", values: bottom },
          ...(free ? [{ kind: "line", tone: "alone", dashed: true, values: free }] : []),
        ],
        tip: (i) =>
          S.tip(S.when(axis, i), [
            ["Highest", volt(top[i]), "high"],
            ["Lowest", volt(bottom[i]), "low"],
            free ? [FREE, volt(free[i]), "alone"] : null,
            gap.tip(i),
          ]),
      }),
      table: {
        head: ["Time", "Highest", "Lowest", ...(free ? [FREE] : [])],
        count: axis.count,
        row: (i) => [S.when(axis, i), volt(top[i]), volt(bottom[i]), ...(free ? [volt(free[i])] : [])],
      },
    });
  }

  function loading() {
    const axis = S.streetAxis();
    const load = column("max_loading").map((value) => (value === null ? null : value / LOADING));
    const gap = gaps();
    if (!known(load).length && !gap.words) return null;
    const losses = column("losses");
    const freely = S.data.series.unlimited_loading === undefined ? null : column("unlimited_loading");
    const free = freely && freely.map((value) => (value === null ? null : value / LOADING));
    const given = sum(add("grid_home", "grid_battery", "neighbour_home", "neighbour_battery"));
    const part = (value) => (value === null ? "no solution" : `${S.number(value, 1)} %`);
    const most = known(load).length
      ? `The busiest of them reached ${S.number(Math.max(...known(load)))} % of its rating. `
      : "";
    return S.figure({
      title: "How hard cables and transformer work",
      text: `${most}Carrying it all cost ${S.energy(sum(losses))} in losses${given ? `, ${S.percent(sum(losses) / given, 1)} of what reached the homes by wire` : ""}.${gap.words}`,
      legend: [
        ["Busiest cable or transformer", "load", "line"],
        ...(free ? [[FREE, "alone", "line dashed"]] : []),
        ...gap.legend,
      ],
      plot: S.plot({
        axis,
        low: 0,
        high: Math.max(110, ...known(load), ...known(free ?? [])) * 1.04,
        format: (value) => `${S.number(value)} %`,
        label: "Loading of the busiest cable or transformer, in per cent",
        layers: [
          { kind: "region", tone: "fine", low: 0, high: 100 },
          ...gap.layers,
          { kind: "rule", tone: "limit", at: 100, name: "rating 100 %" },
          { kind: "line", tone: "load", values: load },
          ...(free ? [{ kind: "line", tone: "alone", dashed: true, values: free }] : []),
        ],
        tip: (i) =>
          S.tip(S.when(axis, i), [
            ["Loading", part(load[i]), "load"],
            ["Losses", S.energy(losses[i])],
            free ? [FREE, part(free[i]), "alone"] : null,
            gap.tip(i),
          ]),
      }),
      table: {
        head: ["Time", "Loading", "Losses", ...(free ? [FREE] : [])],
        count: axis.count,
        row: (i) => [S.when(axis, i), part(load[i]), S.energy(losses[i]), ...(free ? [part(free[i])] : [])],
      },
    });
  }

  /** What the caps on the meters spared the wires, and whom they cost what. */
  function limits() {
    const told = S.data.figures.envelope;
    if (!told) return null;
    const cut = sum(S.data.homes.map((home) => home.curtailed_wh));
    const text = [];
    if (told.unlimited?.slots)
      text.push(
        `If nobody had looked, the same homes would have been outside the wires’ limits for ${S.number(told.unlimited.hours, 2)} h: up to ${S.number(told.unlimited.max_voltage_pu * RATED, 1)} V and ${S.number(told.unlimited.max_loading * 100)} % of a rating. `,
      );
    text.push("Before each slot every home is told what its meter may take and give; batteries and cars plan with it. ");
    text.push(
      cut
        ? `What then still found no room was turned down: ${S.energy(cut)}, ${S.percent(told.curtailed_share, 1)} of what the roofs could give.`
        : "Nothing had to be turned down.",
    );
    return S.el("p", { class: "soft lead-in", "data-limits": told.sharing }, text.join(""));
  }

  const flowSums = () => Object.fromEntries(S.data.series.flows.map((name) => [name, sum(column(name))]));

  S.street = { column, sum, prices, roofs, homes, batteries, cars, voltages, loading, limits, flowSums, meanPrice };
})();
