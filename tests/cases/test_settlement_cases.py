"""Golden cases of a slot's money: every file of cases/settlement; a new case needs no code."""

import json
from pathlib import Path

import numpy as np
import pytest

from sunfair.model import FIRST_MEMBER, NETWORK, RESERVE, UTILITY, Fees
from sunfair.settlement import SlotTerms, settle_slot

FOLDER = Path(__file__).parent / "settlement"
CASES = sorted(FOLDER.glob("*.json"))
TRADED = ("traded_ahead_wh", "traded_pool_wh", "metered_wh")


def test_there_are_cases():
    assert CASES, f"no case lies in {FOLDER}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_is_settled_to_the_unit(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    header = case["header"]
    fees = Fees(header["seller_bps"], header["utility_bps"], header["network_bps"])
    terms = SlotTerms(header["price_ahead"], header["price_pool"], header["retail"], header["feed_in"], fees)
    assert case["roles"] == {"utility": UTILITY, "network": NETWORK, "reserve": RESERVE}
    columns = np.zeros((3, max(FIRST_MEMBER, *(row["account"] + 1 for row in case["rows"]))), np.int64)
    for row in case["rows"]:
        columns[:, row["account"]] = [row[name] for name in TRADED]

    money = settle_slot(terms, *columns)

    settled = {
        str(account): {"debits": int(debits), "credits": int(credits), "paid": int(paid)}
        for account, (debits, credits, paid) in enumerate(zip(money.debits, money.credits, money.paid, strict=True))
    }
    assert settled == case["expected"]
