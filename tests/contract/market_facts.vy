# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Market Facts
@license AGPL-3.0-only
@author The Sunfair developers
@notice A stand-in for an Energy Market in tests of the courts: whatever facts it is told, it gives back, and it writes
        down what it is told to convict.
@custom:kill Only for tests.
"""

from ...contracts import IEnergyMarket

implements: IEnergyMarket

struct Conviction:
    court: address
    kind: uint256
    offender: address
    challenger: address
    slot: uint256

struct Voiding:
    court: address
    anchor: bytes32
    kind: uint256
    challenger: address

struct Parking:
    payer: address
    account: uint256
    amount: uint256
    not_before: uint256

community: public(bytes32)
separator: public(bytes32)
slot_seconds: public(uint256)
gate_seconds: public(uint256)
window_seconds: public(uint256)
token: public(address)
utility: public(address)

anchors: HashMap[bytes32, bool]
pending: bytes32
last: bytes32
members: HashMap[uint256, IEnergyMarket.Member]
meters: HashMap[uint256, DynArray[IEnergyMarket.Meter, 64]]
balance_of: public(HashMap[uint256, uint256])
terms_hash: public(HashMap[uint256, bytes32])
terms_start: public(HashMap[uint256, uint256])
terms_count: public(uint256)
void_slot: public(HashMap[uint256, bool])

convictions: public(DynArray[Conviction, 4096])
voidings: public(DynArray[Voiding, 1024])
parkings: public(DynArray[Parking, 1024])


@deploy
def __init__(
    community_: bytes32,
    separator_: bytes32,
    slot_seconds_: uint256,
    gate_seconds_: uint256,
    window_seconds_: uint256,
    token_: address,
    utility_: address,
):
    self.community = community_
    self.separator = separator_
    self.slot_seconds = slot_seconds_
    self.gate_seconds = gate_seconds_
    self.window_seconds = window_seconds_
    self.token = token_
    self.utility = utility_


# What a test sets.

@external
def set_anchor(anchor: IEnergyMarket.Anchor, known: bool):
    self.anchors[keccak256(abi_encode(anchor))] = known


@external
def set_pending(settlement: IEnergyMarket.Settlement):
    self.pending = keccak256(abi_encode(settlement))


@external
def set_last(settlement: IEnergyMarket.Settlement):
    self.last = keccak256(abi_encode(settlement))


@external
def set_member(account: uint256, member: IEnergyMarket.Member):
    self.members[account] = member


@external
def add_meter(account: uint256, meter: IEnergyMarket.Meter):
    self.meters[account].append(meter)


@external
def clear_meters(account: uint256):
    self.meters[account] = []


@external
def set_balance(account: uint256, amount: uint256):
    self.balance_of[account] = amount


@external
def add_terms(
    first_slot: uint256,
    last_slot: uint256,
    rule: uint256,
    k_num: uint256,
    k_den: uint256,
    seller: uint256,
    utility: uint256,
    network: uint256,
    tariffs: Bytes[16 * 1024],
):
    self.terms_hash[self.terms_count] = keccak256(
        abi_encode(first_slot, last_slot, rule, k_num, k_den, seller, utility, network, tariffs)
    )
    self.terms_start[self.terms_count] = first_slot
    self.terms_count += 1


@external
def clear_terms():
    self.terms_count = 0


@external
def set_void(slot: uint256, void: bool):
    self.void_slot[slot] = void


# What a court asks and tells.

@view
@external
def is_anchor(anchor: IEnergyMarket.Anchor) -> bool:
    return self.anchors[keccak256(abi_encode(anchor))]


@view
@external
def is_pending(settlement: IEnergyMarket.Settlement) -> bool:
    return self.pending == keccak256(abi_encode(settlement))


@view
@external
def is_last(settlement: IEnergyMarket.Settlement) -> bool:
    return self.last == keccak256(abi_encode(settlement))


@view
@external
def member(account: uint256) -> IEnergyMarket.Member:
    member: IEnergyMarket.Member = self.members[account]
    for dated: IEnergyMarket.Meter in self.meters[account]:
        member.meter_from = dated.from_slot
    return member


@view
@external
def meter(account: uint256, slot: uint256) -> IEnergyMarket.Meter:
    found: IEnergyMarket.Meter = empty(IEnergyMarket.Meter)
    for dated: IEnergyMarket.Meter in self.meters[account]:
        if dated.from_slot <= slot:
            found = dated
    return found


@external
def convict(kind: uint256, offender: address, challenger: address, slot: uint256):
    self.convictions.append(
        Conviction(court=msg.sender, kind=kind, offender=offender, challenger=challenger, slot=slot)
    )


@external
def void_anchor(anchor: IEnergyMarket.Anchor, kind: uint256, challenger: address):
    self.voidings.append(
        Voiding(court=msg.sender, anchor=keccak256(abi_encode(anchor)), kind=kind, challenger=challenger)
    )


@external
def park(account: uint256, amount: uint256, not_before: uint256):
    self.parkings.append(Parking(payer=msg.sender, account=account, amount=amount, not_before=not_before))


@view
@external
def convicted() -> uint256:
    return len(self.convictions)
