// What a home has of the plants it holds: the lines of the day and of the run, and the proof of each.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;
  const { OK, BAD, OPEN } = S.proof;
  const verdict = (right) => (right ? OK : BAD);
  const worst = (steps) => [BAD, OPEN].find((status) => steps.some((one) => one.status === status)) ?? OK;
  const shares = (part, whole) => S.percent(part / whole, 2);

  /** The plants a home holds, with its place among the holders. */
  const held = (home) =>
    (S.data.plants ?? [])
      .map((plant) => ({ plant, at: plant.holders.indexOf(home.account) }))
      .filter(({ at }) => at >= 0);

  /** Lines [name, Wh or null, µ or null] of a holder's numbers. */
  function lines(plant, part) {
    const named = [[`Income of ${plant.id}, by its shares`, null, part.due ?? 0]];
    if (part.shared_wh === null) return named;
    const own = plant.price === null ? "told as its own (nothing is paid)" : "shared by key, returned by the utility";
    return [...named, [`Of ${plant.id}, ${own}`, part.shared_wh, plant.price === null ? null : (part.paid ?? 0)]];
  }

  function table(rows) {
    const right = (text) => el("td", { class: "right" }, text);
    const total = S.street.sum(rows.map(([, , micro]) => micro ?? 0));
    const head = ["Beside the bill", "Energy", "To receive"].map((name, i) =>
      el("th", { scope: "col", class: i ? "right" : "" }, name),
    );
    return el(
      "table",
      { class: "plain bill" },
      el("thead", {}, el("tr", {}, head)),
      el(
        "tbody",
        {},
        rows.map(([name, wh, micro]) =>
          el(
            "tr",
            {},
            el("td", {}, name),
            right(wh === null ? "" : S.energy(wh)),
            right(micro === null ? "–" : S.exact(micro)),
          ),
        ),
        el("tr", { class: "total" }, el("td", {}, "To receive"), el("td", {}), right(S.exact(total))),
      ),
    );
  }

  function rowsStep(plant) {
    const home = plant.account - S.FIRST_MEMBER;
    const checked = S.proof.checkHome(home);
    const sum = S.day.running[home][S.day.count - 1];
    const chain = S.proof.settlement().status;
    const right = checked.fits && !checked.wrong.length && sum === plant.day.earned && chain !== BAD;
    return {
      status: right ? chain : BAD,
      title: "What the plant earned",
      words: [
        right
          ? `Its ${S.plural(S.day.count, "row")} of the day come to ${S.exact(sum)}, each like any row of this page.`
          : `Its rows come to ${S.exact(sum)}; ${S.exact(plant.day.earned)} are told, or its rows do not lead to the chain.`,
      ],
    };
  }

  function sentStep(plant) {
    const { earned, carried, forwarded } = plant.day;
    const due = Math.max(earned + carried, 0);
    const before = carried ? `, less ${S.exact(-carried)} that earlier days had cost` : "";
    return {
      status: verdict(due === forwarded),
      title: "What its agent sent",
      words: [`It earned ${S.exact(earned)}${before}: ${S.exact(due)} are due; ${S.exact(forwarded)} are told.`],
    };
  }

  function keyStep(plant, at, line) {
    const day = S.sharing.sharedDay(plant);
    const [wh, credit, income] = [day.given[at], day.credit[at], day.income].map(Number);
    const all = plant.price === null || income === plant.day.shared_income;
    const words = [
      `By the key “${plant.key}” and the rows of all its holders: ${S.wattHours(wh)} of the plant’s output were this home’s own.`,
    ];
    if (plant.price === null) words.push(`At the utility’s price they were worth ${S.exact(credit)}: a statement, nothing is paid.`);
    else
      words.push(
        `The utility took its price for them; the plant asks ${S.price(plant.price)}/kWh. ${S.exact(credit)} go back to the home, ` +
          `${S.exact(income)} for all shared energy on to the plant.`,
      );
    return { status: verdict(wh === line.shared_wh && credit === line.credit && all), title: "The key", words };
  }

  function seatStep(plant, line) {
    const { after, due } = S.sharing.dueOf(plant, line);
    const right = Number(due) === line.due && after === BigInt(plant.day.accumulator);
    return {
      status: verdict(right),
      title: "Its shares",
      words: [
        `It holds ${shares(line.shares, plant.day.supply)} of the plant. The contract’s sum per share went up to ` +
          `${after} · 2⁻⁶⁴ µ: ${S.exact(Number(due))} are due to it, rounded down.`,
      ],
    };
  }

  function paidStep(plant, at, line) {
    const owes = plant.day.debts[at] - (S.day.accounts.arrears[plant.holders[at]] ?? 0);
    const due = Math.max(owes + (line.credit ?? 0), 0);
    const several = held({ account: plant.holders[at] }).length > 1;
    const right = line.claimed === line.due && (line.paid === null || line.paid === due);
    const words = [`${S.exact(line.claimed)} were claimed.`];
    if (line.paid !== null) words.push(`${S.exact(line.paid)} were returned${owes ? ` once ${S.exact(-owes)} of arrears were made good` : ""}.`);
    return { status: right ? OK : several && owes ? OPEN : BAD, title: "What it was paid", words };
  }

  function chainStep(plant, at) {
    const [chain, whole, part] = [plant.chain, plant.whole, plant.parts[at]];
    const title = "The chain";
    if (!chain) return { status: OPEN, title, words: ["The chain cannot be read here."] };
    const all = S.street.sum(held({ account: plant.holders[at] }).map((one) => one.plant.parts[one.at].paid ?? 0));
    const right =
      chain.income === whole.forwarded + (whole.shared_income ?? 0) &&
      chain.claimed[at] === part.claimed &&
      (part.paid === null || chain.credited[at] === all);
    return {
      status: verdict(right),
      title,
      words: [
        `Over the run ${S.exact(chain.income)} reached the contract 0x${plant.contract} and ${S.exact(chain.claimed[at])} left it to this home` +
          (part.paid === null ? "." : `; the utility sent it ${S.exact(chain.credited[at])}.`),
        right ? "The lines of this page come to the same." : "The lines of this page come to something else.",
      ],
    };
  }

  /** Every step of the proof of a holder's lines of the day. */
  function prove(plant, at) {
    const line = plant.day.lines[at];
    const steps = [rowsStep(plant), sentStep(plant)];
    if (plant.key) steps.push(keyStep(plant, at, line));
    return [...steps, seatStep(plant, line), paidStep(plant, at, line), chainStep(plant, at)];
  }

  function proofCard(home, plant, at) {
    const steps = prove(plant, at);
    const status = worst(steps);
    const title = { ok: "Proof verified", bad: "Proof failed", open: "Right as far as it can be checked" }[status];
    return el(
      "section",
      { class: `proof ${status}`, "data-proof": status, "aria-label": "Proof" },
      el(
        "header",
        {},
        el("h4", {}, title),
        el("p", {}, `${home.id}, its part of ${plant.id} on ${S.date(S.day.date)}`),
      ),
      el("ol", { class: "steps" }, steps.map((one) => S.proofStep(one.status, one.title, one.words))),
    );
  }

  /** Whether the page holds every row that the proof of a plant's lines needs: those of plants that share before it, too. */
  const provable = (plant) =>
    plant.day?.whole_day &&
    S.data.plants
      .filter((one) => one === plant || (one.account < plant.account && one.price !== null && plant.price !== null))
      .flatMap((one) => [one.account, ...one.holders])
      .every((one) => one - S.FIRST_MEMBER < S.day.homes);

  /** What the plants a home holds gave it; null where it holds none. */
  function holderCard(home, proofBox) {
    const mine = held(home);
    if (!mine.length) return null;
    const today = mine.filter(({ plant }) => plant.day);
    const show = (plant, at) => proofBox.replaceChildren(proofCard(home, plant, at));
    const buttons = today.map(({ plant, at }) =>
      provable(plant)
        ? el(
            "button",
            {
              type: "button",
              class: "line-button plant-button",
              "data-plant": plant.account,
              click: () => show(plant, at),
            },
            `Prove its part of ${plant.id}`,
          )
        : el("p", { class: "note" }, `The rows behind its part of ${plant.id} are not all in this page; sunfair audit checks them.`),
    );
    return el(
      "section",
      { class: "card", "data-holder": home.account },
      el("h3", {}, "From plants it holds"),
      el("p", { class: "soft" }, "Paid beside the bill, to its own wallet."),
      today.length ? table(today.flatMap(({ plant, at }) => lines(plant, plant.day.lines[at]))) : null,
      buttons,
      S.data.series.days.length > 1
        ? el(
            "details",
            {},
            el("summary", {}, "Over the whole run"),
            table(mine.flatMap(({ plant, at }) => lines(plant, plant.parts[at]))),
          )
        : null,
    );
  }

  /** A plant's own page: what it gave, earned and handed on; null for a home that is none. */
  function plantCard(home) {
    const plant = (S.data.plants ?? []).find((one) => one.account === home.account);
    if (!plant) return null;
    const { whole } = plant;
    const rows = [
      ["Given to the grid", S.energy(whole.generation_wh ?? 0)],
      ["Earned in the market and from the utility", S.exact(whole.earned ?? 0)],
      ["Sent on to its contract by its agent", S.exact(whole.forwarded ?? 0)],
      ...(whole.shared_income === null
        ? []
        : [["Sent there by the utility for shared energy", S.exact(whole.shared_income)]]),
      ...(plant.key ? [[`Its holders’ own by the key “${plant.key}”`, S.energy(whole.shared_wh ?? 0)]] : []),
      ...(plant.key ? [["Beyond that", S.energy(whole.surplus_wh ?? 0)]] : []),
    ];
    return el(
      "section",
      { class: "card", "data-plant-card": plant.account },
      el("h3", {}, "A community plant"),
      el(
        "p",
        { class: "soft" },
        `Held by ${S.plural(plant.holders.length, "member")}; its contract is 0x${plant.contract}, its meter point in the register 0x${plant.point}.`,
      ),
      el(
        "table",
        { class: "plain" },
        el(
          "tbody",
          {},
          rows.map(([name, value]) => el("tr", {}, el("td", {}, name), el("td", { class: "right" }, value))),
        ),
      ),
    );
  }

  /** Faults of every holder's lines of the day, for the check of the whole page. */
  const holderFaults = () =>
    (S.data.plants ?? [])
      .filter(provable)
      .flatMap((plant) => plant.holders.map((account, at) => [plant, account, prove(plant, at)]))
      .filter(([, , steps]) => worst(steps) === BAD)
      .map(([plant, account]) => ({
        text: `The part of ${S.data.homes[account - S.FIRST_MEMBER].id} of the plant ${plant.id} does not add up.`,
      }));

  Object.assign(S, { holderCard, plantCard, holderFaults });
})();
