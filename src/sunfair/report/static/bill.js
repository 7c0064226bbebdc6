// A home's bill: its lines, the slots behind a line, and the proof of a slot.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;
  const slots = () => Array.from({ length: S.day.count }, (_, t) => t);

  /** Wh and µ of each bill line in one slot of the day. */
  function partsOf(home, t) {
    return S.moneyParts(S.rowOf(home.index, t), S.termsOf(t));
  }

  /** Amounts on a bill: to pay plain, to receive with a minus and in another colour. */
  const owed = (micro, format = S.money) =>
    micro > 0 ? el("span", { class: "better" }, `−${format(micro)}`) : format(-micro);

  function billRows(home, lines, pick) {
    return lines.map(([line, wh, micro]) => {
      const name = S.data.lines[line];
      const rate = wh ? `${S.price(Math.round((Math.abs(micro) * 1000) / Math.abs(wh)))}/kWh` : "–";
      const label = pick
        ? el(
            "button",
            {
              type: "button",
              class: "line-button",
              "aria-expanded": "false",
              "data-line": line,
              click: (event) => pick(line, event.currentTarget),
            },
            name,
          )
        : name;
      return el(
        "tr",
        {},
        el("td", {}, label),
        el("td", { class: "right" }, S.energy(Math.abs(wh))),
        el("td", { class: "right wide" }, rate),
        el("td", { class: "right" }, owed(micro, S.exact)),
      );
    });
  }

  function billTable(home, lines, pick) {
    const total = S.street.sum(lines.map(([, , micro]) => micro));
    const head = el(
      "tr",
      {},
      el("th", { scope: "col" }, "Line"),
      el("th", { scope: "col", class: "right" }, "Energy"),
      el("th", { scope: "col", class: "right wide" }, "On average"),
      el("th", { scope: "col", class: "right" }, "Amount"),
    );
    const foot = el(
      "tr",
      { class: "total" },
      el("td", {}, total > 0 ? "To receive" : "To pay"),
      el("td", {}),
      el("td", { class: "wide" }),
      el("td", { class: "right" }, S.exact(Math.abs(total))),
    );
    return el(
      "table",
      { class: "plain bill" },
      el("thead", {}, head),
      el("tbody", {}, billRows(home, lines, pick), foot),
    );
  }

  /** The slots that make up a bill line: a plot, a list, and the proof of whichever is pressed. */
  function lineSlots(home, line, proofBox) {
    const found = slots().flatMap((t) =>
      partsOf(home, t)
        .filter((part) => part.line === line)
        .map((part) => ({ t, ...part })),
    );
    const byTime = slots().map((t) => Math.abs(found.find((one) => one.t === t)?.amount ?? 0));
    const show = (t) => showProof(home, t, proofBox);
    const axis = S.dayAxis();
    const plot = S.plot({
      axis,
      low: 0,
      high: Math.max(...byTime, 1) * 1.1,
      height: 120,
      left: 60,
      format: (micro) => S.price(micro).replace(/0$/, ""),
      label: `${S.data.lines[line]}: money by slot`,
      layers: [{ kind: "bars", tone: line < 4 ? "neighbour" : "grid", values: byTime }],
      pick: show,
      tip: (t) =>
        S.tip(S.span(axis.first + t), [
          ["Money", S.exact(byTime[t])],
          ["Press", "for the proof"],
        ]),
    });
    const rows = found.map((one) =>
      el(
        "tr",
        {},
        el(
          "td",
          {},
          el(
            "button",
            { type: "button", class: "slot-button", "data-slot": one.t, click: () => show(one.t) },
            S.span(axis.first + one.t),
          ),
        ),
        el("td", { class: "right" }, S.wattHours(Math.abs(one.wh))),
        el("td", { class: "right" }, one.price === null ? "–" : S.price(one.price)),
        el("td", { class: "right" }, owed(one.amount, S.exact)),
      ),
    );
    const head = el(
      "tr",
      {},
      ["Slot", "Energy", "Price per kWh", "Amount"].map((name, i) =>
        el("th", { scope: "col", class: i ? "right" : "" }, name),
      ),
    );
    return el(
      "div",
      { class: "line-slots" },
      el("h4", {}, `${S.plural(found.length, "slot")} make up “${S.data.lines[line]}”`),
      plot,
      el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Slots of this line" },
        el("table", { class: "plain" }, el("thead", {}, head), el("tbody", {}, rows)),
      ),
      el("p", { class: "note" }, "Press a slot: its proof is worked out here and now."),
    );
  }

  /** Puts the proof of slot `t` in its place, and into the address, so that it can be found again. */
  function showProof(home, t, box) {
    box.replaceChildren(S.slotProof(home.index, t));
    history.replaceState(null, "", `#home-${home.account}-${S.day.first + t}`);
    box.scrollIntoView({
      block: "nearest",
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
    });
  }

  function billCard(home, proofBox) {
    const panel = el("div", {});
    const shown = home.index < (S.day?.homes ?? 0);
    const pick = (line, button) => {
      const open = button.getAttribute("aria-expanded") === "true";
      for (const other of panel.parentElement.querySelectorAll(".line-button"))
        other.setAttribute("aria-expanded", "false");
      panel.replaceChildren(...(open ? [] : [lineSlots(home, line, proofBox)]));
      button.setAttribute("aria-expanded", String(!open));
    };
    const many = S.data.series.days.length > 1;
    const hint = shown
      ? "Press a line to see the slots behind it, and prove any of them."
      : "This page holds the rows of the first homes only; `sunfair audit` checks them all.";
    return el(
      "section",
      { class: "card" },
      el("h3", {}, many && S.day ? `Bill of ${S.date(S.day.date)}` : "Bill"),
      el("p", { class: "soft" }, hint),
      billTable(home, many && S.day ? home.day_lines : home.lines, shown ? pick : null),
      panel,
      many
        ? el(
            "details",
            {},
            el("summary", {}, "Bill of the whole run"),
            billTable(home, home.lines, null),
            el(
              "p",
              { class: "note" },
              "Rows are in this page for the last settled day alone; `sunfair audit` checks every day.",
            ),
          )
        : null,
    );
  }

  Object.assign(S, { billCard, showProof });
})();
