// Proofs: from a row of a bill to what stands on the chain. Everything is worked out here, from the page's own numbers.
(() => {
  const S = globalThis.sunfair;
  const OK = "ok";
  const BAD = "bad";
  const OPEN = "open"; // nothing to compare with (yet)
  const cache = { rows: new Map(), slots: new Map() };

  const verdict = (good) => (good ? OK : BAD);

  /** The tree over an account's rows of the day; institutions have rows of money alone. */
  function rowsTree(account) {
    if (!cache.rows.has(account)) {
      const leaves = Array.from({ length: S.day.count }, (_, t) => S.privateRow(accountRow(account, t)));
      cache.rows.set(account, S.plainTree(leaves));
    }
    return cache.rows.get(account);
  }

  function accountRow(account, t) {
    if (account >= S.FIRST_MEMBER) return S.rowOf(account - S.FIRST_MEMBER, t);
    const paid = S.day.rows.institutions[account];
    const running = paid.slice(0, t + 1).reduce((sum, value) => sum + value, 0);
    const nothing = { ahead: 0, pool: 0, metered: 0, importWh: 0, exportWh: 0, claims: 0, gap: [0, 0, 0] };
    return { account, slot: S.day.first + t, leaf: -1, nonce: -1, ...nothing, paid: paid[t], running, salt: S.ZERO };
  }

  const hasRows = (account) => account < S.FIRST_MEMBER + S.day.homes;
  const statedRoot = (account) => S.fromBase64(S.day.row_roots[account]);
  const accountsTotal = () => S.FIRST_MEMBER + S.data.homes.length;

  /** Whether an account's rows lead to the root that was stated for them. */
  const rowsFit = (account) => S.same(rowsTree(account).root, statedRoot(account));

  /** The amount that was posted for an account: on chain, else as the rows give it. */
  const posted = (account) => S.day.chain?.amounts?.[account] ?? S.day.accounts.amount[account];

  /** The day's settlement: its tree over all accounts, and whether its root is the chain's. */
  function settlement() {
    if (!cache.settlement) {
      const { arrears, cover } = S.day.accounts;
      const leaves = Array.from({ length: accountsTotal() }, (_, account) => {
        const root = hasRows(account) ? rowsTree(account).root : statedRoot(account);
        const hash = S.periodLeaf(account, posted(account), arrears[account], cover[account], root);
        return { hash, sums: [cover[account]] };
      });
      const tree = S.sumTree(leaves, [0], (left, right) => [left[0] + right[0]]);
      const expected = S.day.chain?.period_root ?? null;
      const status = expected === null ? OPEN : verdict(S.hex(tree.root) === expected);
      const accounts = leaves.map((_, account) => account);
      const wrong = accounts.filter((account) => hasRows(account) && !rowsFit(account));
      cache.settlement = { tree, expected, status, wrong };
    }
    return cache.settlement;
  }

  /** Whether the amounts on chain sum to zero, the guarantor's included. */
  function zeroSum() {
    const amounts = S.day.chain?.amounts;
    return amounts ? verdict(amounts.reduce((sum, amount) => sum + amount, 0) === 0) : OPEN;
  }

  const auctionHere = () => S.day.homes === S.data.homes.length && S.day.chain !== null;

  /** The public auction of slot `t`: its header, and what is wrong with its sums and prices. */
  function slot(t) {
    if (!cache.slots.has(t) && S.day.void[t] !== undefined) {
      const header = S.fromHex(S.day.void[t]);
      cache.slots.set(t, { void: true, hash: header.length ? S.keccak256(header) : S.ZERO, faults: [] });
    } else if (!cache.slots.has(t)) {
      const header = S.slotHeader(t);
      const faults = S.ruleFaults(t, header.sums);
      if (S.hex(header.result) !== S.day.result_root[t]) faults.push("the rows do not lead to the result published");
      cache.slots.set(t, { ...header, faults });
    }
    return cache.slots.get(t);
  }

  /** The day's headers under one root, and whether it is the chain's anchor. */
  function anchor() {
    if (!cache.anchor) {
      const slots = Array.from({ length: S.day.count }, (_, t) => slot(t));
      const tree = S.plainTree(slots.map((one) => one.hash));
      const expected = S.day.chain?.anchor ?? null;
      const status = expected === null ? OPEN : verdict(S.hex(tree.root) === expected);
      cache.anchor = { tree, expected, status, wrong: slots.flatMap((one, t) => (one.faults.length ? [t] : [])) };
    }
    return cache.anchor;
  }

  /** Does the meter's change give what was metered? In a slot without a reading nothing was. */
  function meterStep(home, t) {
    const row = S.rowOf(home, t);
    const { taken, given } = row;
    return { row, taken, given, status: verdict(taken >= 0 && given >= 0 && taken - given === row.metered) };
  }

  function moneyStep(row, terms) {
    const parts = S.moneyParts(row, terms);
    const unpriced = parts.some((part) => part.price === null);
    return { parts, sum: S.paidOf(parts), status: verdict(!unpriced && S.paidOf(parts) === row.paid) };
  }

  /** The step from the row to its account's line in the settlement, and from there to the chain. */
  function chainSteps(home, t) {
    const account = home + S.FIRST_MEMBER;
    const rows = rowsTree(account);
    const whole = settlement();
    const { arrears, cover } = S.day.accounts;
    const due = S.day.running[home][S.day.count - 1] + arrears[account] + cover[account];
    const fits = rowsFit(account);
    return {
      row: { hash: rows.levels[0][t], root: rows.root, path: S.path(rows, t), status: verdict(fits) },
      sum: {
        due,
        posted: posted(account),
        status: S.day.chain?.amounts ? verdict(due === posted(account)) : OPEN,
      },
      settlement: {
        leaf: whole.tree.levels[0][account].hash,
        root: whole.tree.root,
        path: S.path(whole.tree, account).map((node) => node.hash),
        expected: whole.expected,
        others: whole.wrong.filter((other) => other !== account),
        status: whole.status,
      },
    };
  }

  /** The step from the price and the fills to the anchor; null where the page does not hold every home's rows. */
  function auctionStep(t) {
    if (!auctionHere()) return null;
    const one = slot(t);
    const all = anchor();
    const others = all.wrong.filter((other) => other !== t);
    const status = one.faults.length ? BAD : all.status;
    return { ...one, root: all.tree.root, expected: all.expected, path: S.path(all.tree, t), others, status };
  }

  /** Every step of the proof that home `home`'s row of slot `t` is right, and the verdict over all of them. */
  function proveRow(home, t) {
    const meter = meterStep(home, t);
    const terms = S.termsOf(t);
    const money = moneyStep(meter.row, terms);
    const steps = { meter, money, auction: auctionStep(t), ...chainSteps(home, t) };
    const statuses = Object.values(steps).map((step) => step?.status ?? OPEN);
    const status = statuses.includes(BAD) ? BAD : statuses.includes(OPEN) ? OPEN : OK;
    return { home, t, terms, row: meter.row, steps, status };
  }

  /** How many of a home's rows of the day are right by themselves: meter, money and hash. */
  function checkHome(home) {
    const account = home + S.FIRST_MEMBER;
    const fits = rowsFit(account);
    const wrong = [];
    for (let t = 0; t < S.day.count; t++) {
      const meter = meterStep(home, t);
      const money = moneyStep(meter.row, S.termsOf(t));
      if (meter.status === BAD || money.status === BAD) wrong.push(t);
    }
    const { arrears, cover } = S.day.accounts;
    const due = S.day.running[home][S.day.count - 1] + arrears[account] + cover[account];
    return { fits: fits && due === posted(account), wrong };
  }

  S.proof = { OK, BAD, OPEN, proveRow, checkHome, settlement, anchor, slot, zeroSum, auctionHere, rowsTree };
})();
