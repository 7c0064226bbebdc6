// The page: headline, the street's figures, the homes, and which of them the address shows.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;

  function when() {
    const { days } = S.data.series;
    if (!days.length) return "before its first slot";
    if (days.length === 1) return `on ${S.date(days[0])}`;
    return `from ${S.date(days[0])} to ${S.date(days.at(-1))}`;
  }

  /** The share of the roofs' energy that stayed in the street. */
  function kept() {
    const known = S.data.figures.community.self_consumption;
    if (known !== undefined) return known;
    const flow = S.street.flowSums();
    const made = flow.roof_home + flow.roof_battery + flow.roof_neighbour + flow.roof_grid;
    return made ? 1 - (flow.roof_grid + flow.battery_grid) / made : null;
  }

  function saved() {
    const { bill_battery_only: without, bill_market: paid, statement, stored } = S.data.figures.community;
    return without === undefined || paid === undefined ? null : without - paid + (statement ?? 0) + (stored ?? 0);
  }

  const traded = () => S.data.figures.community.traded_wh ?? S.street.sum(S.data.homes.map((home) => home.bought_wh));

  /** What batteries hold at the end more or less than without the market, in words; nothing if it is nothing. */
  function inStore() {
    const stored = S.data.figures.community.stored ?? 0;
    if (!stored) return "";
    return stored < 0
      ? `; ${S.money(-stored)} for what batteries hold less is taken off`
      : `; ${S.money(stored)} more in batteries is counted in`;
  }

  function sentence() {
    const parts = [
      el("strong", {}, S.data.name),
      ` is a street of ${S.plural(S.data.homes.length, "home")}. ${when()[0].toUpperCase()}${when().slice(1)} they traded `,
      el("em", {}, S.energy(traded())),
      " among themselves",
    ];
    if (kept() !== null)
      parts.push(", kept ", el("em", {}, S.percent(kept())), " of their roofs’ energy in the street");
    if (saved() !== null)
      parts.push(
        ", and ",
        saved() < 0 ? "paid " : "were better off by ",
        el("em", {}, S.money(Math.abs(saved()))),
        saved() < 0 ? " more" : "",
        " than with the utility alone",
      );
    return el("p", { class: "lead" }, parts, ".");
  }

  function tile(name, value, note, more = {}) {
    return el(
      "div",
      { class: "tile", ...more },
      el("span", { class: "name" }, name),
      el("strong", {}, value),
      el("span", { class: "soft" }, note),
    );
  }

  function violationTile() {
    const found = S.data.figures.violations;
    if (!found || (!S.data.map && !found.slots && S.street.column("max_voltage_pu").every((value) => value === null))) return null;
    const lost = S.street.sum(S.street.column("unsolved"));
    const unable = lost ? `, ${S.number(lost)} of them more than they can carry at all (no power-flow solution)` : "";
    const note = found.slots
      ? `${S.plural(found.slots, "slot")} outside the wires’ limits${unable}`
      : "voltage and loading stayed within limits";
    return tile("Wires overstrained", `${S.number(found.hours, found.hours % 1 ? 2 : 0)} h`, note, {
      class: found.slots ? "tile warn" : "tile",
    });
  }

  /** The tile that counts the proofs as the browser works them out. */
  function proofTile() {
    if (!S.day) return null;
    const value = el("strong", {});
    const note = el("span", { class: "soft" });
    const bar = el("i", {});
    const box = el(
      "div",
      { class: "tile proofs", "data-checks": "running" },
      el("span", { class: "name" }, "Proofs checked here"),
      value,
      note,
      el("div", { class: "meter", "aria-hidden": "true" }, bar),
    );
    S.check.listen((state) => {
      value.textContent = S.number(state.rows + state.slots);
      bar.style.width = `${(100 * state.done) / Math.max(1, state.total)}%`;
      if (!state.finished) note.textContent = "your browser is working them out";
      else if (state.faults.length)
        note.textContent = `${S.plural(state.faults.length, "thing does", "things do")} not add up`;
      else if (S.proof.settlement().status === S.proof.OPEN)
        note.textContent = "rows add up; not settled on the chain yet";
      else note.textContent = "every row leads to the chain";
      if (state.finished) box.dataset.checks = state.faults.length ? "bad" : "good";
    });
    return box;
  }

  function tiles() {
    const { community } = S.data.figures;
    const better = community.homes_better_off;
    const mean = S.street.meanPrice();
    return el("div", { class: "tiles" }, [
      tile(
        "Traded among neighbours",
        S.energy(traded()),
        mean === null
          ? "nothing changed hands"
          : `at ${S.price(mean)} a kWh on average; net, what a home bought and sold back is not in it`,
      ),
      kept() === null ? null : tile("Roofs’ energy kept in the street", S.percent(kept()), "the rest went to the grid"),
      saved() === null
        ? null
        : tile(
            saved() < 0 ? "Cost of the market" : "Saved by the street",
            S.money(Math.abs(saved())),
            better === undefined
              ? "against no market"
              : `${S.number(better)} of ${S.plural(S.data.homes.length, "home")} better off${inStore()}`,
          ),
      violationTile(),
      proofTile(),
    ]);
  }

  function notices() {
    const items = S.data.notices.map((notice) => el("li", {}, notice));
    return items.length ? el("aside", { class: "notices" }, el("h2", {}, "Read this too"), el("ul", {}, items)) : null;
  }

  function banners() {
    const found = [];
    const days = S.data.series.days.length;
    const planned = S.data.planned_days;
    if (S.data.partial) {
      const slots = S.data.series.by === "slot" ? `, ${S.plural(S.data.series.count, "slot")}` : "";
      found.push(
        el(
          "div",
          { class: "banner", "data-banner": "partial" },
          el("strong", {}, "This run is partial. "),
          `It was ended early: this page shows ${S.plural(days, "day")}${slots}${planned ? ` of ${S.plural(planned, "day")} planned` : ""}. What is not settled yet cannot be held against the chain.`,
        ),
      );
    }
    if (S.day?.chain_error)
      found.push(
        el(
          "div",
          { class: "banner", "data-banner": "chain" },
          el("strong", {}, "The chain cannot be read. "),
          S.day.chain_error,
        ),
      );
    return found;
  }

  /** What the checks found wrong, at the top of the page where nobody misses it. */
  function alarm() {
    const box = el("div", { class: "banner alarm", role: "alert", hidden: true, "data-banner": "alarm" });
    S.check.listen((state) => {
      if (!state.faults.length) return;
      box.hidden = false;
      const items = state.faults
        .slice(0, 6)
        .map(({ text, home, t }) =>
          el(
            "li",
            {},
            home === undefined ? text : el("a", { href: `#home-${home + S.FIRST_MEMBER}-${S.day.first + t}` }, text),
          ),
        );
      const rest = state.faults.length - items.length;
      box.replaceChildren(
        el("strong", {}, "This page does not add up. "),
        el("ul", {}, items, rest > 0 ? el("li", {}, `and ${S.number(rest)} more`) : null),
      );
    });
    return box;
  }

  function part(id, title, lead, ...children) {
    const shown = children.flat().filter(Boolean);
    return shown.length
      ? el(
          "section",
          { id, class: "part" },
          el("h2", {}, title),
          lead ? el("p", { class: "soft lead-in" }, lead) : null,
          shown,
        )
      : null;
  }

  /** Figures side by side, if there are any. */
  function beside(...figures) {
    const shown = figures.filter(Boolean);
    return shown.length ? el("div", { class: "figures" }, shown) : null;
  }

  function tryIt() {
    return part(
      "audit",
      "Change one number",
      null,
      el(
        "div",
        { class: "card try" },
        el(
          "p",
          {},
          "Open any of the Parquet files beside this page, change a single number (a price, a watt-hour, a millionth), and save it. Then run ",
          el("code", {}, "sunfair audit"),
          " on the folder: it works everything out again from the files, holds it against the chain, and its last line names the slot and the account that are wrong.",
        ),
        el("pre", {}, el("code", {}, "sunfair audit DIR\n# exit 1, last line: slot N account A: …")),
        el(
          "p",
          { class: "soft" },
          "This page does the same on its own numbers for one day: change one in its source and open it again.",
        ),
      ),
    );
  }

  /** The page's parts; of a run that ended before its first slot only the head and the homes are there. */
  function street() {
    const { street } = S;
    const head = [
      el(
        "header",
        { class: "hero" },
        el(
          "div",
          { class: "hero-top" },
          S.skyline(),
          el("h1", {}, el("span", { class: "brand" }, "Sunfair"), S.data.name),
          sentence(),
        ),
        tiles(),
      ),
      notices(),
    ];
    if (!S.day) return [...head, part("homes", "The homes", null, S.homeTable())];
    return [
      ...head,
      part("prices", "What energy cost", null, street.prices()),
      part("energy", "Where the energy went", null, S.sankey(), beside(street.roofs(), street.homes())),
      part("batteries", "Batteries and cars", null, beside(street.batteries(), street.cars())),
      part(
        "wires",
        "The wires",
        null,
        street.limits(),
        beside(street.voltages(), street.loading()),
        S.streetMap(),
        beside(...S.wireDay.balance()),
        S.wireDay.prices(),
        S.wireDay.heldBack(),
      ),
      part(
        "homes",
        "Every home’s bill, three ways",
        `What each home paid with the market, what the same home would have paid with its battery but no market, and with neither.${S.data.figures.envelope ? ` ${S.UNCAPPED}` : ""}`,
        S.gains(),
        S.homeTable(),
        S.whereMoneyWent(),
      ),
      tryIt(),
    ];
  }

  function footer() {
    const { data, day } = S;
    const chain = day?.chain;
    const facts = [
      data.seed === null ? null : `seed ${data.seed}`,
      `times in ${data.timezone}`,
      chain
        ? `chain ${chain.chain_id}, ${S.plural(chain.periods_anchored, "period")} anchored, ${S.number(chain.periods_applied)} applied`
        : null,
      data.series.by === "day" ? "longer than a week: plotted by day" : null,
    ];
    return el(
      "footer",
      {},
      el("p", {}, facts.filter(Boolean).join(" · ")),
      el(
        "p",
        {},
        `This page holds the private rows of ${data.homes.length === 1 ? "the home" : "all homes"}${data.series.days.length > 1 && day ? ` for ${S.date(day.date)}` : ""}. They belong to the people who live there: before handing it on, ask them.`,
      ),
      el(
        "p",
        {},
        "What anyone can see of the market itself: every curve and fill of every slot without names, in an order drawn anew each time; and on chain what each account was paid for a whole period, by address. A curve unlike all others can be followed through the day, and in a very small community a guess is often right.",
      ),
    );
  }

  /** Shows what the address names: a home, or the street and a place in it. */
  function route(views) {
    const wanted = location.hash.match(/^#home-(\d+)(?:-(\d+))?$/);
    const home = wanted && S.data.homes.find((one) => one.account === Number(wanted[1]));
    views.street.hidden = Boolean(home);
    views.home.hidden = !home;
    views.nav.hidden = Boolean(home);
    if (home) {
      views.home.replaceChildren(...S.homePage(home).filter(Boolean));
      scrollTo(0, 0);
      views.home.querySelector("h2").focus({ preventScroll: true });
      const t = Number(wanted[2]) - (S.day?.first ?? 0);
      if (t >= 0 && t < S.day?.count) S.showProof(home, t, views.home.querySelector(".proof-box"));
      document.title = `${home.id} – ${S.data.name} – Sunfair`;
      return;
    }
    document.title = `${S.data.name} – Sunfair`;
    if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }

  function start() {
    S.load(JSON.parse(document.getElementById("data").textContent));
    const root = document.getElementById("page");
    const links = [
      ["prices", "Prices"],
      ["energy", "Energy"],
      ["batteries", "Batteries"],
      ["wires", "Wires"],
      ["homes", "Homes"],
      ["audit", "Check it"],
    ];
    const views = { street: el("div", { id: "top" }), home: el("div", { class: "home-page", hidden: true }) };
    root.replaceChildren(alarm(), ...banners(), el("main", {}, views.street, views.home), footer());
    views.street.append(...street().filter(Boolean));
    const there = links.filter(([id]) => views.street.querySelector(`#${id}`));
    views.nav = el(
      "nav",
      { class: "sections", "aria-label": "Sections" },
      there.map(([id, name]) => el("a", { href: `#${id}` }, name)),
    );
    root.prepend(views.nav);
    addEventListener("hashchange", () => route(views));
    route(views);
    if (S.day) S.check.start();
  }

  start();
})();
