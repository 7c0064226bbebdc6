"""What was signed: every offer in force by its owner, every receipt by the operator, every reading by its meter's key.

Until the meter registry binds device keys, a reading is signed with the account's own key.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sunfair.audit.auction import Auction
from sunfair.audit.findings import Finding, Rank
from sunfair.audit.run import Run
from sunfair.chain import recover as recover_strictly
from sunfair.model import FIRST_MEMBER
from sunfair.settlement import Domain, offer_digests, reading_digests, receipt_digests

__all__ = ["Receipt", "offers_signed", "readings_signed", "receipts"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One acknowledged offer."""

    account: int
    nonce: int
    first_slot: int
    last_slot: int


def recover(digest: bytes, signature: bytes) -> bytes:
    """Who signed, empty where the signature is none at all."""
    try:
        return recover_strictly(digest, signature)
    except ValueError:
        return b""


def domain_of(run: Run) -> Domain:
    """Where this run's signatures count."""
    return Domain(run.community.name, run.chain.chain_id, run.chain.market)


def receipts(run: Run) -> tuple[dict[bytes, Receipt], list[Finding]]:
    """All receipts by offer hash, and those the operator never signed or that stand twice."""
    table = run.tables["receipts"]
    hashes, signatures = table["offer_hash"].to_pylist(), table["signature"].to_pylist()
    account, nonce, first, last = (
        table[name].to_numpy().astype(np.int64) for name in ("account", "nonce", "first_slot", "last_slot")
    )
    known: dict[bytes, Receipt] = {}
    found: list[Finding] = []
    if not hashes:
        return known, found
    block = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)
    digests = receipt_digests(domain_of(run), block, first, last)
    for at, digest in enumerate(digests):
        if recover(digest.tobytes(), signatures[at]) not in run.chain.operators:
            what = f"the receipt of nonce {nonce[at]} is not signed by an operator"
            found.append(Finding(Rank.SIGNED, int(first[at]), int(account[at]), what))
        if hashes[at] in known:
            found.append(Finding(Rank.STRUCTURE, int(first[at]), int(account[at]), "two receipts for one offer"))
        known[hashes[at]] = Receipt(int(account[at]), int(nonce[at]), int(first[at]), int(last[at]))
    return known, found


def offers_signed(run: Run, auctions: list[Auction], known: dict[bytes, Receipt]) -> Iterator[list[Finding]]:
    """Per slot: whether each member's curve, limits, nonce and range are what its owner signed."""
    hashes, there = run.bytes_grid("rows", "offer_hash", 32)
    signatures, signed = run.bytes_grid("rows", "signature", 65)
    nonces = _stated_nonces(run)
    domain = domain_of(run)
    for at, auction in enumerate(auctions):
        slot = int(run.slots[at])
        found: list[Finding] = []
        wanted = [known.get(row.tobytes()) if ok else None for row, ok in zip(hashes[at], there[at], strict=True)]
        members = wanted[FIRST_MEMBER:]
        first, last, nonce = (
            np.array([getattr(receipt, name) if receipt else 0 for receipt in members], np.int64)
            for name in ("first_slot", "last_slot", "nonce")
        )
        accounts = FIRST_MEMBER + np.arange(len(members))
        digests = offer_digests(domain, accounts, auction.curves, first, last, nonce)
        for member, receipt in enumerate(members):
            account = member + FIRST_MEMBER
            what = _offer_fault(
                run, slot, account, receipt, digests[member], hashes[at, account], signatures[at, account]
            )
            if not what and not signed[at, account] and receipt:
                what = "its offer's signature is missing or malformed"
            if not what and receipt and nonces.get((slot, account), {receipt.nonce}) != {receipt.nonce}:
                what = f"offers.parquet names another nonce than the {receipt.nonce} it signed"
            if not what and receipt is None and there[at, account]:
                what = "its offer_hash has no receipt"
            if not what and receipt is None and (auction.curves.energy_wh[member].any() or (slot, account) in nonces):
                what = "it offered without a signed offer in force"
            if what:
                found.append(Finding(Rank.SIGNED, slot, account, what))
        yield found


def _offer_fault(
    run: Run,
    slot: int,
    account: int,
    receipt: Receipt | None,
    digest: NDArray[np.uint8],
    stated: NDArray[np.uint8],
    signature: NDArray[np.uint8],
) -> str:
    if receipt is None:
        return ""
    if receipt.account != account or not receipt.first_slot <= slot <= receipt.last_slot:
        return "its offer_hash is the receipt of another account or other slots"
    if digest.tobytes() != stated.tobytes():
        return "its curve, pool limits or nonce are not the offer that its offer_hash stands for"
    if recover(digest.tobytes(), signature.tobytes()) != run.chain.owners[account]:
        return "its offer is not signed by the account's owner"
    return ""


def _stated_nonces(run: Run) -> dict[tuple[int, int], set[int]]:
    table = run.tables["offers"]
    stated: dict[tuple[int, int], set[int]] = {}
    for slot, account, nonce in zip(*(table[name].to_pylist() for name in ("slot", "account", "nonce")), strict=True):
        stated.setdefault((slot, account), set()).add(nonce)
    return stated


def readings_signed(run: Run) -> Iterator[list[Finding]]:
    """Per slot: whether the registers that came are signed, never run back, and give what was metered."""
    meters, signatures = run.meters, _reading_signatures(run)
    taken, given, due = meters.import_wh, meters.export_wh, meters.metered_wh
    metered = run.grid("rows", "metered_wh")[:, FIRST_MEMBER:]
    none = np.zeros((1, taken.shape[1]), np.int64)
    in_slot, out_slot = np.diff(taken, axis=0, prepend=none), np.diff(given, axis=0, prepend=none)
    accounts = FIRST_MEMBER + np.arange(taken.shape[1])
    domain = domain_of(run)
    institutions = run.grid("rows", "metered_wh")[:, :FIRST_MEMBER]
    for at, slot in enumerate(run.slots.tolist()):
        digests = reading_digests(domain, accounts, np.full(len(accounts), slot), taken[at], given[at])
        found = [
            Finding(Rank.ROW, slot, int(bad), f"metered_wh is {institutions[at, bad]}; an institution has no meter")
            for bad in np.flatnonzero(institutions[at])
        ]
        for member, account in enumerate(accounts.tolist()):
            came, signature = meters.valid[at, member], signatures.get((slot, account), b"")
            if came and recover(digests[member].tobytes(), signature) != _key_at(run, account, slot):
                found.append(Finding(Rank.SIGNED, slot, account, "its reading is not signed by its meter's key"))
            elif min(in_slot[at, member], out_slot[at, member]) < 0:
                found.append(Finding(Rank.SIGNED, slot, account, "its registers run backwards"))
            elif metered[at, member] != due[at, member]:
                why = f"its signed registers moved by {due[at, member]} Wh" if came else "there is no reading of it"
                found.append(Finding(Rank.SIGNED, slot, account, f"metered_wh is {metered[at, member]}; {why}"))
        yield found


def _key_at(run: Run, account: int, slot: int) -> bytes:
    """The key that the register bound to the account's point for a slot; empty where there was none."""
    dated = [meter for meter in run.chain.meters[account] if meter.from_slot <= slot]
    return dated[-1].key if dated and any(dated[-1].key) else b""


def _reading_signatures(run: Run) -> dict[tuple[int, int], bytes]:
    table = run.tables["readings"]
    slots, accounts, signatures = (table[name].to_pylist() for name in ("slot", "account", "signature"))
    return dict(zip(zip(slots, accounts, strict=True), signatures, strict=True))
