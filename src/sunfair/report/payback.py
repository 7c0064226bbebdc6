"""When a plant has paid for itself, as a drawing: the middle, and the range of prices and yields."""

from sunfair.commons.sizing import Economy, Sizing

__all__ = ["payback_svg"]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 376, 120, 56, 30


def payback_svg(sizing: Sizing, *, years: int = 25, currency: str = "EUR") -> str:
    """A self-contained SVG: money left after each year, undiscounted, worst to best as a band, the middle as a line."""
    lines = {name: _money(economy, years) for name, economy in _cases(sizing).items()}
    low = min(min(line) for line in lines.values())
    high = max(max(line) for line in lines.values())

    def point(year: float, amount: float) -> str:
        across = LEFT + (WIDTH - LEFT - 20) * year / years
        up = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (amount - low) / max(high - low, 1e-9)
        return f"{across:.1f},{up:.1f}"

    band = [point(year, amount) for year, amount in enumerate(lines["best"])]
    band += [point(year, amount) for year, amount in reversed(list(enumerate(lines["worst"])))]
    middle = " ".join(point(year, amount) for year, amount in enumerate(lines["middle"]))
    zero = point(0, 0.0), point(years, 0.0)
    labels = [
        _text(point(0, amount), f"{amount:,.0f} {currency}".replace("-", "−"), "end") for amount in (low, 0.0, high)
    ]
    labels += [_text(point(year, low), str(year), "middle", below=18) for year in range(0, years + 1, 5)]
    labels.append(_text(point(years / 2, low), "years of operation", "middle", below=38))
    told = f"paid back after {_years(sizing.best)} to {_years(sizing.worst)} years, most likely {_years(sizing.middle)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<polygon points="{" ".join(band)}" fill="#f2b705" fill-opacity="0.3"/>'
        f'<polyline points="{middle}" fill="none" stroke="#b07d00" stroke-width="2"/>'
        f'<polyline points="{zero[0]} {zero[1]}" fill="none" stroke="#888" stroke-dasharray="4 3"/>'
        f"{''.join(labels)}"
        f'<text x="{LEFT}" y="18">Money left after each year: {told}</text></svg>\n'
    )


def _cases(sizing: Sizing) -> dict[str, Economy]:
    return {"worst": sizing.worst, "middle": sizing.middle, "best": sizing.best}


def _money(economy: Economy, years: int) -> list[float]:
    return [-economy.capex + economy.saving * year for year in range(years + 1)]


def _years(economy: Economy) -> str:
    return f"{economy.payback:.1f}" if economy.payback < 100 else "100 or more"


def _text(point: str, text: str, anchor: str, below: int = 4) -> str:
    across, up = (float(number) for number in point.split(","))
    shift = -8 if anchor == "end" else 0
    return f'<text x="{across + shift:.1f}" y="{up + below:.1f}" text-anchor="{anchor}">{text}</text>'
