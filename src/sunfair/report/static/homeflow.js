// One home's energy of a day in one picture: roof, battery, the neighbours' part, and who received their money.
(() => {
  const S = globalThis.sunfair;
  const TRICKLE = 0.05;
  const slots = () => Array.from({ length: S.day.count }, (_, t) => t);

  /** Energies of one slot, Wh: the roof serves the home first, then the battery, then the street. */
  function slotFlows(home, t) {
    const plan = S.planOf(home.index, t);
    const row = S.rowOf(home.index, t);
    const [use, roof] = [plan.load + plan.ev, plan.pv - plan.curtailed];
    const [charge, discharge] = [Math.max(plan.battery, 0), Math.max(-plan.battery, 0)];
    const roofHome = Math.min(roof, use);
    const roofBattery = Math.min(roof - roofHome, charge);
    const batteryHome = Math.min(discharge, use - roofHome);
    const [roofOut, batteryOut] = [roof - roofHome - roofBattery, discharge - batteryHome];
    const [inHome, inBattery] = [use - roofHome - batteryHome, charge - roofBattery];
    const traded = row.ahead + row.pool;
    return {
      roofHome,
      roofBattery,
      batteryHome,
      ...parted([roofOut, batteryOut], Math.max(-traded, 0), OUT),
      ...parted([inHome, inBattery], Math.max(traded, 0), IN),
    };
  }

  const OUT = ["roofNeighbour", "batteryNeighbour", "roofGrid", "batteryGrid"];
  const IN = ["neighbourHome", "neighbourBattery", "gridHome", "gridBattery"];

  /** Two flows through the meter: of each its part of what was traded with neighbours; the rest is the utility's. */
  function parted([first, second], traded, [firstShared, secondShared, firstRest, secondRest]) {
    const shared = Math.min(first + second, traded);
    const part = first + second ? (shared * first) / (first + second) : 0;
    return {
      [firstShared]: part,
      [secondShared]: shared - part,
      [firstRest]: first - part,
      [secondRest]: second - (shared - part),
    };
  }

  function dayFlows(home) {
    const total = {};
    for (const t of slots())
      for (const [name, wh] of Object.entries(slotFlows(home, t))) total[name] = (total[name] ?? 0) + wh;
    return total;
  }

  /** What neighbours paid for this home's energy on the day, µ, and how the fees shared it out: [basis points, µ]. */
  function sold(home) {
    const received = slots().reduce((sum, t) => {
      const { ahead, pool } = S.rowOf(home.index, t);
      if (ahead + pool >= 0) return sum; // what was only sold on was not the home's
      const terms = S.termsOf(t);
      return sum + Math.max(-ahead, 0) * (terms.ahead ?? 0) + Math.max(-pool, 0) * (terms.pool ?? 0);
    }, 0);
    const paid = Math.round(received / 1000);
    return { paid, parts: S.data.fees.map((bps) => [bps, Math.round((paid * bps) / 10_000)]) };
  }

  const NAMES = {
    roof: "roof",
    neighbourin: "neighbours",
    gridin: "utility",
    store: "what was stored before",
    battery: "battery",
    home: "own use",
    neighbour: "neighbours",
    kept: "store and losses",
    gridout: "utility",
    you: "you",
    utility: "the utility's fee",
    network: "the network's fee",
  };

  function links(home) {
    const flow = dayFlows(home);
    const into = flow.roofBattery + flow.neighbourBattery + flow.gridBattery;
    const out = flow.batteryHome + flow.batteryNeighbour + flow.batteryGrid;
    const shared = flow.roofNeighbour + flow.batteryNeighbour;
    const found = [
      ["roof", "home", flow.roofHome, "roof"],
      ["roof", "battery", flow.roofBattery, "roof"],
      ["roof", "neighbour", flow.roofNeighbour, "roof"],
      ["roof", "gridout", flow.roofGrid, "roof"],
      ["neighbourin", "battery", flow.neighbourBattery, "neighbour"],
      ["neighbourin", "home", flow.neighbourHome, "neighbour"],
      ["gridin", "battery", flow.gridBattery, "grid"],
      ["gridin", "home", flow.gridHome, "grid"],
      ["store", "battery", Math.max(out - into, 0), "battery"],
      ["battery", "home", flow.batteryHome, "battery"],
      ["battery", "neighbour", flow.batteryNeighbour, "battery"],
      ["battery", "gridout", flow.batteryGrid, "battery"],
      ["battery", "kept", Math.max(into - out, 0), "battery"],
    ];
    const money = shared < 1 ? { paid: 0, parts: [] } : sold(home);
    if (money.paid > 0)
      money.parts.forEach(([bps, micro], k) => {
        const to = ["you", "utility", "network"][k];
        found.push(["neighbour", to, (shared * bps) / 10_000, k ? "grid" : "better", micro]);
      });
    return { found: found.filter(([, , wh]) => wh >= 1), money };
  }

  /** What is said of a link: energy, or of the neighbours' money who received how much. */
  const spoken = ([from, to, wh, , micro]) =>
    micro === undefined
      ? `${S.energy(wh)} from ${NAMES[from]} to ${NAMES[to]}`
      : `of what the neighbours paid, ${S.money(micro)} to ${NAMES[to]}`;

  /** Without trickles, whose names would hide the rest, and the money of one; they stand in the numbers. */
  function drawn(found) {
    const least = TRICKLE * Math.max(...found.map(([, , wh]) => wh));
    const energies = found.filter(([, , wh, , micro]) => micro === undefined && wh >= least);
    const sells = energies.some(([, to]) => to === "neighbour");
    return [...energies, ...found.filter(([, , , , micro]) => sells && micro !== undefined)];
  }

  /** The columns something flows through, and where they and their names stand. */
  function standing(columns, shown) {
    const flows = (column) => column.some(([id]) => shown.some(([from, to]) => id === from || id === to));
    const used = columns.map(flows);
    const only = (list) => list.filter((_, k) => used[k]);
    const ends = used[3];
    return {
      columns: only(columns),
      places: only([0, 0.3, ends ? 0.57 : 1, 1]),
      sides: only(["start", "middle", ends ? "inner" : "end", "end"]),
    };
  }

  function homeFlow(home) {
    const { found, money } = links(home);
    if (!found.length) return null;
    const shown = drawn(found);
    const shares = shown.some(([from]) => from === "neighbour");
    const names = ["You", "Utility", "Network"];
    const receivers = money.parts.map(([bps, micro], k) => [
      ["you", "utility", "network"][k],
      `${names[k]} ${S.percent(bps / 10_000)}`,
      k ? "grid" : "better",
      S.money(micro),
    ]);
    const columns = [
      [
        ["roof", "Roof", "roof"],
        ["store", "Stored before", "battery"],
        ["neighbourin", "From neighbours", "neighbour"],
        ["gridin", "From the utility", "grid"],
      ],
      [["battery", "Battery", "battery"]],
      [
        ["home", "Own use", "home"],
        ["neighbour", "Neighbours", "neighbour"],
        ["kept", "Stored, lost", "battery"],
        ["gridout", "Utility", "grid"],
      ],
      receivers,
    ];
    return S.figure({
      title: "Its energy in one picture",
      text: sentence(home, shares ? money.paid : 0),
      note: shown.length < found.length ? "Flows below a twentieth of the largest stand in the numbers only; the sums at the names leave them out." : null,
      plot: S.flowPicture({
        ...standing(columns, shown),
        links: shown.map((link) => [...link.slice(0, 4), spoken(link)]),
        label: `Energy flows of this home: ${found.map(spoken).join("; ")}`,
        tall: 380,
      }),
      table: {
        head: ["From", "To", "Energy", "Money"],
        count: found.length,
        row: (i) => {
          const [from, to, wh, , micro] = found[i];
          return [NAMES[from], NAMES[to], ...(micro === undefined ? [S.energy(wh), ""] : ["", S.exact(micro)])];
        },
      },
    });
  }

  function sentence(home, paid) {
    const share = S.percent(home.neighbour_permille / 1000);
    return [
      "Where the day’s energy came from and went; the width of a ribbon is its energy.",
      home.pv_wp
        ? `Of the surplus${home.battery_wh ? " its battery does not take" : ""}, its owner offers ${share} to the neighbours.`
        : "",
      paid ? `For what they took they paid ${S.money(paid)}; who received how much of it stands at the right.` : "",
    ].join(" ");
  }

  S.homeFlow = homeFlow;
})();
