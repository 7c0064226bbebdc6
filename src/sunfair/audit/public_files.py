"""The public part of a run from its folder: what the chain in it says, and the auctions, from the chain or the files.

From the files an auction is taken as it was published: curves and fills as they stand there, in leaf order, under a
header made of them. Who has which leaf plays no part.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sunfair.app.published import PublishedPeriod
from sunfair.app.published_checks import Told
from sunfair.audit.auction import recleared
from sunfair.audit.envelopes import envelope_roots
from sunfair.audit.findings import Finding
from sunfair.audit.public import PublicAudit, audit_public, chain_rebuild
from sunfair.audit.run import Run, open_run, wholeness
from sunfair.chain import find_deployment, replay
from sunfair.chain.folder import LOG_FILE
from sunfair.chain.follow import Follower
from sunfair.model import FIRST_MEMBER, Curves, Session
from sunfair.settlement import ZERO_HASH, Header, ResultRows, SlotTerms, Tree, anchor_tree, keccak, slot_header
from sunfair.settlement.court import Anchor, MarketFacts, PublishedAuction
from sunfair.units import NO_BUY, NO_SELL

__all__ = ["watch_folder"]

_NULL = np.iinfo(np.int64).min
_ROOTS = ("book_root", "result_root", "data_hash")


def watch_folder(folder: Path) -> PublicAudit:
    """Hold the public part of a run's folder against the chain in it.

    RunFilesError if a file is absent or unreadable, or the run's chain is not in it but on a network.
    """
    run = open_run(folder)
    if not isinstance(run, Run):
        return _broken([run])
    chain = replay((folder / "chain" / LOG_FILE).read_text(encoding="utf-8").splitlines(), LOG_FILE)
    follower = Follower(chain, find_deployment(chain))
    follower.update()
    found = wholeness(run)
    auctions, wrong = ([], []) if found else recleared(run)
    if found or (wrong and not auctions):
        return _broken(found or wrong)
    files, on_chain = _Files(run, follower.facts()), chain_rebuild(follower)

    def rebuild(anchor: Anchor) -> tuple[PublishedPeriod | None, str]:
        period, why = on_chain(anchor)
        return (period, why) if period is not None else (files.period(anchor), "")

    told = audit_public(follower, rebuild=rebuild)
    told.false[:0] = files.told
    return told


def _broken(findings: list[Finding]) -> PublicAudit:
    """What keeps a folder from being looked at as a run."""
    told = PublicAudit(0, b"", 0)
    told.false = [Told(finding.slot, None, finding.what) for finding in findings]
    return told


class _Files:
    """The auctions of a run's files, slot by slot; `told` is what in them contradicts itself or the anchors."""

    def __init__(self, run: Run, facts: MarketFacts) -> None:
        self._run, self._facts = run, facts
        self._at = {int(slot): at for at, slot in enumerate(run.slots)}
        self._caps = np.array([facts.member(FIRST_MEMBER + at).cap_wh for at in range(run.community.size)], np.int64)
        self._void = dict(zip(*(run.tables["void"][name].to_pylist() for name in ("slot", "header")), strict=True))
        self._leaves, self._envelopes = _leaves(run), envelope_roots(run)
        self.told: list[Told] = []

    def period(self, anchor: Anchor) -> PublishedPeriod:
        """An anchored period as the files have it, whether it hashes to the anchor or not."""
        auctions: list[PublishedAuction | None] = []
        digests: list[bytes] = []
        for slot in range(anchor.first_slot, anchor.first_slot + anchor.slots):
            auctions.append(self._void_auction(slot) if slot in self._void else self._auction(slot))
            header = auctions[-1]
            digests.append(ZERO_HASH if header is None else keccak(header.header))
        if anchor_tree(digests).root != anchor.root:
            last = anchor.first_slot + anchor.slots - 1
            told = f"the headers of the files up to slot {last} do not hash to the anchor on chain"
            self.told.append(Told(anchor.first_slot, None, told))
        return PublishedPeriod(anchor, tuple(auctions), tuple(digests))

    def _void_auction(self, slot: int) -> PublishedAuction | None:
        """What was anchored for a void slot; its rows bind nothing."""
        header: bytes | None = self._void[slot]
        return None if header is None else PublishedAuction(header, [])

    def _auction(self, slot: int) -> PublishedAuction:
        run, at = self._run, self._at[slot]
        rows, fees = self._rows(at), run.community.fees
        stated = {name: run.tables["slots"][name][at].as_py() for name in ("price_ahead", "price_pool", *_ROOTS)}
        retail, feed_in = (int(run.grid("slots", name)[at, 0]) for name in ("retail", "feed_in"))
        terms = SlotTerms(stated["price_ahead"], stated["price_pool"], retail, feed_in, fees)
        book_root = Tree(rows.book_leaf).root
        domain, caps = self._facts.separator, self._envelopes[at]
        header = slot_header(
            run.community, terms, rows, domain=domain, slot=slot, book_root=book_root, envelope_root=caps
        )
        self._compare(header, stated)
        shown = [row.tobytes() for row in rows.public_bytes()]
        return PublishedAuction(header.preimage(), shown, envelope_root=caps)

    def _compare(self, header: Header, stated: Mapping[str, bytes]) -> None:
        self.told += [
            Told(header.slot, None, f"{name} is {stated[name].hex()}; the rows give {getattr(header, name).hex()}")
            for name in _ROOTS
            if stated[name] != getattr(header, name)
        ]

    def _rows(self, at: int) -> ResultRows:
        """The public rows of slot number `at`, in leaf order."""
        run, size = self._run, self._run.community.size
        curves, ahead, pool = self._curves(at)
        beyond = run.meters.metered_wh[at] - ahead
        reads = run.meters.pools[at] & (Session.POOL in run.community.sessions)
        due = np.where(reads, np.clip(beyond, -self._caps, self._caps), 0)
        order = np.argsort(run.grid("rows", "leaf")[at, FIRST_MEMBER:])
        assert len(order) == size
        return ResultRows(self._leaves[at], curves.take(order), due[order], ahead[order], pool[order])

    def _curves(self, at: int) -> tuple[Curves, NDArray[np.int64], NDArray[np.int64]]:
        """Curves and standing limits, and the fills of both sessions, by member."""
        run, size = self._run, self._run.community.size
        limits = [run.grid("rows", name)[at, FIRST_MEMBER:] for name in ("pool_buy", "pool_sell")]
        buy, sell = (np.where(v == _NULL, none, v) for v, none in zip(limits, (NO_BUY, NO_SELL), strict=True))
        empty = Curves.empty(size)
        curves = Curves(empty.energy_wh.copy(), empty.limit.copy(), buy, sell)
        ahead, pool = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for session, account, step, energy, limit, filled in self._steps(at):
            member = account - FIRST_MEMBER
            if session == "ahead":
                curves.energy_wh[member, step], curves.limit[member, step] = energy, limit
                ahead[member] += filled
            else:
                pool[member] += filled
        return curves, ahead, pool

    def _steps(self, at: int) -> list[tuple[Any, ...]]:
        """The lines of `offers.parquet` of slot number `at`."""
        table = self._run.tables["offers"]
        slots = table["slot"].to_numpy()
        first, end = np.searchsorted(slots, [self._run.slots[at], self._run.slots[at] + 1])
        part = table.slice(int(first), int(end - first))
        names = ("session", "account", "step", "energy_wh", "limit", "filled_wh")
        return list(zip(*(part[name].to_pylist() for name in names), strict=True))


def _leaves(run: Run) -> NDArray[np.uint8]:
    """The published book leaves in their order, uint8[T, n, 32]; zeros in void slots."""
    leaves = np.zeros((len(run.slots), run.community.size, 32), np.uint8)
    cells = b"".join(run.tables["public"]["book_leaf"].to_pylist())
    leaves[~run.void] = np.frombuffer(cells, np.uint8).reshape(-1, run.community.size, 32)
    return leaves
