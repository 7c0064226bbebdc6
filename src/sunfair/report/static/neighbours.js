// Whom a home bought from and whom it supplied over the run, as the operator tells the trades as pairs.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;

  function who(account) {
    const home = S.data.homes.find((one) => one.account === account);
    return home ? el("a", { href: `#home-${account}` }, home.id) : `account ${account}`;
  }

  /** What of it was a gift, and what the giver paid back; nothing where none was. */
  const gift = (given, repaid) => (given ? `${S.energy(given)}, ${S.exact(repaid)} returned` : "–");

  function table(title, lines, gifts) {
    const head = ["Neighbour", "Energy", ...(gifts ? ["Of it a gift"] : [])];
    const right = (cell) => el("td", { class: "right" }, cell);
    const total = S.street.sum(lines.map(([, wh]) => wh));
    return el(
      "section",
      { class: "card", "data-neighbours": title },
      el("h3", {}, title),
      el("p", { class: "soft" }, `${S.energy(total)}, ${S.plural(lines.length, "neighbour")}`),
      el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
        el(
          "table",
          { class: "plain" },
          el("thead", {}, el("tr", {}, head.map((name, i) => el("th", { scope: "col", class: i ? "right" : "" }, name)))),
          el(
            "tbody",
            {},
            lines.map(([account, wh, given, repaid]) =>
              el("tr", {}, el("td", {}, who(account)), right(S.energy(wh)), gifts ? right(gift(given, repaid)) : null),
            ),
          ),
        ),
      ),
    );
  }

  /** Both tables of a home that traded; null where nobody's trades are told as pairs. */
  function neighbourTables(home) {
    const sides = [
      ["Whom it bought from", home.bought_from],
      ["Whom it supplied", home.supplied],
    ].filter(([, lines]) => lines.length);
    if (!sides.length) return null;
    return [
      el("h3", { class: "part" }, "Its neighbours"),
      el(
        "p",
        { class: "soft" },
        `${S.day.local ? "In the pool everybody pays the one price, ahead that of its place" : "Everybody in a session pays the one price"}; which energy was whose is told afterwards and changes no bill: gifts` +
          " first, then the people a home prefers, then the nearest by cable.",
      ),
      el(
        "div",
        { class: "figures" },
        sides.map(([title, lines]) => table(title, lines, lines.some(([, , given]) => given))),
      ),
    ];
  }

  S.neighbourTables = neighbourTables;
})();
