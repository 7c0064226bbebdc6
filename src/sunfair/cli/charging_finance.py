"""`sunfair charging finance` and what is done with it."""

from dataclasses import dataclass
from typing import Any

from sunfair.app.charging import finance_of
from sunfair.chain.charging_ledger import ChargingNetwork
from sunfair.chain.finance_ledger import InstallFinance, agree_finance
from sunfair.charging import FinanceTerms
from sunfair.cli.charging_show import address, money, opened, scaled, show
from sunfair.cli.commons_acts import Who, open_network
from sunfair.cli.signing import WallClock
from sunfair.errors import Fault, InputError
from sunfair.units import format_money

__all__ = ["Deal", "run_finance", "run_finance_act"]

_ACTS = ("assign", "collect", "buy-out", "release", "withdraw")
_WITH_WORD = ("assign", "release", "withdraw")


@dataclass(frozen=True, slots=True)
class Deal:
    """An agreement as it is written on the command line."""

    host: str
    platform: str
    capex: str
    multiple: str
    share: str
    energy: str
    vat: str
    platform_fee: str

    @property
    def terms(self) -> FinanceTerms:
        """In µ and bps."""
        return FinanceTerms(
            money("--capex", self.capex),
            scaled("--multiple", self.multiple, 10_000),
            scaled("--share", self.share, 100),
            money("--energy", self.energy),
            scaled("--vat", self.vat, 100),
            scaled("--platform-fee", self.platform_fee, 100),
        )


def run_finance(network: str, deal: Deal, who: Who, *, as_json: bool) -> None:
    """Put the agreement on chain."""
    terms, charging = deal.terms, address("NETWORK", network)
    host, platform = address("--host", deal.host), address("--platform", deal.platform)
    with open_network(who) as (chain, keys):
        parties = host, keys.address(who.holder), platform
        made = agree_finance(chain, keys, WallClock(), charging, parties, terms, holder=who.holder)
    told = {"finance": f"0x{made.hex()}", "to_repay": format_money(terms.cap, "ECH"), "to_repay_micro": terms.cap}
    show(told | {"next": "the host assigns its charge point: finance-act assign"}, as_json)


def run_finance_act(name: str, network: str, contract: str, word: str, who: Who, *, as_json: bool) -> None:
    """Do one act and show where the agreement stands."""
    if name not in _ACTS:
        raise InputError(f"there is no act {name!r}", [Fault("ACT", f"is {name!r}", f"one of {', '.join(_ACTS)}")])
    if bool(word) != (name in _WITH_WORD):
        what = "a charge point" if name != "withdraw" else "an address"
        mend = f"{name} asks for {what}" if name in _WITH_WORD else f"{name} asks for nothing more"
        raise InputError("the act is not whole", [Fault("WORD", f"is {word!r}", mend)])
    at = address("FINANCE", contract)
    with opened(who, address("NETWORK", network)) as ledger, open_network(who) as (chain, keys):
        finance = InstallFinance(chain, keys, WallClock(), at, ledger)
        _do(ledger, finance, name, word, who.holder)
        status = finance.status()
        dues = finance.dues([status.host, status.financier, status.platform])
    names = ("host", "financier", "platform")
    told: dict[str, Any] = {"act": name, "repaid_micro": status.repaid, "to_repay_micro": status.cap}
    told["open"] = format_money(finance_of(status).open, "ECH")
    show(told | {f"due_{who_}_micro": due for who_, due in zip(names, dues, strict=True)}, as_json)


def _do(ledger: ChargingNetwork, finance: InstallFinance, name: str, word: str, holder: str) -> None:
    match name:
        case "assign":
            ledger.act(holder, "set_payee", _point(word), finance.address)
        case "release":
            finance.act(holder, "release", _point(word))
        case "withdraw":
            finance.act(holder, "withdraw", address("WORD", word))
        case _:
            finance.act(holder, name.replace("-", "_"))


def _point(text: str) -> bytes:
    try:
        name = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        name = b""
    if len(name) != 32:
        raise InputError("WORD is no charge point", [Fault("WORD", f"is {text!r}", "0x and 64 hexadecimal digits")])
    return name
