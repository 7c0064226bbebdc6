# pragma version ==0.4.3
# pragma evm-version cancun
# pragma nonreentrancy on
"""
@title Install Finance
@custom:contract-name InstallFinance
@license AGPL-3.0-only
@author The Sunfair developers
@notice A charger without paying up front: this contract is the payee of a charge point and divides what comes in, VAT first,
        then the host's energy, the platform, and of the rest the financier's share until capex × multiple is repaid, to
        the µ. Then everything is the host's. No revenue, no debt: nothing accrues. Rules: docs/charging-spec.md, "Financing".
        Rounding: VAT and energy up, platform and share down; the host gets the rest.
@dev    What comes in is read from the network's own count of fees and energy, so a gift changes nothing, and neither does who
        brought the money here or in how many parts the network paid.
@custom:kill Nobody can stop it. The financier has what is repaid, the host may buy the rest out at any time.
"""


# ── Interfaces ────────────────────────────────────────────────────────────────────────────────────────────────────────

from ethereum.ercs import IERC20

interface INetwork:
    def token() -> address: view
    def purse(party: address) -> (uint256, uint256, uint256): view
    def withdraw(party: address) -> uint256: nonpayable
    def set_payee(point: bytes32, payee: address): nonpayable


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

BPS: constant(uint256) = 10_000
AMOUNT_MAX: constant(uint256) = 2**62
PRICE_MAX: constant(uint256) = 10**12


# ── Immutables ────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice The charging network, its token, and the parties.
network: public(immutable(address))
token: public(immutable(address))
host: public(immutable(address))
financier: public(immutable(address))
platform: public(immutable(address))

# @notice What the financier gets in all, µ.
cap: public(immutable(uint256))

# @notice The terms.
terms: public(immutable(Terms))


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event Divided:
    # @notice A revenue of `gross` for `wh`, by the waterfall; `repaid` is the financier's of all time.
    gross: uint256
    wh: uint256
    vat: uint256
    energy: uint256
    platform: uint256
    financier: uint256
    host: uint256
    repaid: uint256

event BoughtOut:
    # @notice Somebody paid what was not repaid yet.
    payer: indexed(address)
    amount: uint256

event Released:
    # @notice The charge point pays its host from now on.
    point: indexed(bytes32)

event Withdrawn:
    # @notice A party's money is with it.
    party: indexed(address)
    amount: uint256


# ── Storage ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice capex: µ; multiple_bps: what is repaid of it; share_bps: the financier's of what is left after VAT, energy and platform;
#         energy_floor: µ/kWh kept by the host; vat_bps: in the revenue; platform_bps: of what is left after VAT and energy.
struct Terms:
    capex: uint256
    multiple_bps: uint256
    share_bps: uint256
    energy_floor: uint256
    vat_bps: uint256
    platform_bps: uint256

# @notice The financier's of all time, µ.
repaid: public(uint256)

# @notice Fees, µ, and energy, Wh, divided so far; VAT in them.
seen: public(uint256)
seen_wh: public(uint256)
vat_total: public(uint256)

# @notice What a party may withdraw, µ.
dues: public(HashMap[address, uint256])


# ── Constructor ───────────────────────────────────────────────────────────────────────────────────────────────────────

@deploy
def __init__(network_: address, host_: address, financier_: address, platform_: address, terms_: Terms):
    """
    @notice Fixes an agreement for ever. It begins to work once a charge point's payee is this contract.
    @param network_ The charging network.
    @param host_ Who gets the charger.
    @param financier_ Who paid for it.
    @param platform_ Who runs the network.
    @param terms_ See docs/charging-spec.md, "Financing".
    """
    assert min(convert(host_, uint160), min(convert(financier_, uint160), convert(platform_, uint160))) > 0, "finance: zero address"
    assert terms_.capex > 0 and terms_.capex <= AMOUNT_MAX, "finance: capex out of range"
    assert terms_.multiple_bps >= BPS and terms_.multiple_bps <= 3 * BPS, "finance: multiple out of range"
    assert terms_.share_bps > 0 and terms_.share_bps <= BPS, "finance: share out of range"
    assert terms_.energy_floor <= PRICE_MAX, "finance: energy out of range"
    assert terms_.vat_bps < BPS and terms_.platform_bps <= BPS // 2, "finance: rate out of range"
    network = network_
    token = staticcall INetwork(network_).token()
    host = host_
    financier = financier_
    platform = platform_
    terms = terms_
    cap = terms_.capex * terms_.multiple_bps // BPS


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def collect():
    """
    @notice Fetches what the charge point earned and divides it. Anyone may.
    """
    extcall INetwork(network).withdraw(self)
    waiting: uint256 = 0
    fees: uint256 = 0
    total_wh: uint256 = 0
    waiting, fees, total_wh = staticcall INetwork(network).purse(self)
    gross: uint256 = fees - self.seen
    wh: uint256 = total_wh - self.seen_wh
    if gross == 0:
        return
    self.seen = fees
    self.seen_wh = total_wh
    t: Terms = terms
    vat: uint256 = (gross * t.vat_bps + BPS + t.vat_bps - 1) // (BPS + t.vat_bps)
    left: uint256 = gross - vat
    energy: uint256 = min((wh * t.energy_floor + 999) // 1_000, left)
    left -= energy
    fee: uint256 = left * t.platform_bps // BPS
    left -= fee
    share: uint256 = min(left * t.share_bps // BPS, cap - self.repaid)
    left -= share
    self.repaid += share
    self.vat_total += vat
    self.dues[host] += vat + energy + left
    self.dues[platform] += fee
    self.dues[financier] += share
    log Divided(
        gross=gross, wh=wh, vat=vat, energy=energy, platform=fee, financier=share, host=left, repaid=self.repaid
    )


@external
def buy_out():
    """
    @notice Pays what is not repaid yet, out of the caller's tokens. Anyone may.
    """
    amount: uint256 = cap - self.repaid
    assert amount > 0, "finance: repaid"
    self.repaid = cap
    self.dues[financier] += amount
    log BoughtOut(payer=msg.sender, amount=amount)
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    moved: bool = extcall IERC20(token).transferFrom(msg.sender, self, amount, default_return_value=True)
    assert moved, "finance: token refused"
    assert staticcall IERC20(token).balanceOf(self) == held + amount, "finance: token moved another amount"


@external
def release(point: bytes32):
    """
    @notice Once all is repaid: the charge point pays its host directly. Anyone may.
    @param point A charge point that pays here.
    """
    assert self.repaid == cap, "finance: not repaid"
    log Released(point=point)
    extcall INetwork(network).set_payee(point, host)


@external
def withdraw(party: address) -> uint256:
    """
    @notice Brings a party what it may withdraw. Anyone may; it can only go to that party.
    @param party The party.
    @return µ.
    """
    amount: uint256 = self.dues[party]
    self.dues[party] = 0
    if amount == 0:
        return 0
    log Withdrawn(party=party, amount=amount)
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    moved: bool = extcall IERC20(token).transfer(party, amount, default_return_value=True)
    assert moved, "finance: token refused"
    assert staticcall IERC20(token).balanceOf(self) == held - amount, "finance: token moved another amount"
    return amount


# ── Views ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

@external
@view
def open() -> uint256:
    """
    @notice What is not repaid yet: what a buyout costs.
    @return µ.
    """
    return cap - self.repaid
