// Numbers, money and times as a householder reads them: English, the community's currency, the site's clock.
(() => {
  const S = globalThis.sunfair;
  const MINUTE = 60_000;
  const MICRO = 1_000_000;

  const number = (value, digits = 0) =>
    value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });

  /** A currency's formatter; a code that is none stands behind the number as it is. */
  function currency(digits) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    const code = S.data.currency;
    try {
      const style = { style: "currency", currency: code, currencyDisplay: "narrowSymbol", ...options };
      return new Intl.NumberFormat("en-GB", style);
    } catch {
      return { format: (value) => `${value.toLocaleString("en-GB", options)} ${code}` };
    }
  }

  const formats = new Map();
  function inCurrency(micro, digits) {
    if (!formats.has(digits)) formats.set(digits, currency(digits));
    const text = formats.get(digits).format(Math.abs(micro) / MICRO);
    return micro < 0 && /[1-9]/.test(text) ? `−${text}` : text;
  }

  /** µ to the hundredth, e.g. €3.72. */
  const money = (micro) => inCurrency(micro, 2);
  /** µ to the last µ, e.g. €0.067080. */
  const exact = (micro) => inCurrency(micro, 6);
  /** µ/kWh, e.g. €0.2150. */
  const price = (micro) => inCurrency(micro, 4);
  /** A bill: what is to be paid, or that it is earned. */
  const bill = (micro) => (micro < 0 ? `${money(-micro)} earned` : money(micro));

  /** Wh as kWh (or MWh), with as many decimals as still say something. */
  function energy(wh) {
    if (wh === 0) return "0 kWh";
    const size = Math.abs(wh);
    const sign = wh < 0 ? "−" : "";
    if (size < 10_000) return `${sign}${number(size / 1000, 2)} kWh`;
    if (size < 1_000_000) return `${sign}${number(size / 1000, 1)} kWh`;
    if (size < 100_000_000) return `${sign}${number(size / 1000)} kWh`;
    return `${sign}${number(size / 1_000_000, 1)} MWh`;
  }

  /** Wh of one slot, to the watt-hour. */
  const wattHours = (wh) => `${wh < 0 ? "−" : ""}${number(Math.abs(wh))} Wh`;

  const percent = (share, digits = 0) => `${number(share * 100, digits)} %`;

  /** The site's wall clock at the start of `slot`, as a Date whose UTC fields are local. */
  function local(slot) {
    let minutes = 0;
    for (const [from, offset] of S.data.offsets) if (slot >= from) minutes = offset;
    return new Date(slot * S.data.slot_seconds * 1000 + minutes * MINUTE);
  }

  const two = (value) => String(value).padStart(2, "0");
  const clock = (slot) => `${two(local(slot).getUTCHours())}:${two(local(slot).getUTCMinutes())}`;
  const span = (slot) => `${clock(slot)}–${clock(slot + 1)}`;

  function date(iso, options = { weekday: "long", day: "numeric", month: "long", year: "numeric" }) {
    return new Date(`${iso}T00:00Z`).toLocaleDateString("en-GB", { ...options, timeZone: "UTC" });
  }
  const shortDate = (iso) => date(iso, { weekday: "short", day: "numeric", month: "short" });
  const dateOf = (slot) => local(slot).toISOString().slice(0, 10);

  /** A hash in brief; the whole of it stands in the details. */
  const brief = (hash) => `${hash.slice(0, 6)}…${hash.slice(-4)}`;

  const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

  Object.assign(S, {
    number,
    money,
    exact,
    price,
    bill,
    energy,
    wattHours,
    percent,
    local,
    clock,
    span,
    date,
    shortDate,
    dateOf,
    brief,
    plural,
  });
})();
