// Where every kilowatt-hour of the street went, as ribbons from its sources to its sinks.
(() => {
  const S = globalThis.sunfair;
  const { svg } = S;
  const BAR = 12;
  const GAP = 26;

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

  /** Places of the nodes for a drawing of this size. */
  function layout({ links, columns }, width, height) {
    const place = [0, (width - BAR) * (width < 520 ? 0.34 : 0.46), width - BAR];
    const through = (id) =>
      Math.max(
        S.street.sum(links.filter(([from]) => from === id).map(([, , wh]) => wh)),
        S.street.sum(links.filter(([, to]) => to === id).map(([, , wh]) => wh)),
      );
    const used = columns.map((column) => column.filter(([id]) => through(id) > 0));
    const unit = Math.min(
      ...used
        .filter((column) => column.length)
        .map((column) => {
          const total = S.street.sum(column.map(([id]) => through(id)));
          return (height - GAP * column.length - 6) / total;
        }),
    );
    const nodes = {};
    used.forEach((column, k) => {
      const tall = S.street.sum(column.map(([id]) => through(id) * unit + GAP));
      let top = (k === 1 ? (height - tall) * 0.6 : (height - tall) / 2) + GAP - 6;
      for (const [id, name, tone] of column) {
        const size = Math.max(1.5, through(id) * unit);
        nodes[id] = { id, name, tone, wh: through(id), x: place[k], y: top, size, column: k };
        top += size + GAP;
      }
    });
    return { nodes, unit };
  }

  /** Where each ribbon leaves and arrives: at either end in the order of the far ends, so that few of them cross. */
  function attach(links, nodes, unit) {
    const ribbons = links.map(([from, to, wh, tone]) => ({
      a: nodes[from],
      b: nodes[to],
      wh,
      tone,
      thick: Math.max(0.8, wh * unit),
    }));
    const stackUp = (near, far, name) => {
      const used = new Map();
      for (const one of [...ribbons].sort((p, q) => far(p).y - far(q).y)) {
        const at = used.get(near(one).id) ?? 0;
        one[name] = near(one).y + at;
        used.set(near(one).id, at + one.thick);
      }
    };
    stackUp(
      (one) => one.a,
      (one) => one.b,
      "start",
    );
    stackUp(
      (one) => one.b,
      (one) => one.a,
      "end",
    );
    return ribbons;
  }

  function ribbon({ a, b, wh, tone, thick, start, end }) {
    const [x0, x1] = [a.x + BAR, b.x];
    const middle = (x0 + x1) / 2;
    const there = `M${x0} ${start}C${middle} ${start} ${middle} ${end} ${x1} ${end}`;
    const back = `V${end + thick}C${middle} ${end + thick} ${middle} ${start + thick} ${x0} ${start + thick}Z`;
    const title = svg("title", {}, `${S.energy(wh)} from ${NAMES[a.id]} to ${NAMES[b.id]}`);
    return svg("path", { class: `ribbon tone-${tone}`, d: there + back }, title);
  }

  function label(node, width) {
    const anchor = ["start", "middle", "end"][node.column];
    const x = [0, node.x + BAR / 2, width][node.column];
    return svg(
      "text",
      { x, y: node.column === 1 ? node.y + node.size + 16 : node.y - 7, "text-anchor": anchor, class: "node-name" },
      node.name,
      svg("tspan", { class: "node-value", dx: 6 }, S.energy(node.wh)),
    );
  }

  function sankey() {
    const parts = diagram();
    const box = S.el("div", { class: "plot" });
    const spoken = parts.links.map(([from, to, wh]) => `${NAMES[from]} to ${NAMES[to]} ${S.energy(wh)}`).join("; ");
    S.whenSized(box, (width) => {
      const height = width < 520 ? 400 : 360;
      const { nodes, unit } = layout(parts, width, height);
      box.replaceChildren(
        svg(
          "svg",
          {
            viewBox: `0 0 ${width} ${height}`,
            height,
            role: "img",
            "aria-label": `Energy flows of the street: ${spoken}`,
          },
          attach(parts.links, nodes, unit)
            .sort((p, q) => q.wh - p.wh)
            .map(ribbon),
          Object.values(nodes).map((node) => [
            svg("rect", {
              class: `node tone-${node.tone}`,
              x: node.x,
              y: node.y,
              width: BAR,
              height: node.size,
              rx: 2,
            }),
            label(node, width),
          ]),
        ),
      );
    });
    return S.figure({
      title: "The street in one picture",
      text: "Every kilowatt-hour from where it came to where it went; the width of a ribbon is its energy.",
      plot: box,
      table: {
        head: ["From", "To", "Energy"],
        count: parts.links.length,
        row: (i) => [NAMES[parts.links[i][0]], NAMES[parts.links[i][1]], S.energy(parts.links[i][2])],
      },
    });
  }

  S.sankey = sankey;
})();
