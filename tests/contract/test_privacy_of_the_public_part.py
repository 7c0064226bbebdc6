"""What is public names nobody: neither the published rows nor any event of an anchor, a court or the board.

Events of the vault name accounts where money enters or leaves, and amounts per period stand on chain by account: so the
specification says. What must not be there is a link from a leaf of a slot to an account.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from sunfair.model import FIRST_MEMBER, Curves
from sunfair.settlement import ResultRows, blinds, book_leaves

ARTIFACTS = Path(__file__).parents[2] / "src" / "sunfair" / "chain" / "artifacts"
NAMING = {"account", "owner", "member", "reader", "payer"}
# Where an account shows itself, and is told so: its money, its meter, its inbox, and what it has answered on demand.
NAMED = {
    "EnergyMarket": {
        "AccountOpened", "AccountClosed", "ReaderNamed", "MeterSet", "Deposited", "Parked", "Credited",
        "WithdrawalRequested", "Withdrawn",
    },
    "Docket": {"OfferFiled", "ReadingFiled", "Claimed"},
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["AuctionCourt", "RowCourt", "BookCourt", "Docket", "Witness", "DataBoard", "EnergyMarket"]
)
def test_events_name_accounts_only_where_accounts_show_themselves(name: str) -> None:
    abi = json.loads((ARTIFACTS / f"{name}.json").read_text())["abi"]
    naming = {e["name"] for e in abi if e["type"] == "event" and NAMING & {part["name"] for part in e["inputs"]}}
    assert naming == NAMED.get(name, set())


def _published(accounts: np.ndarray, seed: int) -> np.ndarray:
    """The public rows of members who all sign the same curve, in leaf order."""
    rng, count = np.random.default_rng(seed), len(accounts)
    curves = Curves.empty(count)
    salts = rng.integers(0, 256, (count, 32)).astype(np.uint8)
    leaves = book_leaves(blinds(accounts, 1_638_232, np.full(count, 5), salts), curves)
    none = np.zeros(count, np.int64)
    return ResultRows(leaves, curves, none, none, none).public_bytes()


def test_rows_of_equal_offers_differ_in_nothing_but_their_blinds() -> None:
    """Of two hundred homes with the same offer all that differs is 32 bytes, the hash under a salt of 32 bytes."""
    rows = _published(np.arange(FIRST_MEMBER, FIRST_MEMBER + 200), 1)
    assert len(np.unique(rows[:, 32:], axis=0)) == 1
    assert len(np.unique(rows[:, :32], axis=0)) == 200


def test_leaves_say_nothing_about_the_account() -> None:
    """Bits of a leaf are independent of the account's bits: 4,000 accounts, correlations as of chance."""
    accounts = np.arange(FIRST_MEMBER, FIRST_MEMBER + 4_000)
    leaf_bits = np.unpackbits(_published(accounts, 2)[:, :32], axis=1).astype(float)
    account_bits = (accounts[:, None] >> np.arange(12) & 1).astype(float)
    z = np.sqrt(len(accounts)) * np.corrcoef(leaf_bits.T, account_bits.T)[:256, 256:]
    # 256 × 12 normal values: beyond 5 once in half a thousand such tables
    assert np.abs(z).max() < 5


def test_the_same_account_and_offer_look_new_in_every_slot() -> None:
    one, other = (_published(np.array([FIRST_MEMBER]), seed)[0, :32] for seed in (3, 4))
    assert 80 < np.unpackbits(one ^ other).sum() < 176
