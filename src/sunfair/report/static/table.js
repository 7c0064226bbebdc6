// Each home's bill three ways: what everyone gained, and a table to search and sort.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;

  /** What a home is better off by than without the market, µ: its retailers' statement and what its battery holds counted in. */
  const gain = (home) =>
    home.bill_battery_only === null
      ? null
      : home.bill_battery_only - home.bill_market + home.statement + home.stored;

  function equipment(home) {
    const parts = [
      home.pv_wp ? `${S.number(home.pv_wp / 1000, home.pv_wp % 1000 ? 1 : 0)} kWp roof` : null,
      home.battery_wh ? `${S.number(home.battery_wh / 1000, home.battery_wh % 1000 ? 1 : 0)} kWh battery` : null,
      home.car_w ? "car" : null,
    ];
    return parts.filter(Boolean).join(" · ") || "none";
  }

  const brief = (home) => equipment(home).replace(" roof", "").replace(" battery", "").replace("none", "–");

  const open = (home) => (location.hash = `#home-${home.account}`);
  const share = (value) => (value === null ? "–" : S.percent(value));

  /** Why a bill without battery and market can look better than one with a battery: it alone is held to no cap. */
  const UNCAPPED =
    "“Neither” counts as if the wires carried everything; the other two keep to the caps on the meters, so it can come out lower than a street with such wires could have had.";

  const BILLS = [
    ["bill_market", "With the market", "market"],
    ["bill_battery_only", "Battery, no market", "only"],
    ["bill_alone", "Neither", "alone"],
  ];

  /** Three thin bars from a common zero: to pay to the right, earned to the left. */
  function billBars(home, low, high) {
    const place = (value) => ((value - low) / (high - low || 1)) * 100;
    const zero = place(0);
    const bars = BILLS.filter(([name]) => home[name] !== null).map(([name, , tone]) => {
      const bar = el("i", { class: `tone-${tone}` });
      bar.style.left = `${Math.min(zero, place(home[name]))}%`;
      bar.style.width = `${Math.max(0.6, Math.abs(place(home[name]) - zero))}%`;
      return el("span", {}, bar);
    });
    const mark = el("b", {});
    mark.style.left = `${zero}%`;
    return el("div", { class: "billbars", "aria-hidden": "true" }, mark, bars);
  }

  const COLUMNS = [
    { name: "Home", key: (home) => home.id, cell: (home) => el("a", { href: `#home-${home.account}` }, home.id) },
    { name: "Roof, battery, car", key: (home) => brief(home), cell: (home) => brief(home), wide: true },
    { name: "Used", key: (home) => home.use_wh, cell: (home) => S.energy(home.use_wh), wide: true, right: true },
    {
      name: "Own and neighbours’",
      key: (home) => home.self_sufficiency ?? -1,
      cell: (home) => share(home.self_sufficiency),
      wide: true,
      right: true,
      title: "Part of the use that was not bought from the utility",
    },
    ...BILLS.map(([name, title, tone], i) => ({
      name: title,
      key: (home) => home[name] ?? 0,
      cell: (home) => (home[name] === null ? "–" : S.money(home[name])),
      right: true,
      tone,
      wide: i > 0,
    })),
    {
      name: "Gained",
      key: (home) => gain(home) ?? 0,
      cell: (home) =>
        gain(home) === null ? "–" : el("strong", { class: gain(home) < 0 ? "worse" : "better" }, S.money(gain(home))),
      right: true,
      title: "Battery, no market, less with the market",
    },
  ];

  function header(state, redraw) {
    return el(
      "tr",
      {},
      COLUMNS.map((column, i) => {
        const sorted = state.by === i ? (state.down ? "descending" : "ascending") : "none";
        const sort = () => {
          state.down = state.by === i ? !state.down : i > 2;
          state.by = i;
          redraw();
        };
        const classes = [column.right ? "right" : "", column.wide ? "wide" : ""].join(" ");
        const button = el(
          "button",
          { type: "button", click: sort, title: column.title },
          column.tone ? S.swatch(column.tone) : null,
          column.name,
          el("span", { class: "arrow", "aria-hidden": "true" }),
        );
        return el("th", { scope: "col", class: classes, "aria-sort": sorted }, button);
      }),
      el("th", { scope: "col", class: "wide bars" }, "Bills side by side"),
      el("th", { scope: "col" }, "Proof"),
    );
  }

  /** The mark of a home's proof, kept up to date as the checks go on. */
  function proofMark(home) {
    const mark = el("span", { class: "mark waiting", "data-home": home.index });
    paintMark(mark, S.check.state);
    return mark;
  }

  function paintMark(mark, state) {
    const result = state.homes.get(Number(mark.dataset.home));
    const settled = state.finished && S.proof.settlement().status;
    if (!result) [mark.className, mark.textContent, mark.title] = ["mark waiting", "…", "not checked yet"];
    else if (!result.good) [mark.className, mark.textContent, mark.title] = ["mark bad", "✗", "does not add up"];
    else if (settled === S.proof.BAD)
      [mark.className, mark.textContent, mark.title] = [
        "mark open",
        "?",
        "its own rows add up, the settlement does not",
      ];
    else [mark.className, mark.textContent, mark.title] = ["mark good", "✓", "all rows checked"];
  }

  function rows(state, low, high) {
    const { key } = COLUMNS[state.by];
    const wanted = S.data.homes.filter((home) => `${home.id} ${home.meter}`.toLowerCase().includes(state.search));
    const compare = (a, b) =>
      typeof key(a) === "string" ? key(a).localeCompare(key(b), "en", { numeric: true }) : key(a) - key(b);
    wanted.sort((a, b) => (state.down ? -1 : 1) * compare(a, b) || a.account - b.account);
    return wanted.map((home) =>
      el(
        "tr",
        { click: (event) => event.target.closest("a") || open(home) },
        COLUMNS.map((column) =>
          el("td", { class: [column.right ? "right" : "", column.wide ? "wide" : ""].join(" ") }, column.cell(home)),
        ),
        el("td", { class: "wide bars" }, billBars(home, low, high)),
        el("td", {}, proofMark(home)),
      ),
    );
  }

  /** The table of all homes with its search field. */
  function homeTable() {
    const values = S.data.homes.flatMap((home) => BILLS.map(([name]) => home[name] ?? 0));
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const state = { by: 0, down: false, search: "" };
    const head = el("thead", {});
    const body = el("tbody", {});
    const count = el("span", { class: "count", "aria-live": "polite" });
    const redraw = () => {
      const shown = rows(state, low, high);
      head.replaceChildren(header(state, redraw));
      body.replaceChildren(...shown);
      count.textContent = `${S.number(shown.length)} of ${S.plural(S.data.homes.length, "home")}`;
    };
    const type = (event) => {
      state.search = event.target.value.trim().toLowerCase();
      redraw();
    };
    const search = el("input", {
      type: "search",
      placeholder: "Find a home by name or meter",
      "aria-label": "Find a home",
      input: type,
    });
    redraw();
    S.check.listen((now) => body.querySelectorAll(".mark").forEach((mark) => paintMark(mark, now)));
    return el(
      "div",
      { class: "homes" },
      el("div", { class: "tools" }, search, count),
      el(
        "div",
        { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Bills of all homes" },
        el("table", { class: "wide-table" }, head, body),
      ),
    );
  }

  /** What every home gained, from the most to the least; press a bar to open the home. */
  function gains() {
    const homes = S.data.homes.filter((home) => gain(home) !== null).sort((a, b) => gain(b) - gain(a));
    if (homes.length < 2) return null;
    const values = homes.map(gain);
    const worse = values.filter((value) => value < 0).length;
    const more = worse
      ? `${S.plural(worse, "home")} came off worse.`
      : "No home came off worse.";
    const names = { by: "day", count: homes.length, days: [], first: 0 };
    return S.figure({
      title: "What the market gained each home",
      text: `Against the same home and battery dealing with the utility alone; what a battery holds at the end more or less counts at its worth. ${more} Press a bar to open its home.`,
      legend: worse
        ? [
            ["gained", "better"],
            ["lost", "worse"],
          ]
        : null,
      plot: S.plot({
        axis: names,
        low: Math.min(0, ...values) * 1.1,
        high: Math.max(...values, 1) * 1.1,
        format: S.money,
        left: 54,
        height: 190,
        label: "Gain of each home, from the most to the least",
        layers: [{ kind: "bars", values, tone: "better", below: "worse" }],
        pick: (i) => open(homes[i]),
        tip: (i) =>
          S.tip(homes[i].id, [
            ["Gained", S.money(values[i]), values[i] < 0 ? "worse" : "better"],
            ["With the market", S.bill(homes[i].bill_market)],
            ["Without", S.bill(homes[i].bill_battery_only)],
            ["In its battery", `${homes[i].stored < 0 ? "−" : "+"}${S.money(Math.abs(homes[i].stored))}`],
            ["Has", equipment(homes[i])],
          ]),
      }),
    });
  }

  /** Where the homes' money went: together with the institutions it is zero, to the last µ. */
  function whereMoneyWent() {
    const [utility, network, reserve] = S.data.institutions;
    const paid = S.street.sum(S.data.homes.map((home) => home.bill_market));
    const row = (name, micro, note) =>
      el(
        "tr",
        {},
        el("td", {}, name),
        el("td", { class: "right" }, S.exact(micro)),
        el("td", { class: "wide soft" }, note),
      );
    const words = paid < 0 ? "The homes together earned" : "The homes together paid";
    return el(
      "figure",
      {},
      el(
        "figcaption",
        {},
        el("h3", {}, "Where the money went"),
        el("p", {}, `${words} ${S.money(Math.abs(paid))}. To the millionth, it went here:`),
      ),
      el(
        "table",
        { class: "plain" },
        el(
          "tbody",
          {},
          row("Utility", utility, "for what it sold, less what it bought, and its share of the trades"),
          row("Network", network, "its share of the trades"),
          row("Reserve", reserve, "what rounding left over: it stays with the members"),
          row("Homes", -paid, "paid by them, so it counts negative"),
          el(
            "tr",
            { class: "total" },
            el("td", {}, "Sum"),
            el("td", { class: "right" }, S.exact(utility + network + reserve - paid)),
            el("td", { class: "wide soft" }, "nothing is lost and nothing is made"),
          ),
        ),
      ),
    );
  }

  Object.assign(S, { homeTable, gains, whereMoneyWent, gain, equipment, proofMark, paintMark, BILLS, UNCAPPED });
})();
