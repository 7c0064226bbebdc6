// Where every kilowatt-hour of the street went, as ribbons from its sources to its sinks.
(() => {
  const S = globalThis.sunfair;

  /** Nodes by column and links between them, Wh; what a battery kept or lost is a sink of its own. */
  function diagram() {
    const flow = S.street.flowSums();
    const into = flow.roof_battery + flow.neighbour_battery + flow.grid_battery;
    const out = flow.battery_home + flow.battery_neighbour + flow.battery_grid;
    const links = [
      ["roof", "home", flow.roof_home, "roof"],
      ["roof", "battery", flow.roof_battery, "roof"],
      ["roof", "neighbour", flow.roof_neighbour, "roof"],
      ["roof", "gridout", flow.roof_grid, "roof"],
      ["store", "battery", Math.max(out - into, 0), "battery"],
      ["gridin", "battery", flow.grid_battery, "grid"],
      ["shared", "battery", flow.neighbour_battery, "neighbour"],
      ["gridin", "home", flow.grid_home, "grid"],
      ["battery", "home", flow.battery_home, "battery"],
      ["battery", "neighbour", flow.battery_neighbour, "battery"],
      ["battery", "gridout", flow.battery_grid, "battery"],
      ["battery", "kept", Math.max(into - out, 0), "battery"],
    ].filter(([, , wh]) => wh > 0);
    const columns = [
      [
        ["roof", "Roofs", "roof"],
        ["store", "Stored before", "battery"],
        ["shared", "Neighbours", "neighbour"],
        ["gridin", "Grid", "grid"],
      ],
      [["battery", "Batteries", "battery"]],
      [
        ["home", "Own home", "home"],
        ["neighbour", "Neighbours", "neighbour"],
        ["kept", "Stored and lost", "battery"],
        ["gridout", "Grid", "grid"],
      ],
    ];
    return { links, columns };
  }

  const NAMES = {
    roof: "roofs",
    store: "store",
    shared: "neighbours",
    gridin: "grid",
    battery: "batteries",
    home: "own home",
    neighbour: "neighbours",
    kept: "store and losses",
    gridout: "grid",
  };

  function sankey() {
    const { links, columns } = diagram();
    const said = ([from, to, wh]) => `${S.energy(wh)} from ${NAMES[from]} to ${NAMES[to]}`;
    const told = links.map((link) => [...link, said(link)]);
    const spoken = links.map(([from, to, wh]) => `${NAMES[from]} to ${NAMES[to]} ${S.energy(wh)}`).join("; ");
    return S.figure({
      title: "The street in one picture",
      text: "Every kilowatt-hour from where it came to where it went; the width of a ribbon is its energy.",
      note: [
        "“Neighbours” counts by the meters, slot by slot; what was traded, at the top, is what they had agreed.",
        links.some(([from]) => from === "shared")
          ? "What batteries take from neighbours stands twice: at the right as the neighbours’, at the left on its way into the battery."
          : "",
      ].join(" "),
      plot: S.flowPicture({ columns, links: told, label: `Energy flows of the street: ${spoken}` }),
      table: {
        head: ["From", "To", "Energy"],
        count: links.length,
        row: (i) => [NAMES[links[i][0]], NAMES[links[i][1]], S.energy(links[i][2])],
      },
    });
  }

  S.sankey = sankey;
})();
