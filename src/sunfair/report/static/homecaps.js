// What a home's meter might take and give over the day, what it did, and what of its roof was turned down.
(() => {
  const S = globalThis.sunfair;
  const kilowatt = (wh) => (wh * 3.6) / S.data.slot_seconds;
  const kW = (value) => `${S.number(Math.abs(value), 2)} kW`;
  const way = (value) => `${value < 0 ? "gives" : "takes"} ${kW(value)}`;

  /** The caps of this home's meter; null where meters have none. */
  function homeCaps(home) {
    const caps = S.day.meter_caps;
    if (!caps) return null;
    const axis = S.dayAxis();
    const slots = Array.from({ length: axis.count }, (_, t) => t);
    const read = (column) => slots.map((t) => kilowatt(S.at(column[home.index], t)));
    const [taking, giving] = [read(caps.import), read(caps.export).map((value) => -value)];
    const plans = slots.map((t) => S.planOf(home.index, t));
    const net = plans.map((plan) => kilowatt(plan.load + plan.ev + plan.battery - plan.pv + plan.curtailed));
    const cut = plans.map((plan) => kilowatt(plan.curtailed));
    const lost = S.street.sum(plans.map((plan) => plan.curtailed));
    const made = S.street.sum(plans.map((plan) => plan.pv));
    const words = lost
      ? `${S.energy(lost)} of its roof, ${S.percent(lost / made, 1)} of what it could give, found no room and was turned down.`
      : made
        ? "Nothing of its roof was turned down."
        : "";
    // Caps far beyond what the home does would flatten everything else: they are cut off at twice that.
    const most = Math.max(...net.map(Math.abs), ...cut, 0.5) * 2;
    const within = (values) => values.map((value) => Math.max(-most, Math.min(most, value)));
    const beyond = [...taking, ...giving].some((value) => Math.abs(value) > most);
    return S.figure({
      title: "What its meter might show",
      text: `The caps it was told before each slot, so that the wires hold whatever homes do; in kW, above the line it takes, below it gives. ${words}`,
      legend: [
        ["What it might", "fine"],
        ["What flowed", "home", "line"],
        ...(lost ? [["Turned down", "limit"]] : []),
      ],
      note: `Where the wires are full a cap is what the home asked for, and no more.${beyond ? " Caps out of the picture leave more room than the home uses." : ""}`,
      plot: S.plot({
        axis,
        low: Math.max(-most, Math.min(...giving, ...net)) * 1.06,
        high: Math.min(most, Math.max(...taking, ...net, ...cut)) * 1.06,
        height: 190,
        format: (value) => S.number(value, Math.abs(value) < 10 && value % 1 ? 1 : 0),
        label: "Caps of this home's meter and what flowed, in kW",
        layers: [
          { kind: "band", tone: "fine", low: within(giving), high: within(taking), stepped: true },
          ...(lost ? [{ kind: "bars", tone: "limit", values: cut }] : []),
          { kind: "line", tone: "home", values: net, stepped: true },
        ],
        tip: (t) =>
          S.tip(S.span(axis.first + t), [
            ["Might take", kW(taking[t]), "fine"],
            ["Might give", kW(giving[t]), "fine"],
            ["It", way(net[t]), "home"],
            cut[t] ? ["Turned down", kW(cut[t]), "limit"] : null,
          ]),
      }),
      table: {
        head: ["Slot", "Might take", "Might give", "Flowed", "Turned down"],
        count: axis.count,
        row: (t) => [S.span(axis.first + t), kW(taking[t]), kW(giving[t]), way(net[t]), kW(cut[t])],
      },
    });
  }

  S.homeCaps = homeCaps;
})();
