// A figure: heading, what it shows in a sentence, legend, plot, and the same numbers as a table.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;

  /** Contents of a tip: a heading and rows of [name, text, tone]. */
  function tip(title, rows) {
    const shown = rows.filter((row) => row);
    return [
      el("strong", {}, title),
      el(
        "dl",
        {},
        shown.map(([name, text, tone]) => [el("dt", {}, tone ? S.swatch(tone) : "", name), el("dd", {}, text)]),
      ),
    ];
  }

  const legend = (items) =>
    el(
      "ul",
      { class: "legend" },
      items.map(([name, tone, shape]) => el("li", {}, S.swatch(tone, shape), name)),
    );

  /** Numbers behind a plot, made only when somebody opens them. */
  function numbers(head, count, row) {
    const box = el("details", { class: "numbers" }, el("summary", {}, "Show the numbers"));
    box.addEventListener("toggle", () => {
      if (box.childElementCount > 1) return;
      const body = Array.from({ length: count }, (_, i) =>
        el(
          "tr",
          {},
          row(i).map((cell) => el("td", {}, cell)),
        ),
      );
      const table = el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            head.map((cell) => el("th", { scope: "col" }, cell)),
          ),
        ),
        el("tbody", {}, body),
      );
      box.append(
        el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of the plot" }, table),
      );
    });
    return box;
  }

  /** {title, text, legend, plot, table?: {head, count, row}, note?} */
  function figure({ title, text, legend: items, plot, table, note }) {
    return el(
      "figure",
      {},
      el("figcaption", {}, el("h3", {}, title), text ? el("p", {}, text) : null),
      items ? legend(items) : null,
      plot,
      note ? el("p", { class: "note" }, note) : null,
      table ? numbers(table.head, table.count, table.row) : null,
    );
  }

  /** The time a place on the axis stands for. */
  function when(axis, i) {
    if (axis.by === "day") return S.shortDate(axis.days[i]);
    const day = axis.days.length > 1 ? `${S.shortDate(S.dateOf(axis.first + i))}, ` : "";
    return day + S.span(axis.first + i);
  }

  /** The axis of the street's plots, and of the day whose rows are in the page. */
  const streetAxis = () => {
    const { by, first, count, days } = S.data.series;
    return { by, first, count, days };
  };
  const dayAxis = () => ({ by: "slot", first: S.day.first, count: S.day.count, days: [S.day.date] });

  Object.assign(S, { figure, tip, legend, when, streetAxis, dayAxis });
})();
