"""`switch compare`: offers, the cheapest first."""

from pathlib import Path

from sunfair.cli.show import print_json, stdout
from sunfair.files.tariff_offers import read_offers, read_usage
from sunfair.registry.tariffs import compare_offers
from sunfair.units import format_money

__all__ = ["run_compare_tariffs"]


def run_compare_tariffs(readings: Path, offers: Path, timezone: str, *, as_json: bool) -> None:
    """Price a household's readings under each offer."""
    usage = read_usage(readings, timezone)
    costs = compare_offers(usage, read_offers(offers))
    if as_json:
        rows = [
            {"offer": c.offer, "total": c.total, "standing": c.standing, "units": c.units, "export": c.export}
            for c in costs
        ]
        print_json({"days": usage.days, "offers": rows})
        return
    for cost in costs:
        parts = f"standing {format_money(cost.standing, '')}, units {format_money(cost.units, '')}"
        line = f"{format_money(cost.total, ''):>12}  {cost.offer}  ({parts}, export {format_money(cost.export, '')})"
        stdout.print(line, markup=False, soft_wrap=True)
