// The headline's picture: the street's own sun, the power of its roofs over the day, behind a row of houses.
(() => {
  const S = globalThis.sunfair;
  const { svg } = S;
  const WIDTH = 1200;
  const HEIGHT = 300;
  const GROUND = 298;

  /** The roofs' energy as an outline over the width of the picture. */
  function sun() {
    if (!S.data.series.count) return null;
    const made = S.street
      .column("roof_home")
      .map((_, i) =>
        S.street.sum(
          ["roof_home", "roof_battery", "roof_neighbour", "roof_grid"].map((name) => S.street.column(name)[i]),
        ),
      );
    const most = Math.max(...made, 1);
    const points = made.map(
      (wh, i) => `${Math.round(((i + 0.5) * WIDTH) / made.length)} ${Math.round(GROUND - (wh / most) * 270)}`,
    );
    return svg("path", { class: "sunlight", d: `M0 ${GROUND}L${points.join("L")}L${WIDTH} ${GROUND}Z` });
  }

  /** A house; its size and roof follow from its place in the row. */
  function house(i) {
    const wide = 38 + ((i * 7) % 3) * 7;
    const high = 24 + ((i * 5) % 4) * 6;
    const x = 8 + i * 60;
    const top = GROUND - high;
    const home = S.data.homes[i % S.data.homes.length];
    const gable = top - 14 - ((i * 3) % 3) * 3;
    return svg(
      "g",
      {},
      svg("path", {
        class: "house",
        d: `M${x} ${GROUND}V${top}L${x + wide / 2} ${gable}L${x + wide} ${top}V${GROUND}Z`,
      }),
      home.pv_wp
        ? svg("path", { class: "panel", d: `M${x + wide / 2 + 3} ${gable + 3}L${x + wide - 1} ${top - 1}` })
        : null,
      svg("rect", { class: "window", x: x + wide / 2 - 4, y: GROUND - 13, width: 8, height: 8 }),
    );
  }

  S.skyline = () =>
    svg(
      "svg",
      {
        class: "skyline",
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "xMidYMax slice",
        "aria-hidden": "true",
      },
      sun(),
      Array.from({ length: 20 }, (_, i) => house(i)),
      svg("line", { class: "ground", x1: 0, x2: WIDTH, y1: GROUND, y2: GROUND }),
    );
})();
