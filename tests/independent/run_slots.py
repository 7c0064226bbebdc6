"""Slot by slot: the signed offers, the auction, the fills, the money, the roots."""

from collections.abc import Iterator
from itertools import pairwise

from run_auction import Step, clear_mid, clear_uniform, session_sums, slot_money, standing_price
from run_bytes import (
    NO_BUY,
    NO_SELL,
    blind,
    book_leaf,
    curve_bytes,
    data_hash,
    envelope_leaf,
    header_hash,
    keccak,
    offer_digest,
    plain_root,
    public_row,
    reading_digest,
    receipt_digest,
    result_leaf,
    result_root,
    rule,
    signer,
)
from run_shape import Run

TICK = 10_000
STEPS = 8
PARTIES = ("seller", "utility", "network")


def check_slots(run: Run) -> Iterator[str]:
    """All slots, one after the other; leaves the header hashes in `run.headers`."""
    yield from check_receipts(run) + check_readings(run)
    rows, public = run.by("rows", "slot", "account"), run.by("public", "slot", "leaf")
    offers: dict[tuple[int, str], list[dict]] = {}
    for i in range(len(run.tables["offers"]["slot"])):
        offer = run.row("offers", i)
        offers.setdefault((offer["slot"], offer["session"]), []).append(offer)
    yield from check_offer_order(run)
    in_force = offers_in_force(run)
    for i, slot in enumerate(run.slots):
        book = Slot(
            run,
            run.row("slots", i),
            {account: run.row("rows", rows[slot, account]) for account in run.accounts},
            {session: offers.get((slot, session), []) for session in ("ahead", "pool")},
        )
        if slot in run.void:
            yield from book.check_void(run.void[slot])
            continue
        leaves = [run.tables["public"]["book_leaf"][public[slot, leaf]] for leaf in range(len(run.members))]
        yield from book.check(in_force, leaves)
    if set(run.void) != run.market.void & set(run.slots):
        yield f"void.parquet names the slots {sorted(run.void)}, the chain {sorted(run.market.void)}"


class Slot:
    """One slot of a run, with its lines from every table."""

    def __init__(self, run: Run, line: dict, rows: dict[int, dict], offers: dict[str, list[dict]]) -> None:
        """Keep the lines and put them in the secret order."""
        self.run, self.line, self.rows, self.offers = run, line, rows, offers
        self.number = line["slot"]
        self.found: list[str] = []
        self.order = sorted(run.members, key=lambda account: rows[account]["leaf"] or 0)
        self.terms = run.community.terms(line["retail"], line["feed_in"])
        self.curves: dict[int, list[Step]] = {account: [] for account in run.members}
        for offer in offers["ahead"]:
            self.curves[offer["account"]].append((offer["energy_wh"], offer["limit"]))

    def say(self, account: int, text: str) -> None:
        """Note a finding."""
        self.found.append(f"slot {self.number} account {account}: {text}")

    def check(self, in_force: dict[tuple[int, int], dict], leaves: list[bytes]) -> list[str]:
        """Everything about this slot."""
        if [self.rows[account]["leaf"] for account in self.order] != list(range(len(self.order))):
            self.say(self.order[0], "the leaves are not 0, 1, … once each")
            return self.found
        self.check_tariff()
        for account in self.run.members:
            self.check_curve(account)
            self.check_cap(account)
            self.check_signature(account, in_force.get((self.number, account)))
        self.check_pool_steps()
        fills = {session: self.check_session(session) for session in ("ahead", "pool")}
        self.check_money()
        self.check_energy()
        self.check_roots(fills, leaves)
        return self.found

    def check_void(self, header: bytes | None) -> list[str]:
        """A slot in which no trade counts: all that was metered is the utility's, its roots bind nothing."""
        self.check_tariff()
        for session in ("ahead", "pool"):
            self.check_session(session)
        self.check_money()
        self.check_energy()
        for name in ("book_root", "result_root", "data_hash"):
            if self.line[name] != bytes(32):
                self.say(0, f"{name} of a void slot")
        if header is not None and (len(header) != 324 or header[33:41] != self.number.to_bytes(8, "big")):
            self.say(0, "void.parquet has another slot's header")
        self.run.headers[self.number] = bytes(32) if header is None else keccak(header)
        return self.found

    def check_envelopes(self) -> bytes:
        """What the caps of the slot hash to; zeros without caps."""
        if "envelopes" not in self.run.tables:
            return bytes(32)
        lines, names = self.run.caps, ("import_cap_wh", "export_cap_wh", "salt")
        caps = {account: self.run.row("envelopes", lines[self.number, account]) for account in self.run.members}
        leaves = [envelope_leaf(a, self.number, *(caps[a][name] for name in names)) for a in self.run.members]
        return plain_root(leaves)

    def check_tariff(self) -> None:
        """Retail and feed-in of community.toml, and all terms as the utility set them on chain."""
        entry = next((e for e in reversed(self.run.market.terms) if e.first <= self.number), None)
        mine = (rule(self.terms), *self.terms["k"], *(self.terms[f"{who}_bps"] for who in PARTIES))
        if entry is None or entry.rules != mine:
            self.say(0, f"the rules of community.toml are {mine}, the chain's {entry and entry.rules}")
        elif entry.tariff(self.number) != (self.line["retail"], self.line["feed_in"]):
            self.say(0, f"the tariffs on chain are {entry.tariff(self.number)}")
        for side, tariff in self.run.community.tariff.items():
            wanted = tariff.get(self.number) if isinstance(tariff, dict) else tariff
            if wanted is not None and self.line[side] != wanted:
                self.say(0, f"{side} is {self.line[side]}, community.toml has {wanted}")
        if self.line["feed_in"] > self.line["retail"]:
            self.say(0, "feed_in is above retail")

    def check_curve(self, account: int) -> None:
        """A curve's form: at most eight steps, distinct limits a side, buys below sells, limits on the tick."""
        curve, row = self.curves[account], self.rows[account]
        buys = [limit for energy, limit in curve if energy > 0]
        sells = [limit for energy, limit in curve if energy < 0]
        if len(curve) > STEPS:
            self.say(account, f"{len(curve)} steps")
        if any(energy == 0 for energy, _ in curve):
            self.say(account, "a step without energy")
        if len(set(buys)) < len(buys) or len(set(sells)) < len(sells):
            self.say(account, "two steps of a side at one limit")
        if buys and sells and max(buys) >= min(sells):
            self.say(account, "would trade with itself")
        limits = [*buys, *sells, row["pool_buy"] or 0, row["pool_sell"] or 0]
        if any(limit % TICK for limit in limits):
            self.say(account, "a limit off the tick")

    def check_cap(self, account: int) -> None:
        """No side of a curve holds more than the account's cap."""
        for sign in (1, -1):
            side = sum(abs(energy) for energy, _ in self.curves[account] if energy * sign > 0)
            if side > self.run.market.caps[account]:
                self.say(account, f"offers {side} Wh on a side, its cap is {self.run.market.caps[account]}")

    def check_signature(self, account: int, best: dict | None) -> None:
        """The offer in force: the acknowledged one of highest nonce; signed by the account's owner on chain."""
        row = self.rows[account]
        if row["offer_hash"] is None:
            if best is not None:
                self.say(account, "an acknowledged offer was left out")
            if self.curves[account] or row["pool_buy"] is not None or row["pool_sell"] is not None:
                self.say(account, "a curve without an offer")
            return
        if best is None or best["offer_hash"] != row["offer_hash"]:
            self.say(account, "its offer is not the acknowledged one of highest nonce")
            return
        nonces = {o["nonce"] for session in self.offers.values() for o in session if o["account"] == account}
        if nonces - {best["nonce"]}:
            self.say(account, f"nonce {nonces} in offers, {best['nonce']} in its receipt")
        digest = self.offer_digest(account, best)
        if digest != row["offer_hash"]:
            self.say(account, "offer_hash is not that of its curve and limits")
        elif signer(digest, row["signature"]) != self.run.market.owners[account]:
            self.say(account, "the offer was not signed by the account's owner")

    def offer_digest(self, account: int, receipt: dict) -> bytes:
        """What the home signed, rebuilt from the files."""
        row = self.rows[account]
        return offer_digest(
            self.run.domain,
            self.run.community_id,
            {
                "account": account,
                "first_slot": receipt["first_slot"],
                "last_slot": receipt["last_slot"],
                "steps": self.curves[account],
                "pool_buy": NO_BUY if row["pool_buy"] is None else row["pool_buy"],
                "pool_sell": NO_SELL if row["pool_sell"] is None else row["pool_sell"],
                "nonce": receipt["nonce"],
            },
        )

    def pool_wh(self, account: int) -> int:
        """What the account offers to the pool: what it took beyond its ahead trades."""
        if "pool" not in self.run.community.sessions:
            return 0
        meter, ahead = self.run.meters[self.number, account], self.rows[account]["traded_ahead_wh"]
        return meter.pool_wh(ahead, self.run.market.caps[account])

    def check_pool_steps(self) -> None:
        """One pool step per account with a quantity and a limit for it, in leaf order."""
        wanted = []
        for account in self.order:
            quantity, row = self.pool_wh(account), self.rows[account]
            limit = row["pool_buy"] if quantity > 0 else row["pool_sell"]
            if quantity and limit is not None:
                wanted.append((account, quantity, limit))
        stands = [(o["account"], o["energy_wh"], o["limit"]) for o in self.offers["pool"]]
        if stands != wanted:
            false = next((s for s in stands if s not in wanted), None) or next(
                (w for w in wanted if w not in stands), wanted[0] if wanted else (0, 0, 0)
            )
            self.say(false[0], f"pool steps are not metered − traded ahead at the standing limits, near {false}")

    def check_session(self, session: str) -> dict[int, int]:
        """Clear again from the file's order: price, volume, every fill. Returns the fill per account."""
        offers = self.offers[session]
        steps = [(o["energy_wh"], o["limit"]) for o in offers]
        if self.run.community.mechanism == "uniform":
            price, volume, fills = clear_uniform(steps, self.run.community.k)
        else:
            price, volume, fills = clear_mid(steps, self.line["retail"], self.line["feed_in"])
        if self.line[f"price_{session}"] != price:
            self.say(0, f"price_{session} is {self.line[f'price_{session}']}, it clears at {price}")
        if self.line[f"volume_{session}_wh"] != volume:
            self.say(0, f"volume_{session}_wh is {self.line[f'volume_{session}_wh']}, it clears {volume}")
        traded = dict.fromkeys(self.run.members, 0)
        for offer, fill in zip(offers, fills, strict=True):
            traded[offer["account"]] += fill
            if offer["filled_wh"] != fill:
                self.say(offer["account"], f"{session} step {offer['step']} filled {offer['filled_wh']}, not {fill}")
        for account, fill in traded.items():
            if self.rows[account][f"traded_{session}_wh"] != fill:
                self.say(account, f"traded_{session}_wh is {self.rows[account][f'traded_{session}_wh']}, not {fill}")
        return traded

    def check_money(self) -> None:
        """`paid` of every account, and that a slot neither makes nor loses money."""
        rows = {
            account: tuple(self.rows[account][c] for c in ("traded_ahead_wh", "traded_pool_wh", "metered_wh"))
            for account in self.run.members
        }
        backs = {account: self.run.meters[self.number, account].back for account in self.run.members}
        money = slot_money(rows, self.terms, (self.line["price_ahead"], self.line["price_pool"]), backs)
        for account, (debit, credit) in money.items():
            if self.rows[account]["paid"] != credit - debit:
                self.say(account, f"paid is {self.rows[account]['paid']}, the formulas give {credit - debit}")
        if sum(row["paid"] for row in self.rows.values()) != 0:
            self.say(0, "the slot's payments do not sum to zero")

    def check_energy(self) -> None:
        """What the feeder gave and took is what the meters and the wires used."""
        metered = sum(row["metered_wh"] for row in self.rows.values())
        net = self.line["import_wh"] - self.line["export_wh"]
        if net != metered + self.line["losses_wh"]:
            self.say(0, f"import − export is {net}, Σ metered + losses is {metered + self.line['losses_wh']}")

    def check_roots(self, fills: dict[str, dict[int, int]], published: list[bytes]) -> None:
        """Book leaves, book root, result root, data hash; keeps the header's hash."""
        leaves, public, pools, nonces = [], [], [], self.run.nonces()
        for account in self.order:
            row = self.rows[account]
            buy = NO_BUY if row["pool_buy"] is None else row["pool_buy"]
            sell = NO_SELL if row["pool_sell"] is None else row["pool_sell"]
            curve = curve_bytes(self.curves[account][:STEPS], buy, sell)
            nonce = nonces.get(row["offer_hash"], -1)
            leaf = book_leaf(blind(account, self.number, nonce, row["salt"]), curve)
            if published[row["leaf"]] != leaf:
                self.say(account, "its book leaf in public.parquet is another")
            quantity = self.pool_wh(account)
            limit = row["pool_buy"] if quantity > 0 else row["pool_sell"]
            pools.append([(quantity, limit)] if quantity and limit is not None else [])
            leaves.append(leaf)
            public.append(public_row(leaf, curve, quantity, fills["ahead"][account], fills["pool"][account]))
        prices = []
        sums: list[list[int]] = [[] for _ in self.order]
        for session, steps in (("ahead", [self.curves[a] for a in self.order]), ("pool", pools)):
            price = self.line[f"price_{session}"]
            if price is None:
                price = standing_price(self.terms["mechanism"], [s for row in steps for s in row], self.terms)
            prices.append(price)
            filled = [fills[session][account] for account in self.order]
            parts = session_sums(self.terms["mechanism"], steps, filled, price)
            sums = [mine + part for mine, part in zip(sums, parts, strict=True)]
        root, total = result_root([(result_leaf(row), part) for row, part in zip(public, sums, strict=True)])
        roots = {
            "book_root": plain_root(leaves),
            "result_root": root,
            "data_hash": data_hash(public, self.check_envelopes()),
        }
        for name, value in roots.items():
            if self.line[name] != value:
                self.say(0, f"{name} is {self.line[name].hex()}, rebuilt {value.hex()}")
        self.run.headers[self.number] = header_hash(
            self.run.domain, self.number, self.terms, (prices[0], prices[1]), total, roots.values()
        )


def check_offer_order(run: Run) -> list[str]:
    """By slot, ahead before pool, each in leaf order, steps counted from 0."""
    found = []
    rows = run.by("rows", "slot", "account")
    leaf = run.tables["rows"]["leaf"]
    offers = run.tables["offers"]
    keys = []
    for slot, session, account, step in zip(
        offers["slot"], offers["session"], offers["account"], offers["step"], strict=True
    ):
        keys.append((slot, ("ahead", "pool").index(session), leaf[rows[slot, account]], step))
    for i, (before, after) in enumerate(pairwise(keys), start=1):
        if before >= after:
            found.append(f"slot {after[0]} account {offers['account'][i]}: stands out of order or twice in offers")
    last: tuple = ()
    for key, account in zip(keys, offers["account"], strict=True):
        due = last[3] + 1 if last and key[:3] == last[:3] else 0
        if key[3] != due:
            found.append(f"slot {key[0]} account {account}: step {key[3]} where {due} was due")
        last = key
    return found


def offers_in_force(run: Run) -> dict[tuple[int, int], dict]:
    """{(slot, account): the receipt of highest nonce whose range holds the slot}."""
    first, last = run.slots[0], run.slots[-1]
    out: dict[tuple[int, int], dict] = {}
    for i in range(len(run.tables["receipts"]["account"])):
        receipt = run.row("receipts", i)
        for slot in range(max(first, receipt["first_slot"]), min(last, receipt["last_slot"]) + 1):
            held = out.setdefault((slot, receipt["account"]), receipt)
            if receipt["nonce"] > held["nonce"]:
                out[slot, receipt["account"]] = receipt
    return out


def check_receipts(run: Run) -> list[str]:
    """The operator's signature under every receipt; one receipt per offer and nonce."""
    found = []
    seen: set = set()
    for i in range(len(run.tables["receipts"]["account"])):
        receipt = run.row("receipts", i)
        where = f"slot {receipt['first_slot']} account {receipt['account']}"
        digest = receipt_digest(run.domain, receipt["offer_hash"], receipt["first_slot"], receipt["last_slot"])
        if signer(digest, receipt["signature"]) not in run.market.operators:
            found.append(f"{where}: the receipt was not signed by the operator")
        if receipt["first_slot"] > receipt["last_slot"] or receipt["account"] not in run.members:
            found.append(f"{where}: a receipt for no slot or no member")
        for key in (receipt["offer_hash"], (receipt["account"], receipt["nonce"])):
            if key in seen:
                found.append(f"{where}: a second receipt for one offer or nonce")
            seen.add(key)
    used = {h for h in run.tables["rows"]["offer_hash"] if h is not None}
    receipts = run.tables["receipts"]
    for offer, first, last in zip(receipts["offer_hash"], receipts["first_slot"], receipts["last_slot"], strict=True):
        if offer not in used and any(slot not in run.void for slot in range(first, last + 1)):
            found.append(f"receipts.parquet: {offer.hex()} is the hash of no offer in rows")
    return found


def check_readings(run: Run) -> list[str]:
    """Registers never fall, their change is `metered` (0 without a reading), each meter signs with a key of its own."""
    found = []
    rows = run.by("rows", "slot", "account")
    readings = run.tables["readings"]
    for i in range(len(readings["slot"])):
        reading = run.row("readings", i)
        slot, account = reading["slot"], reading["account"]
        registers = (reading["import_wh"], reading["export_wh"])
        where = f"slot {slot} account {account}"
        digest = reading_digest(run.domain, run.community_id, account, slot, registers)
        by = signer(digest, reading["signature"])
        dated = [key for key, first, *_ in run.market.meters.get(account, ()) if first <= slot]
        if by is None or by != (dated or [None])[-1]:
            found.append(f"{where}: the reading was not signed by the key of this meter")
        if min(run.meters[slot, account].moved) < 0:
            found.append(f"{where}: a register ran backwards")
    for (slot, account), meter in run.meters.items():
        metered = run.tables["rows"]["metered_wh"][rows[slot, account]]
        if meter.metered != metered:
            found.append(f"slot {slot} account {account}: metered_wh is {metered}, registers moved by {meter.metered}")
    keys = [dated[-1][0] for dated in run.market.meters.values()]
    if len(set(keys)) < len(keys):
        found.append("chain: two meters with one key")
    return found
