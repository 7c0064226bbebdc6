// The page's data, and a home's row of a slot put together from its columns.
(() => {
  const S = globalThis.sunfair;
  const FIRST_MEMBER = 3; // accounts 0, 1, 2 are utility, network and reserve

  /** A column is a list, or the one value that all its entries have. */
  const at = (column, index) => (Array.isArray(column) ? column[index] : column);
  const list = (column, count) => (Array.isArray(column) ? column : new Array(count).fill(column));

  function load(data) {
    S.data = data;
    S.day = data.day;
    for (const home of data.homes) home.index = home.account - FIRST_MEMBER;
    if (!S.day) return;
    const rows = S.day.rows;
    S.day.salts = rows.salt.map(S.fromBase64);
    S.day.meters = rows.salt.map((_, home) => meters(home));
    S.day.running = rows.salt.map((_, home) => sums(list(rows.paid[home], S.day.count), 0));
    S.day.claims = rows.salt.map((_, home) => sums(claims(home), 0));
  }

  const slots = () => Array.from({ length: S.day.count }, (_, t) => t);
  const claims = (home) => slots().map((t) => S.claimOf(rowOf(home, t), termsOf(t)));

  /** Running sums of a column, `start` included in each. */
  function sums(values, start) {
    let sum = start;
    return values.map((value) => (sum += value));
  }

  /**
   * The home's meter slot by slot: whether a reading came (0 no, 1 in time, 2 late), registers, what they moved by, and
   * the gap of slots without one; with one, how it came: -1 the first after a gap, -2 late. `back` is set in the first slot after a gap: [dearest retail, cheapest feed-in].
   */
  function meters(home) {
    const { rows } = S.day;
    let [importWh, exportWh, ...gap] = rows.meter_before[home];
    return slots().map((t) => {
      const [came, taken, given] = [rows.came, rows.import_wh, rows.export_wh].map((column) => at(column[home], t));
      const { retail, feedIn } = termsOf(t);
      const [silent, dearest, cheapest] = gap;
      const open = silent > 0 ? [silent + 1, Math.max(dearest, retail), Math.min(cheapest, feedIn)] : [1, retail, feedIn];
      importWh += taken;
      exportWh += given;
      gap = came ? [silent > 0 ? -1 : came === 2 ? -2 : 0, 0, 0] : open;
      return { came, taken, given, importWh, exportWh, gap, back: came && silent > 0 ? open.slice(1) : null };
    });
  }

  /** The private row of home `home` (0, 1, …) in the day's slot number `t`. */
  function rowOf(home, t) {
    const { rows, first, salts } = S.day;
    return {
      account: home + FIRST_MEMBER,
      slot: first + t,
      leaf: at(rows.leaf[home], t),
      ahead: at(rows.traded_ahead_wh[home], t),
      pool: at(rows.traded_pool_wh[home], t),
      metered: at(rows.metered_wh[home], t),
      nonce: at(rows.nonce[home], t),
      ...S.day.meters[home][t],
      paid: at(rows.paid[home], t),
      running: S.day.running[home][t],
      claims: S.day.claims?.[home][t],
      local: S.day.local ? at(S.day.local.price[home], t) : null,
      wires: S.day.local ? at(S.day.local.share, t) : 0,
      salt: salts[home].subarray(32 * t, 32 * t + 32),
    };
  }

  /** What home `home` offered for slot `t`. */
  function offerOf(home, t) {
    const { rows } = S.day;
    return { steps: rows.curve[home][t], buy: at(rows.pool_buy[home], t), sell: at(rows.pool_sell[home], t) };
  }

  /** Tariffs and prices of slot `t`, µ/kWh; a price is null where nothing traded. */
  function termsOf(t) {
    const day = S.day;
    return {
      ahead: at(day.price_ahead, t),
      pool: at(day.price_pool, t),
      retail: at(day.retail, t),
      feedIn: at(day.feed_in, t),
      headerAhead: at(day.header_ahead, t),
      headerPool: at(day.header_pool, t),
    };
  }

  /** What home `home` did in slot `t`, and why, as a sentence. */
  function planOf(home, t) {
    const plan = S.day.rows.plan;
    const [sentence, ...numbers] = plan.reason[home][t];
    const words = plan.sentences[sentence].split("\u0000");
    return {
      load: at(plan.load_wh[home], t),
      pv: at(plan.pv_wh[home], t),
      battery: at(plan.battery_wh[home], t),
      ev: at(plan.ev_wh[home], t),
      curtailed: at(plan.curtail_wh[home], t),
      stored: at(plan.soc_wh[home], t),
      value: at(plan.marginal_value[home], t),
      sentence,
      reason: words.map((word, i) => word + (numbers[i] ?? "")).join(""),
    };
  }

  Object.assign(S, { FIRST_MEMBER, at, list, load, rowOf, offerOf, termsOf, planOf });
})();
