"""How long the slots of a street take when everything is signed and checked, salted, hashed and laid in trees."""

from time import perf_counter

import numpy as np

from sunfair.app import OrderBook, SlotRunner
from sunfair.chain import SeededKeys
from sunfair.model import FIRST_MEMBER, Scenario, Session
from sunfair.settlement import Domain
from sunfair.simulate import SeededChance, Street
from sunfair.simulate.funding import caps_of
from sunfair.wiring.adapters import Secp256k1Signatures

__all__ = ["prove_slots"]


def prove_slots(scenario: Scenario, slots: range) -> float:
    """Seconds for `slots` (places in the series) of a scenario: all offers and readings, both sessions, money."""
    community, first = scenario.community, scenario.series.first_slot + slots.start
    keys, domain, caps = SeededKeys(7), Domain(community.name, 31_337, bytes(20)), caps_of(scenario)
    owners = b"".join(keys.address(str(FIRST_MEMBER + at)) for at in range(community.size))
    street = Street(scenario, domain, keys, first_slot=first, lead=2)
    runner = SlotRunner(community, domain, SeededChance(7), caps=caps)
    orders = OrderBook(
        domain,
        np.frombuffer(owners, np.uint8).reshape(-1, 20),
        keys=keys,
        signatures=Secp256k1Signatures(),
        ahead=Session.AHEAD in community.sessions,
        caps=caps,
    )
    begun = perf_counter()
    for slot in range(first, first + len(slots)):
        orders.submit(street.offers(slot, slot), open_from=slot, open_to=slot)
        book, tariff = runner.close_book(slot, orders.in_force(slot)), street.tariff(slot)
        ahead = runner.clear_ahead(book, tariff)
        street.traded(slot, runner.ahead_fills(book, ahead))
        street.settled(runner.deliver(book, ahead, tariff, street.read(slot)))
    return perf_counter() - begun
