// How a community plant's output is shared by its key, and the money of it: the same integers as the rule, slot by slot.
(() => {
  const S = globalThis.sunfair;
  const BPS = 10_000n;
  const KWH = 1000n;
  const SCALE = 64n;

  const sum = (values) => values.reduce((total, value) => total + value, 0n);
  const least = (a, b) => (a < b ? a : b);
  const most = (a, b) => (a > b ? a : b);
  /** ⌊a / b⌋ of any a, b > 0. */
  const floor = (a, b) => (a >= 0n ? a / b : -((-a + b - 1n) / b));
  const ceil = (a, b) => -floor(-a, b);

  /** `given` in proportion to weights that sum to `whole`; what the floors leave, one each to the largest remainders. */
  function shareOut(weights, whole, given) {
    if (whole === 0n) return weights.map(() => 0n);
    const parts = weights.map((weight) => (weight * given) / whole);
    const rest = weights.map((weight) => (weight * given) % whole);
    const order = rest.map((_, at) => at).sort((a, b) => (rest[b] > rest[a] ? 1 : rest[b] < rest[a] ? -1 : a - b));
    for (const at of order.slice(0, Number(given - sum(parts)))) parts[at] += 1n;
    return parts;
  }

  const fixed = (made, use, shares) => shareOut(shares, BPS, made).map((part, at) => least(part, use[at]));

  function dynamic(made, use) {
    const total = sum(use);
    return shareOut(use, total, least(made, total));
  }

  /** Beside the static part, what is left to whoever still lacks, in proportion. */
  function filled(made, use, first, short) {
    const more = dynamic(made - sum(first), short);
    return first.map((part, at) => part + more[at]);
  }

  function optimal(made, use, shares, values) {
    const given = fixed(made, use, shares);
    const worth = values.map((value) => most(value, 0n));
    let left = made - sum(given);
    for (const value of [...new Set(worth)].sort((a, b) => (b > a ? 1 : -1))) {
      const short = use.map((wh, at) => (worth[at] === value && values[at] >= 0n ? wh - given[at] : 0n));
      const more = dynamic(left, short);
      more.forEach((wh, at) => (given[at] += wh));
      left -= sum(more);
    }
    return given;
  }

  function inTurn(made, use, ranking) {
    const given = use.map(() => 0n);
    let left = made;
    for (const at of ranking) {
      given[at] = least(left, use[at]);
      left -= given[at];
    }
    return given;
  }

  /** What each holder gets of `made` Wh: all BigInt; `day` holds what the keys read. */
  function share(key, made, use, day, hour) {
    const shares = (key === "table" ? day.table[hour] : day.shares).map(BigInt);
    if (key === "dynamic") return dynamic(made, use);
    if (key === "priority") return inTurn(made, use, day.ranking);
    if (key === "optimal" && day.values.length) return optimal(made, use, shares, day.values.map(BigInt));
    const first = fixed(made, use, shares);
    if (key === "static" || key === "table") return first;
    return filled(made, use, first, use.map((wh, at) => wh - first[at]));
  }

  /** Wh of a row that can be shared: of a plant with a price only what went to or came from the utility. */
  function flow(home, t, priced) {
    const row = S.rowOf(home, t);
    const metered = row.back ? 0 : row.metered;
    const rest = metered - row.ahead - row.pool;
    if (!priced) return BigInt(metered);
    return BigInt(rest > 0 === metered > 0 ? Math.sign(metered) * Math.min(Math.abs(rest), Math.abs(metered)) : 0);
  }

  /** Credits and the plant's part of one slot, µ. */
  function money(given, price, terms) {
    const [retail, feedIn] = [BigInt(terms.retail), BigInt(terms.feedIn)];
    if (price === null) return { credit: given.map((wh) => (wh * most(retail, 0n)) / KWH), income: 0n };
    const own = least(most(BigInt(price), feedIn), retail);
    const took = given.map((wh) => floor(wh * retail, KWH));
    const credit = given.map((wh, at) => most(took[at] - ceil(wh * own, KWH), 0n));
    const margin = sum(took) - ceil(sum(given) * feedIn, KWH);
    if (sum(credit) > margin) return { credit: given.map(() => 0n), income: 0n };
    return { credit, income: margin - sum(credit) };
  }

  /** One slot of a plant: what each holder gets; `taken` is what other plants shared with an account before. */
  function slotOf(plant, t, taken) {
    const homes = plant.holders.map((account) => account - S.FIRST_MEMBER);
    const priced = plant.price !== null;
    const made = most(-flow(plant.account - S.FIRST_MEMBER, t, priced), 0n);
    const use = homes.map((home) => most(flow(home, t, priced) - (priced ? (taken.get(home) ?? 0n) : 0n), 0n));
    const given = share(plant.key, made, use, plant.day, S.at(plant.day.hours, t));
    if (priced) homes.forEach((home, at) => taken.set(home, (taken.get(home) ?? 0n) + given[at]));
    return given;
  }

  /** The day by the plant's key, from the rows in this page: Wh and µ by holder, and what the plant gets. */
  function sharedDay(plant) {
    const before = S.data.plants.filter((one) => one.account < plant.account && one.key && one.price !== null && one.day);
    const none = plant.holders.map(() => 0n);
    const total = { given: [...none], credit: [...none], income: 0n };
    for (let t = 0; t < S.day.count; t++) {
      const taken = new Map();
      for (const other of before) slotOf(other, t, taken);
      const given = slotOf(plant, t, taken);
      const one = money(given, plant.price, S.termsOf(t));
      given.forEach((wh, at) => (total.given[at] += wh));
      one.credit.forEach((micro, at) => (total.credit[at] += micro));
      total.income += one.income;
    }
    return total;
  }

  /** What a seat of the plant is due for the day, µ, and the contract's accumulator after it. */
  function dueOf(plant, line) {
    const day = plant.day;
    const [before, owed] = [BigInt(day.before), BigInt(line.owed)];
    const income = BigInt(day.forwarded) + BigInt(day.shared_income ?? 0);
    const after = before + (income << SCALE) / BigInt(day.supply);
    const due = ((owed + BigInt(line.shares) * (after - before)) >> SCALE) - (owed >> SCALE);
    return { after, due };
  }

  Object.assign(S, { sharing: { sharedDay, dueOf, share } });
})();
