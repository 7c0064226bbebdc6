// The proof of one row, step by step in plain words, with every hash for whoever wants to work it out again.
(() => {
  const S = globalThis.sunfair;
  const { el } = S;
  const { OK, BAD } = S.proof;
  const SIGNS = { ok: ["✓", "right"], bad: ["✗", "wrong"], open: ["○", "cannot be compared yet"] };

  function hash(value) {
    const text = typeof value === "string" ? value : S.hex(value);
    return el("code", { class: "hash", title: text }, S.brief(text));
  }

  function step(status, title, words, details) {
    const [sign, meaning] = SIGNS[status];
    return el(
      "li",
      { class: `step ${status}`, "data-status": status },
      el("span", { class: "sign", role: "img", "aria-label": meaning }, sign),
      el(
        "div",
        {},
        el("h5", {}, title),
        words.map((word) => el("p", {}, word)),
        details ?? null,
      ),
    );
  }

  const more = (title, ...children) => el("details", {}, el("summary", {}, title), ...children);
  const full = (name, value) =>
    el("div", { class: "pair" }, el("dt", {}, name), el("dd", {}, typeof value === "string" ? value : S.hex(value)));

  function meter({ row, taken, given, status }) {
    const change = (name, end, moved) =>
      `${name} register ${S.number(end - moved)} → ${S.number(end)} Wh (+${S.number(moved)})`;
    if (status !== BAD && !row.came)
      return step(status, "The meter", [
        "No reading came for this slot: nothing was metered, and what was traded ahead counts as not delivered.",
      ]);
    const words =
      status === BAD
        ? `The registers moved by ${S.wattHours(taken - given)}, but the row says ${S.wattHours(row.metered)}.`
        : row.metered === 0
          ? "Nothing passed the meter on balance."
          : `The meter shows ${S.wattHours(Math.abs(row.metered))} ${row.metered > 0 ? "taken from" : "given to"} the grid.`;
    const back = row.back
      ? "The slots before had no reading: all that passed since goes at the dearest and cheapest tariff of that time."
      : null;
    return step(status, "The meter", [
      words,
      ...(back ? [back] : []),
      `${change("Import", row.importWh, taken)}, ${change("export", row.exportWh, given)}.`,
    ]);
  }

  /** A part of the money as the formula with its numbers. */
  function formula(part) {
    if (!part.wh && part.amount)
      return el(
        "p",
        { class: "formula" },
        el("span", { class: "name" }, S.data.lines[part.line]),
        "the same for every home: ",
        el("strong", {}, `${S.exact(part.amount)} to receive`),
      );
    if (part.price === null) return el("p", { class: "formula" }, `${S.wattHours(part.wh)} without a price`);
    const [wh, price] = [Math.abs(part.wh), S.exact(part.price)];
    const share = part.share
      ? ` × ${S.percent(S.data.fees[0] / 10_000, S.data.fees[0] % 100 ? 2 : 0)} seller’s share`
      : "";
    const product =
      (BigInt(wh) * BigInt(Math.abs(part.price)) * BigInt(part.share ? S.data.fees[0] : 10_000)) % 10_000_000n;
    const rounding = product === 0n ? "exact" : part.pays ? "rounded up to the µ" : "rounded down to the µ";
    return el(
      "p",
      { class: "formula" },
      el("span", { class: "name" }, S.data.lines[part.line]),
      `${S.wattHours(wh)} × ${price}/kWh${share}, ${rounding} = `,
      el("strong", {}, `${S.exact(Math.abs(part.amount))} ${part.pays ? "to pay" : "to receive"}`),
    );
  }

  function money(proof) {
    const { parts, sum, status } = proof.steps.money;
    const total = (micro) => `${S.exact(Math.abs(micro))} ${micro > 0 ? "received" : micro < 0 ? "paid" : "moved"}`;
    const words =
      status === OK
        ? `Together: ${total(sum)}, as the row says.`
        : `The formula gives ${total(sum)}, but the row says ${total(proof.row.paid)}.`;
    return step(
      status,
      "The money",
      [words],
      el("div", {}, parts.length ? parts.map(formula) : el("p", { class: "formula" }, "No energy, no money.")),
    );
  }

  function auction(proof) {
    const one = proof.steps.auction;
    if (!one)
      return el(
        "li",
        { class: "step open" },
        el("span", { class: "sign" }, "○"),
        el(
          "div",
          {},
          el("h5", {}, "The auction"),
          el(
            "p",
            {},
            S.day.chain
              ? "With so many homes the public auction is not in this page; `sunfair audit` checks it."
              : "Without the chain there is nothing to hold the auction against.",
          ),
        ),
      );
    const words = [];
    if (one.void) words.push("Something about this slot was refuted, or never shown: no trade counts in it.");
    else if (one.faults.length) words.push(`Wrong: ${one.faults.join("; ")}.`);
    else if (one.status === BAD)
      words.push(
        one.others.length
          ? `This slot adds up, but ${S.plural(one.others.length, "other slot")} of the day ${one.others.length === 1 ? "does" : "do"} not, so the day’s anchor is not the chain’s.`
          : "The day’s slots do not lead to the anchor on the chain.",
      );
    else
      words.push(
        S.day.local
          ? `The pool’s offers, worked out again without names, give its price and fills; your leaf is number ${proof.row.leaf + 1}. The price ahead is that of your place on the wires: neither this page nor a court can work it out, sunfair audit does, by power flow.`
          : `All ${S.plural(S.data.homes.length, "offer")} of this slot, worked out again without names, give these prices and these fills; your leaf is number ${proof.row.leaf + 1}.`,
      );
    const words2 = one.expected
      ? [
          `The slot’s header `,
          hash(one.hash),
          ` and the day’s ${S.day.count - 1} others make the anchor `,
          hash(one.root),
          one.status === OK ? ", which stands on the chain." : ` where the chain has `,
          one.status === OK ? "" : hash(one.expected),
        ]
      : ["This day has no anchor on the chain yet."];
    return step(
      one.status,
      "The prices and your fill",
      [...words, words2],
      more(
        "Hashes",
        el(
          "dl",
          {},
          one.void ? [] : [full("book root", one.book), full("result root", one.result)],
          full("header", one.hash),
          one.path.map((node, i) => full(`sibling ${i + 1}`, node)),
          full("anchor here", one.root),
          full("anchor on chain", one.expected ?? "none yet"),
        ),
      ),
    );
  }

  function row(proof) {
    const { row: leaf } = proof.steps;
    const words =
      leaf.status === OK
        ? [
            `This row’s fingerprint is `,
            hash(leaf.hash),
            `. With the day’s ${S.day.count - 1} other rows of this home it makes `,
            hash(leaf.root),
            ".",
          ]
        : [
            "The rows of this home make ",
            hash(leaf.root),
            ", not what was settled: at least one number in them was changed.",
          ];
    return step(
      leaf.status,
      "Your rows",
      [words],
      more(
        "Hashes",
        el(
          "dl",
          {},
          full("row", leaf.hash),
          leaf.path.map((node, i) => full(`sibling ${i + 1}`, node)),
          full("rows root", leaf.root),
        ),
      ),
    );
  }

  function sum(proof) {
    const { due, posted, status } = proof.steps.sum;
    const moved = (micro) => `${S.exact(Math.abs(micro))} ${micro < 0 ? "to pay" : "to receive"}`;
    const words =
      status === BAD
        ? `The day’s rows come to ${moved(due)}, but the chain has ${moved(posted)}.`
        : status === OK
          ? `All rows of the day come to ${moved(due)}: the amount the chain has for this account.`
          : `All rows of the day come to ${moved(due)}. The chain has no amount yet.`;
    return step(status, "The day’s sum", [words]);
  }

  function settlement(proof) {
    const one = proof.steps.settlement;
    const words = [];
    if (one.status === OK)
      words.push([`The lines of all accounts make `, hash(one.root), ": the settlement that stands on the chain."]);
    else if (one.status === BAD)
      words.push([
        "The lines of all accounts make ",
        hash(one.root),
        ", but the chain has ",
        hash(one.expected),
        one.others.length ? `: the rows of ${S.plural(one.others.length, "other account")} do not add up.` : ".",
      ]);
    else words.push("This day is not settled on the chain yet, so there is nothing to compare with.");
    const chain = S.day.chain;
    const where =
      chain && one.expected
        ? `Chain ${chain.chain_id}, market ${chain.market}, period ${chain.period}, ${chain.applied ? "applied" : "waiting for its window to end"}.`
        : S.day.chain_error;
    if (where) words.push(where);
    return step(
      one.status,
      "The chain",
      words,
      more(
        "Hashes",
        el(
          "dl",
          {},
          full("account’s line", one.leaf),
          one.path.map((node, i) => full(`sibling ${i + 1}`, node)),
          full("period root here", one.root),
          full("period root on chain", one.expected ?? "none yet"),
        ),
      ),
    );
  }

  const VERDICTS = {
    ok: [
      "Proof verified",
      "just now, in this browser: this line is what the meter, the auction, the rule and the chain say.",
    ],
    bad: ["Proof failed", "at least one step does not add up."],
    open: ["Right as far as it can be checked", "one step or more below cannot be compared here."],
  };

  /** The proof of home `home`'s slot `t` as a card. */
  function slotProof(home, t) {
    const proof = S.proof.proveRow(home, t);
    const [title, words] = VERDICTS[proof.status];
    return el(
      "section",
      { class: `proof ${proof.status}`, "data-proof": proof.status, "aria-label": "Proof" },
      el(
        "header",
        {},
        el("h4", {}, `${title}`),
        el("p", {}, `${S.data.homes[home].id}, ${S.span(S.day.first + t)}: ${words}`),
      ),
      el(
        "ol",
        { class: "steps" },
        meter(proof.steps.meter),
        money(proof),
        auction(proof),
        row(proof),
        sum(proof),
        settlement(proof),
      ),
    );
  }

  Object.assign(S, { slotProof, proofStep: step });
})();
