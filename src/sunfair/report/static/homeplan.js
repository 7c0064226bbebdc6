// What a home's agent had planned, beside what happened: battery, store, and the prices it went by.
(() => {
  const S = globalThis.sunfair;
  const slots = () => Array.from({ length: S.day.count }, (_, t) => t);
  const kilowatt = (wh) => (wh * 3.6) / S.data.slot_seconds;
  const kW = (value) => `${S.number(value, 2)} kW`;

  /** What the agent of this home thought in slot `t`; null where nobody planned. */
  function thoughtOf(home, t) {
    const { agents } = S.day;
    if (!agents || !S.at(agents.steered[home.index], t)) return null;
    const one = (name) => S.at(agents[name][home.index], t);
    const thought = {
      load: one("forecast_load_wh"),
      pv: one("forecast_pv_wh"),
      battery: one("planned_battery_wh"),
      stored: one("planned_soc_wh"),
      buy: one("expected_buy"),
      sell: one("expected_sell"),
    };
    return thought.load || thought.pv || thought.battery || thought.stored ? thought : null;
  }

  const planned = (home) => slots().some((t) => thoughtOf(home, t));

  /** Battery power: bars as it happened, a line as planned. */
  function batteryFigure(home, thoughts, plans, axis) {
    const done = plans.map((plan) => kilowatt(plan.battery));
    const meant = thoughts.map((thought) => thought && kilowatt(thought.battery));
    const both = [...done, ...meant.filter((value) => value !== null)];
    const told = (value) => {
      if (value === null) return "–";
      return Math.abs(value) < 0.005 ? "rests" : `${value < 0 ? "gives" : "takes"} ${kW(Math.abs(value))}`;
    };
    const beside = (thought, meant, was) => (thought ? `${S.wattHours(thought[meant])}, was ${S.wattHours(was)}` : "–");
    return S.figure({
      title: "Planned and done",
      text:
        "The battery in kW: above the line it charges, below it gives. The plan is made anew as the day goes on, and the" +
        " battery follows the meter: the two differ where use or sun were not as expected.",
      legend: [
        ["Done", "battery"],
        ["Planned", "home", "line"],
      ],
      plot: S.plot({
        axis,
        height: 190,
        low: Math.min(-0.1, ...both) * 1.1,
        high: Math.max(0.1, ...both) * 1.1,
        format: (value) => S.number(value, Math.abs(value) < 10 && value % 1 ? 1 : 0),
        label: "Battery of this home, planned and done, in kW",
        layers: [
          { kind: "bars", tone: "battery", values: done },
          { kind: "line", tone: "home", values: meant, stepped: true },
        ],
        tip: (t) =>
          S.tip(S.span(axis.first + t), [
            ["Done", told(done[t]), "battery"],
            ["Planned", told(meant[t]), "home"],
            ["Use expected", beside(thoughts[t], "load", plans[t].load)],
            home.pv_wp ? ["Roof expected", beside(thoughts[t], "pv", plans[t].pv)] : null,
            ["Why", plans[t].reason],
          ]),
      }),
      table: {
        head: ["Slot", "Battery", "Planned", "Stored", "Planned", "Use", "Expected", "Roof", "Expected", "Why"],
        count: plans.length,
        row: (t) => [
          S.span(axis.first + t),
          ...pair(plans[t].battery, thoughts[t]?.battery),
          ...pair(plans[t].stored, thoughts[t]?.stored),
          ...pair(plans[t].load, thoughts[t]?.load),
          ...pair(plans[t].pv, thoughts[t]?.pv),
          plans[t].reason,
        ],
      },
    });
  }

  const pair = (was, meant) => [S.wattHours(was), meant === undefined ? "–" : S.wattHours(meant)];

  /** With whom a home dealt for most of a slot's energy, and at which price (a seller's after fees); null: it did not. */
  function dealt(row, terms) {
    const traded = row.ahead + row.pool;
    if (!row.metered && !traded) return null;
    const among = Math.abs(traded) * 2 >= Math.abs(row.metered);
    const selling = (among ? traded : row.metered) < 0;
    const street = Math.abs(row.ahead) >= Math.abs(row.pool) ? terms.ahead : terms.pool;
    const net = selling && street > 0 ? (street * S.data.fees[0]) / 10_000 : street;
    return { among, selling, price: among ? net : selling ? terms.feedIn : terms.retail };
  }

  /** What came and went through the meter, and with whom. */
  function movedText(row) {
    const traded = row.ahead + row.pool;
    const rest = row.metered - traded;
    const parts = [
      traded ? `${S.wattHours(Math.abs(traded))} ${traded > 0 ? "from" : "to"} neighbours` : null,
      rest ? `${S.wattHours(Math.abs(rest))} ${rest > 0 ? "from" : "to"} the utility` : null,
    ];
    return parts.filter(Boolean).join(", ") || "nothing";
  }

  /** The prices the agent went by, and bold those the home dealt at. */
  function priceFigure(home, thoughts, plans, axis) {
    const rows = slots().map((t) => S.rowOf(home.index, t));
    const deals = rows.map((row, t) => dealt(row, S.termsOf(t)));
    const per = (values) => values.map((micro) => (micro === null ? null : micro / 1e6));
    const buy = per(thoughts.map((thought) => thought && thought.buy));
    const sell = per(thoughts.map((thought) => thought && thought.sell));
    const worth = per(plans.map((plan) => (home.battery_wh ? plan.value : null)));
    const neighbours = per(deals.map((deal) => (deal?.among ? deal.price : null)));
    const utility = per(deals.map((deal) => (deal && !deal.among ? deal.price : null)));
    const all = [...buy, ...sell, ...worth, ...neighbours, ...utility].filter((value) => value !== null);
    const each = (micro) => `${S.price(micro)}/kWh`;
    const dealtText = (deal) => (deal ? `${deal.selling ? "sold" : "bought"} at ${each(deal.price)}` : "–");
    const told = (t) => [
      thoughts[t] ? each(thoughts[t].buy) : "–",
      thoughts[t] ? each(thoughts[t].sell) : "–",
      home.battery_wh ? each(plans[t].value) : "–",
      dealtText(deals[t]),
      movedText(rows[t]),
    ];
    return S.figure({
      title: "Prices it went by",
      text:
        "Per kWh: what the agent expected one more to cost and to bring, and what one in the battery is worth. Bold: the" +
        " price the home really bought or sold at (after fees), with neighbours or with the utility.",
      legend: [
        ["Expected to buy", "retail", "line"],
        ["Expected to sell", "roof", "line"],
        ...(home.battery_wh ? [["In the battery", "battery", "line"]] : []),
        ["Dealt with neighbours", "neighbour"],
        ["with the utility", "grid"],
      ],
      plot: S.plot({
        axis,
        height: 210,
        low: Math.min(0, ...all),
        high: Math.max(0.01, ...all) * 1.08,
        format: (value) => S.number(value, 2),
        label: "Prices of this home over the day, expected and dealt at",
        layers: [
          { kind: "line", tone: "neighbour bold", values: neighbours, stepped: true },
          { kind: "line", tone: "grid bold", values: utility, stepped: true },
          { kind: "line", tone: "retail", values: buy, stepped: true },
          { kind: "line", tone: "roof", values: sell, stepped: true },
          { kind: "line", tone: "battery", values: worth, stepped: true, dashed: true },
        ],
        tip: (t) => {
          const [toBuy, toSell, kept, at, moved] = told(t);
          return S.tip(S.span(axis.first + t), [
            ["Expected to buy", toBuy, "retail"],
            ["Expected to sell", toSell, "roof"],
            home.battery_wh ? ["In the battery", kept, "battery"] : null,
            ["The home", at, deals[t] ? (deals[t].among ? "neighbour" : "grid") : null],
            ["Energy", moved],
          ]);
        },
      }),
      table: {
        head: ["Slot", "Expected to buy", "Expected to sell", "In the battery", "The home", "Energy"],
        count: rows.length,
        row: (t) => [S.span(axis.first + t), ...told(t)],
      },
    });
  }

  /** Both figures of a home somebody planned for; none else. */
  function planFigures(home) {
    if (!planned(home)) return [];
    const thoughts = slots().map((t) => thoughtOf(home, t));
    const plans = slots().map((t) => S.planOf(home.index, t));
    const axis = S.dayAxis();
    return [
      home.battery_wh ? batteryFigure(home, thoughts, plans, axis) : null,
      priceFigure(home, thoughts, plans, axis),
    ];
  }

  /** How full the battery was meant to be, %; null where nobody planned. */
  const plannedFill = (home) =>
    slots().map((t) => {
      const thought = thoughtOf(home, t);
      return thought && (thought.stored / home.battery_wh) * 100;
    });

  /**
   * What the home would have paid under the simple rule: [name, amount, note]; null where it has no shadow, and where it
   * buys of retailers: its shadow's proven bill says nothing of theirs.
   */
  function shadowKey(home) {
    if (home.bill_shadow === null || home.strategy !== "smart" || home.statement) return null;
    const saved = home.bill_shadow - home.bill_market;
    const kept = home.stored_more_wh ? `; ends with ${S.energy(Math.abs(home.stored_more_wh))} ` : "";
    const more = kept && `${kept}${home.stored_more_wh > 0 ? "more" : "less"} stored`;
    return [
      saved < 0 ? "Lost by its agent" : "Gained by its agent",
      S.money(Math.abs(saved)),
      `by the simple rule: ${S.bill(home.bill_shadow)}${more}`,
    ];
  }

  Object.assign(S, { planFigures, planned, plannedFill, shadowKey });
})();
