// The money of one row, part by part, as the settlement rule has it: debits round up, credits round down.
(() => {
  const S = globalThis.sunfair;
  const KWH = 1000n;
  const SHARE = 10_000_000n; // Wh per kWh × bps in a whole

  const floor = (a, b) => a / b; // of two numbers ≥ 0
  const ceil = (a, b) => (a + b - 1n) / b;
  const abs = (value) => (value < 0n ? -value : value);

  /** What trading `wh` (+ bought, − sold) at `price` moves: µ, + received. A negative price swaps payer and receiver. */
  function trade(wh, price) {
    const value = abs(BigInt(wh) * BigInt(price));
    const pays = wh > 0 === price >= 0;
    const share = BigInt(S.data.fees[0]);
    return { pays, share: !pays, amount: Number(pays ? -ceil(value, KWH) : floor(value * share, SHARE)) };
  }

  /** The same for energy taken from or given to the utility at its tariff: no share is kept. */
  function residual(wh, tariff) {
    const value = abs(BigInt(wh) * BigInt(tariff));
    const pays = wh > 0 === tariff >= 0;
    return { pays, share: false, amount: Number(pays ? -ceil(value, KWH) : floor(value, KWH)) };
  }

  /** What goes at the slot's own tariffs: after a gap the ahead trade alone, as not delivered. */
  const restOf = (row) => (row.back ? 0 : row.metered) - row.ahead - row.pool;

  /** The parts of a row: bill line, energy, price, whether it is paid, and the amount, µ (+ received, − paid). */
  function moneyParts(row, terms) {
    const rest = restOf(row);
    const parts = [];
    const add = (line, wh, price, money) => parts.push({ line, wh, price, ...money });
    const ahead = row.local ?? terms.ahead; // on the wires each connection has its own price
    if (row.ahead) add(row.ahead > 0 ? 0 : 2, row.ahead, ahead, trade(row.ahead, ahead ?? 0));
    if (row.pool) add(row.pool > 0 ? 1 : 3, row.pool, terms.pool, trade(row.pool, terms.pool ?? 0));
    if (rest > 0) add(4, rest, terms.retail, residual(rest, terms.retail));
    if (rest < 0) add(5, rest, terms.feedIn, residual(rest, terms.feedIn));
    const [dearest, cheapest] = row.back ?? [];
    if (row.back && row.taken) add(6, row.taken, dearest, residual(row.taken, dearest));
    if (row.back && row.given) add(7, -row.given, cheapest, residual(-row.given, cheapest));
    if (row.wires) add(10, 0, 0, { pays: false, share: false, amount: row.wires });
    return parts;
  }

  const debit = (wh, terms) => Math.max(0, -residual(wh, wh > 0 ? terms.retail : terms.feedIn).amount);

  /** What of a row's debits the utility may claim, µ: not what makes good an ahead trade that was not kept. */
  function claimOf(row, terms) {
    const rest = restOf(row);
    const opposed = rest * row.ahead < 0 ? Math.sign(rest) * Math.min(Math.abs(rest), Math.abs(row.ahead)) : 0;
    const own = (rest ? debit(rest, terms) : 0) - (opposed ? debit(opposed, terms) : 0);
    const gap = moneyParts(row, terms).filter((part) => part.line >= 6);
    return own + gap.reduce((sum, part) => sum + Math.max(0, -part.amount), 0);
  }

  const paidOf = (parts) => parts.reduce((sum, part) => sum + part.amount, 0);

  Object.assign(S, { moneyParts, claimOf, paidOf });
})();
