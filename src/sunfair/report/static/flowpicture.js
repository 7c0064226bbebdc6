// Where energy goes, drawn as ribbons between columns of sources and sinks; the width of a ribbon is its energy.
(() => {
  const S = globalThis.sunfair;
  const { svg } = S;
  const BAR = 12;
  const GAP = 26;

  /** Places of the nodes for a drawing of this size. */
  function layout({ links, columns, places, sides }, width, height) {
    const last = columns.length - 1;
    const middle = width < 520 ? 0.34 : 0.46; // of three columns: the last one's names are long
    const place = (places ?? [0, middle, 1]).map((share) => (width - BAR) * share);
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
      for (const [id, name, tone, value] of column) {
        const size = Math.max(1.5, through(id) * unit);
        const side = sides?.[k] ?? (k === 0 ? "start" : k === last ? "end" : "middle");
        nodes[id] = { id, name, tone, value: value ?? S.energy(through(id)), x: place[k], y: top, size, side };
        top += size + GAP;
      }
    });
    return { nodes, unit };
  }

  /** Where each ribbon leaves and arrives: at either end in the order of the far ends, so that few of them cross. */
  function attach(links, nodes, unit) {
    const ribbons = links.map(([from, to, wh, tone, said]) => ({
      a: nodes[from],
      b: nodes[to],
      wh,
      tone,
      said,
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

  function ribbon({ a, b, tone, thick, start, end, said }) {
    const [x0, x1] = [a.x + BAR, b.x];
    const middle = (x0 + x1) / 2;
    const there = `M${x0} ${start}C${middle} ${start} ${middle} ${end} ${x1} ${end}`;
    const back = `V${end + thick}C${middle} ${end + thick} ${middle} ${start + thick} ${x0} ${start + thick}Z`;
    const title = svg("title", {}, said);
    return svg("path", { class: `ribbon tone-${tone}`, d: there + back }, title);
  }

  function label(node, width) {
    const x = { start: 0, middle: node.x + BAR / 2, inner: node.x + BAR, end: width }[node.side];
    const y = node.side === "middle" ? node.y + node.size + 16 : node.y - 7;
    return svg(
      "text",
      { x, y, "text-anchor": node.side === "inner" ? "end" : node.side, class: "node-name" },
      node.name,
      node.side === "inner" && width < 430 ? null : svg("tspan", { class: "node-value", dx: 6 }, node.value),
    );
  }

  /**
   * A drawing of flows that redraws with its width.
   *
   * columns: per column its nodes [id, name, tone, text instead of the energy?]; links: [from, to, Wh, tone, what is said
   * of it]; places: where the columns stand, shares of the width; sides: how their names stand (start, middle: below,
   * inner: before it, end); label: what the picture says as a whole
   */
  function flowPicture({ columns, links, places, sides, label: spoken, tall }) {
    const box = S.el("div", { class: "plot" });
    S.whenSized(box, (width) => {
      const height = tall ?? (width < 520 ? 400 : 360);
      const { nodes, unit } = layout({ columns, links, places, sides }, width, height);
      const ribbons = attach(links, nodes, unit).sort((p, q) => q.wh - p.wh);
      const bars = Object.values(nodes).map((node) =>
        svg("rect", { class: `node tone-${node.tone}`, x: node.x, y: node.y, width: BAR, height: node.size, rx: 2 }),
      );
      const names = Object.values(nodes).map((node) => label(node, width)); // above all bars: a long one may cross one
      const frame = { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": spoken };
      box.replaceChildren(svg("svg", frame, ribbons.map(ribbon), bars, names));
    });
    return box;
  }

  S.flowPicture = flowPicture;
})();
