// One home: its figures and its bill, its day, and why its agent did what it did.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;
  const kilowatt = (wh) => (wh * 3.6) / S.data.slot_seconds;
  const kW = (value) => `${S.number(value, 2)} kW`;
  const slots = () => Array.from({ length: S.day.count }, (_, t) => t);

  function key(name, value, note) {
    return el(
      "div",
      { class: "key" },
      el("span", { class: "name" }, name),
      el("strong", {}, value),
      note ? el("span", { class: "soft" }, note) : null,
    );
  }

  function keys(home) {
    const gained = S.gain(home);
    const days = S.data.series.days.length;
    return el("div", { class: "keys" }, [
      key(
        home.bill_market < 0 ? "Earned" : "Bill",
        S.money(Math.abs(home.bill_market)),
        days > 1 ? `over ${S.number(days)} days` : "for this day",
      ),
      home.statement
        ? key(
            home.statement < 0 ? "Retailers asked" : "Retailers gave back",
            S.money(Math.abs(home.statement)),
            `with the bill: ${S.bill(home.bill_market - home.statement)}`,
          )
        : null,
      gained === null
        ? null
        : key(
            gained < 0 ? "Lost by the market" : "Gained by the market",
            S.money(Math.abs(gained)),
            `without it: ${S.bill(home.bill_battery_only)}${home.stored ? `, and ${S.money(Math.abs(home.stored))} ${home.stored < 0 ? "more" : "less"} in its battery` : ""}`,
          ),
      S.shadowKey(home) ? key(...S.shadowKey(home)) : null,
      home.bill_alone === null || !home.battery_wh
        ? null
        : key(
            "With neither",
            S.bill(home.bill_alone),
            S.data.figures.envelope
              ? "no battery, no market; as if the wires carried everything"
              : "no battery, no market",
          ),
      key(
        "Used",
        S.energy(home.use_wh),
        home.self_sufficiency === null ? null : `${S.percent(home.self_sufficiency)} its own and neighbours’`,
      ),
      home.roof_wh
        ? key(
            "Roof gave",
            S.energy(home.roof_wh),
            [
              home.self_consumption === null ? null : `${S.percent(home.self_consumption)} used in the street`,
              home.curtailed_wh ? `${S.energy(home.curtailed_wh)} more were turned down` : null,
            ]
              .filter(Boolean)
              .join("; "),
          )
        : null,
      key(
        "With neighbours",
        S.energy(home.bought_wh + home.sold_wh),
        `${S.energy(home.bought_wh)} bought, ${S.energy(home.sold_wh)} sold`,
      ),
    ]);
  }

  function dayPlots(home, proofBox) {
    const axis = S.dayAxis();
    const plans = slots().map((t) => S.planOf(home.index, t));
    const rows = slots().map((t) => S.rowOf(home.index, t));
    const use = plans.map((plan) => kilowatt(plan.load + plan.ev));
    const roof = plans.map((plan) => kilowatt(plan.pv - plan.curtailed));
    const battery = plans.map((plan) => kilowatt(plan.battery));
    const traded = rows.map((row) => kilowatt(row.ahead + row.pool));
    const utility = rows.map((row) => kilowatt(row.metered - row.ahead - row.pool));
    const pick = (t) => S.showProof(home, t, proofBox);
    const common = { axis, pick, format: (value) => S.number(value, Math.abs(value) < 10 && value % 1 ? 1 : 0) };
    const way = (value, taking, giving) => (value < 0 ? giving : taking);
    const ownsBattery = home.battery_wh > 0;
    const behind = S.plot({
      ...common,
      low: Math.min(0, ...battery) * 1.1,
      high: Math.max(...use, ...roof, ...battery, 0.1) * 1.1,
      label: "Use, roof and battery of this home, in kW",
      layers: [
        { kind: "stack", parts: [{ tone: "roof", values: roof }] },
        ...(ownsBattery ? [{ kind: "bars", tone: "battery", values: battery }] : []),
        { kind: "line", tone: "home", values: use },
      ],
      tip: (t) =>
        S.tip(S.span(axis.first + t), [
          ["Used", kW(use[t]), "home"],
          plans[t].ev ? ["of it the car", kW(kilowatt(plans[t].ev)), "car"] : null,
          ["Roof", kW(roof[t]), "roof"],
          ownsBattery ? [`Battery ${way(battery[t], "takes", "gives")}`, kW(Math.abs(battery[t])), "battery"] : null,
          ["Why", plans[t].reason],
        ]),
    });
    const beyond = S.plot({
      ...common,
      height: 170,
      low: Math.min(0, ...traded, ...utility) * 1.1,
      high: Math.max(...traded, ...utility, 0.1) * 1.1,
      label: "Energy traded with neighbours and the utility, in kW",
      layers: [
        { kind: "bars", tone: "neighbour", values: traded },
        { kind: "line", tone: "grid", values: utility, stepped: true },
      ],
      tip: (t) =>
        S.tip(S.span(axis.first + t), [
          [way(traded[t], "From neighbours", "To neighbours"), kW(Math.abs(traded[t])), "neighbour"],
          [way(utility[t], "From the utility", "To the utility"), kW(Math.abs(utility[t])), "grid"],
          [rows[t].paid < 0 ? "Paid" : "Received", S.exact(Math.abs(rows[t].paid))],
        ]),
    });
    return [
      S.figure({
        title: "Its day behind the meter",
        text: ownsBattery ? "In kW. Bars above the line charge the battery, below they give." : "In kW.",
        legend: [["Roof", "roof"], ...(ownsBattery ? [["Battery", "battery"]] : []), ["Use", "home", "line"]],
        plot: behind,
        table: dayTable(plans, rows),
      }),
      S.figure({
        title: "What it traded",
        text: "In kW. Above the line it takes, below it gives. Press a slot for its proof.",
        legend: [
          ["Neighbours", "neighbour"],
          ["Utility", "grid", "line"],
        ],
        plot: beyond,
      }),
      S.homeCaps(home),
      ownsBattery ? stored(home, plans, axis) : null,
      ...S.planFigures(home),
      S.homeFlow(home),
    ];
  }

  function dayTable(plans, rows) {
    return {
      head: ["Slot", "Load", "Car", "Roof", "Battery", "Stored", "Traded", "Metered", "Paid"],
      count: rows.length,
      row: (t) => [
        S.span(rows[t].slot),
        ...[
          plans[t].load,
          plans[t].ev,
          plans[t].pv - plans[t].curtailed,
          plans[t].battery,
          plans[t].stored,
          rows[t].ahead + rows[t].pool,
          rows[t].metered,
        ].map((wh) => S.wattHours(wh)),
        S.exact(rows[t].paid),
      ],
    };
  }

  function stored(home, plans, axis) {
    const fill = plans.map((plan) => (plan.stored / home.battery_wh) * 100);
    const meant = S.planned(home) ? S.plannedFill(home) : null;
    return S.figure({
      title: "Its battery",
      text: `${S.energy(home.battery_wh)} when full.`,
      legend: meant && [
        ["As it was", "battery"],
        ["As planned", "home", "line"],
      ],
      plot: S.plot({
        axis,
        low: 0,
        high: 100,
        levels: [0, 50, 100],
        height: 130,
        format: (value) => `${value} %`,
        label: "How full the battery is",
        layers: [
          { kind: "stack", parts: [{ tone: "battery", values: fill }] },
          ...(meant ? [{ kind: "line", tone: "home", values: meant }] : []),
        ],
        tip: (t) =>
          S.tip(S.span(axis.first + t), [
            ["Full", `${S.number(fill[t])} % · ${S.energy(plans[t].stored)}`, "battery"],
            meant && meant[t] !== null ? ["Planned", `${S.number(meant[t])} %`, "home"] : null,
            ["A stored kWh is worth", S.price(plans[t].value)],
          ]),
      }),
    });
  }

  /** Why: consecutive slots with the same sentence together, each slot's own words inside. */
  function reasons(home) {
    const groups = [];
    for (const t of slots()) {
      const plan = S.planOf(home.index, t);
      if (groups.at(-1)?.sentence === plan.sentence) groups.at(-1).slots.push([t, plan.reason]);
      else groups.push({ sentence: plan.sentence, slots: [[t, plan.reason]] });
    }
    const first = S.day.first;
    const items = groups.map(({ slots: part }) => {
      const [from, to] = [part[0][0], part.at(-1)[0]];
      const time = el("time", {}, `${S.clock(first + from)}–${S.clock(first + to + 1)}`);
      if (part.length === 1) return el("li", {}, time, el("span", {}, part[0][1]));
      const each = part.map(([t, words]) => el("li", {}, el("time", {}, S.clock(first + t)), el("span", {}, words)));
      const middle = part[part.length >> 1];
      return el(
        "li",
        {},
        time,
        el(
          "details",
          {},
          el(
            "summary",
            {},
            `${middle[1]} `,
            el("span", { class: "soft" }, `(as at ${S.clock(first + middle[0])}; ${S.plural(part.length, "slot")})`),
          ),
          el("ol", { class: "reasons" }, each),
        ),
      );
    });
    return el(
      "section",
      { class: "card" },
      el("h3", {}, "Why its agent did what it did"),
      el("p", { class: "soft" }, `Prices in ${S.data.currency} per kWh, what is stored at its worth in the hours to come.`),
      el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Reasons" },
        el("ol", { class: "reasons" }, items),
      ),
    );
  }

  function walk(home) {
    const homes = S.data.homes;
    const choose = (event) => (location.hash = `#home-${event.target.value}`);
    const select = el(
      "select",
      { "aria-label": "Choose a home", change: choose },
      homes.map((one) => el("option", { value: one.account, selected: one === home }, one.id)),
    );
    const step = (other, name, sign) =>
      other
        ? el("a", { class: "button", href: `#home-${other.account}`, "aria-label": `${name}: ${other.id}` }, sign)
        : el("span", { class: "button off" }, sign);
    return el(
      "nav",
      { class: "walk", "aria-label": "Homes" },
      el("a", { class: "button", href: "#homes" }, "← The street"),
      step(homes[home.index - 1], "Previous home", "‹"),
      select,
      step(homes[home.index + 1], "Next home", "›"),
    );
  }

  function homePage(home) {
    const proofBox = el("div", { class: "proof-box", "aria-live": "polite" });
    const place = [
      home.meter !== home.id ? `meter ${home.meter}` : null,
      home.bus === null ? null : `place ${home.bus}`,
      home.phase ? `phase ${home.phase.toUpperCase()}` : null,
      S.equipment(home),
    ];
    const shown = home.index < (S.day?.homes ?? 0);
    const when = S.day ? S.date(S.day.date) : "";
    return [
      walk(home),
      el(
        "header",
        { class: "home-head" },
        el("h2", { tabindex: "-1" }, home.id),
        el("p", { class: "soft" }, place.filter(Boolean).join(" · ")),
      ),
      keys(home),
      el(
        "div",
        { class: "two" },
        el("div", {}, S.billCard(home, proofBox), S.holderCard(home, proofBox), S.plantCard(home)),
        el("div", {}, proofBox, shown ? null : el("p", { class: "card" }, "No rows of this home are in the page.")),
      ),
      ...(S.neighbourTables(home) ?? []),
      shown ? el("h3", { class: "part" }, when) : null,
      shown ? el("div", { class: "figures" }, dayPlots(home, proofBox), reasons(home)) : null,
    ];
  }

  S.homePage = homePage;
})();
