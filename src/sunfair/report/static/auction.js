// The public auction of a slot, put together again from its rows: book, result with its sums, header.
(() => {
  const S = globalThis.sunfair;
  const NO_BUY = -1_000_000_001;
  const NO_SELL = 1_000_000_001;
  const OFFSET = 2_000_000_000; // lo and hi are stored with this added
  const NEUTRAL = [0, 0, 0, 0, 0, 0, NO_BUY + OFFSET, NO_SELL + OFFSET];
  const TAG = { blind: 0x10, book: 0x11, result: 0x12, header: 0x15, data: 0x16 };

  function curveBytes(offer) {
    const writer = new S.Writer(144);
    for (let i = 0; i < 16; i++) writer.i8(offer.steps[i] ?? 0);
    return writer.i8(offer.buy).i8(offer.sell).bytes;
  }

  /** Each home's public row of slot `t`, in account order, with the leaf it must have in the book. */
  function publicRows(t) {
    const trades = new Set(S.data.sessions);
    return S.day.salts.map((_, home) => {
      const row = S.rowOf(home, t);
      const offer = S.offerOf(home, t);
      const blind = new S.Writer(53).u1(TAG.blind).u4(row.account).i8(row.slot).i8(row.nonce).raw(row.salt).hash();
      const curve = curveBytes(offer);
      const book = new S.Writer(177).u1(TAG.book).raw(blind).raw(curve).hash();
      const cap = S.at(S.day.caps, home);
      const pools = trades.has("pool") && row.came === 1 && !row.back;
      const beyond = pools ? Math.max(-cap, Math.min(row.metered - row.ahead, cap)) : 0;
      const bytes = new S.Writer(200).raw(book).raw(curve).i8(beyond).i8(row.ahead).i8(row.pool).bytes;
      return { place: row.leaf, offer, beyond, ahead: row.ahead, pool: row.pool, book, bytes };
    });
  }

  const aheadSteps = (row) => {
    const steps = [];
    for (let i = 0; i < row.offer.steps.length; i += 2) steps.push([row.offer.steps[i], row.offer.steps[i + 1]]);
    return steps;
  };

  function poolSteps(row) {
    const limit = row.beyond > 0 ? row.offer.buy : row.offer.sell;
    const none = row.beyond === 0 || limit === NO_BUY || limit === NO_SELL;
    return none ? [] : [[row.beyond, limit]];
  }

  /** DI, DA, SI, SA, bought and sold of one row at price p. */
  function energies(steps, fill, p, uniform) {
    const sums = [0, 0, 0, 0, Math.max(fill, 0), Math.max(-fill, 0)];
    for (const [energy, limit] of steps) {
      const buys = energy > 0;
      const better = buys ? limit > p : limit < p;
      if (uniform && better) sums[buys ? 0 : 2] += Math.abs(energy);
      else if (better || limit === p) sums[buys ? 1 : 3] += Math.abs(energy);
    }
    return sums;
  }

  /** lo and hi of one row, given the session's totals: of the group at p, never by a row's own fill. */
  function bounds(steps, p, totals) {
    const [demandIn, demandAt, supplyIn, supplyAt] = totals;
    const volume = Math.min(demandIn + demandAt, supplyIn + supplyAt);
    let [lo, hi] = [NO_BUY, NO_SELL];
    for (const [energy, limit] of steps) {
      const buys = energy > 0;
      const left = volume - (buys ? demandIn : supplyIn);
      const at = limit === p;
      const accepted = (buys ? limit > p : limit < p) || (at && left > 0);
      const rejected = (buys ? limit < p : limit > p) || (at && left < (buys ? demandAt : supplyAt));
      if (buys ? rejected : accepted) lo = Math.max(lo, limit);
      if (buys ? accepted : rejected) hi = Math.min(hi, limit);
    }
    return [lo + OFFSET, hi + OFFSET];
  }

  /** What each row adds to a session's eight sums. */
  function sessionSums(rows, steps, fills, p) {
    const uniform = S.data.mechanism !== "mid_market_rate";
    const parts = rows.map((_, i) => energies(steps[i], fills[i], p, uniform));
    const totals = parts.reduce((sum, part) => sum.map((value, k) => value + part[k]), [0, 0, 0, 0, 0, 0]);
    return parts.map((part, i) => [...part, ...(uniform ? bounds(steps[i], p, totals) : NEUTRAL.slice(6))]);
  }

  /** Whether the ahead session was cleared on the wires: its sums are those of nothing, its prices local. */
  const onWires = () => S.data.mechanism === "network" && S.data.sessions.includes("ahead");

  function combine(left, right) {
    const joined = left.map((value, i) => value + right[i]);
    for (const lo of [6, 14]) {
      joined[lo] = Math.max(left[lo], right[lo]);
      joined[lo + 1] = Math.min(left[lo + 1], right[lo + 1]);
    }
    return joined;
  }

  /** Book root, result root and header hash of slot `t`. */
  function slotHeader(t) {
    const terms = S.termsOf(t);
    const rows = publicRows(t).sort((a, b) => a.place - b.place);
    const ahead = onWires()
      ? rows.map(() => NEUTRAL)
      : sessionSums(
          rows,
          rows.map(aheadSteps),
          rows.map((r) => r.ahead),
          terms.headerAhead,
        );
    const pool = sessionSums(
      rows,
      rows.map(poolSteps),
      rows.map((r) => r.pool),
      terms.headerPool,
    );
    const leaves = rows.map((row, i) => ({
      hash: new S.Writer(201).u1(TAG.result).raw(row.bytes).hash(),
      sums: [...ahead[i], ...pool[i]],
    }));
    const result = S.sumTree(leaves, [...NEUTRAL, ...NEUTRAL], combine);
    const book = S.plainTree(rows.map((row) => row.book));
    const shown = new S.Writer(200 * rows.length);
    for (const row of rows) shown.raw(row.bytes);
    const told = S.fromHex(S.list(S.day.envelope_root, S.day.count)[t]);
    const data = new S.Writer(65).u1(TAG.data).raw(told).raw(shown.hash());
    const header = headerHash(t, terms, result, book.root, data.hash());
    return { book: book.root, result: result.root, sums: result.sums, hash: header };
  }

  function headerHash(t, terms, result, bookRoot, dataHash) {
    const { data, day } = S;
    const writer = new S.Writer(324)
      .u1(TAG.header)
      .raw(S.fromHex(day.chain.domain))
      .i8(day.first + t);
    const held = (session) => data.sessions.includes(session);
    const middle = data.mechanism === "mid_market_rate" ? 1 : 0;
    const ahead = onWires() ? 2 + 8 : held("ahead") ? 0 : 2;
    const rule = middle + ahead + (held("pool") ? 0 : 4);
    writer.u4(result.count).u1(rule).i8(data.k[0]).i8(data.k[1]);
    for (const share of data.fees) writer.u2(share);
    for (const price of [terms.retail, terms.feedIn, terms.headerAhead, terms.headerPool]) writer.i8(price);
    for (const sum of result.sums) writer.i8(sum);
    return writer.raw(bookRoot).raw(result.root).raw(dataHash).hash();
  }

  /** ⌊spread · k⌋ exactly: the product may not fit a double. */
  function between(spread, numerator, denominator) {
    const product = BigInt(spread) * BigInt(numerator);
    const whole = product / BigInt(denominator);
    return Number(product % BigInt(denominator) < 0n ? whole - 1n : whole);
  }

  /** What is wrong with a slot's sums and prices, in words: the auction's rule, checked at the root alone. */
  function ruleFaults(t, sums) {
    const terms = S.termsOf(t);
    const wrong = [];
    for (const [name, start, price, shown] of [
      ["ahead", 0, terms.headerAhead, terms.ahead],
      ["pool", 8, terms.headerPool, terms.pool],
    ]) {
      const [demandIn, demandAt, supplyIn, supplyAt, bought, sold, lo, hi] = sums.slice(start, start + 8);
      const volume = Math.min(demandIn + demandAt, supplyIn + supplyAt);
      if (Math.max(demandIn, supplyIn) > volume) wrong.push(`${name}: more in the money than was traded`);
      if (bought !== volume || sold !== volume) wrong.push(`${name}: bought and sold are not the volume`);
      const due = lo - OFFSET + between(hi - lo, ...S.data.k);
      if (S.data.mechanism !== "mid_market_rate" && due !== price) wrong.push(`${name}: the limits give another price`);
      if (shown !== null && shown !== price && !(name === "ahead" && onWires())) wrong.push(`${name}: the price shown is not the header's`);
    }
    return wrong;
  }

  Object.assign(S, { slotHeader, ruleFaults });
})();
