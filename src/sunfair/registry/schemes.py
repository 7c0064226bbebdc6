"""The schemes of identifiers by country and fuel behind one interface; further countries plug in here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sunfair.errors import Fault, InputError
from sunfair.registry.cups import check_cups, parse_cups
from sunfair.registry.lines import Lines, read_lines
from sunfair.registry.malo import check_malos, parse_malo
from sunfair.registry.mpan import check_mpans, parse_mpan
from sunfair.registry.mprn import check_mprns, parse_mprn
from sunfair.registry.point import Fuel, MeterPoint

__all__ = ["SCHEMES", "Scheme", "parse", "scheme_for", "validate_many"]

_BLOCK = 2**15
"""Lines looked at together: some MB of working arrays, however long the file."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one country identifies the meter points of one fuel.

    parse : text → the point; raises InvalidMeterPoint
    check : lines → the first rule each breaks, uint8[n]; it must name the rule that `parse` names
    short : whether a text that breaks no rule is written as its key already; False where that takes a parser to say
    """

    country: str
    fuel: Fuel
    name: str
    parse: Callable[[str], MeterPoint]
    check: Callable[[Lines], NDArray[np.uint8]]
    short: Callable[[str], bool] = lambda text: False


def _table(schemes: Iterable[Scheme]) -> Mapping[tuple[str, str], Scheme]:
    return MappingProxyType({(scheme.country, scheme.fuel): scheme for scheme in schemes})


SCHEMES: Mapping[tuple[str, str], Scheme] = _table(
    [
        Scheme("GB", "electricity", "MPAN", parse_mpan, check_mpans, lambda text: len(text) == 13 and text.isdigit()),
        Scheme("GB", "gas", "MPRN", parse_mprn, check_mprns, lambda text: text.isdigit() and text[0] != "0"),
        Scheme("DE", "electricity", "MaLo-ID", partial(parse_malo, fuel="electricity"), check_malos),
        Scheme("DE", "gas", "MaLo-ID", partial(parse_malo, fuel="gas"), check_malos),
        Scheme("ES", "electricity", "CUPS", partial(parse_cups, fuel="electricity"), check_cups),
        Scheme("ES", "gas", "CUPS", partial(parse_cups, fuel="gas"), check_cups),
    ]
)
"""The schemes known, by (country, fuel). A table of one's own, with more, can be given wherever this one is used."""


def scheme_for(country: str, fuel: str, schemes: Mapping[tuple[str, str], Scheme] = SCHEMES) -> Scheme:
    """The scheme of a country (ISO 3166-1 alpha-2) and fuel; InputError naming those there are."""
    try:
        return schemes[country, fuel]
    except (KeyError, TypeError):
        known = ", ".join(f"{place} {kind}" for place, kind in schemes)
        fault = Fault("country, fuel", f"are {country!r}, {fuel!r}", f"known are {known}")
        raise InputError("there is no scheme for these meter points", [fault]) from None


def parse(country: str, fuel: str, text: str, *, schemes: Mapping[tuple[str, str], Scheme] = SCHEMES) -> MeterPoint:
    """The meter point that `text` identifies in a country's scheme for a fuel.

    Raises InvalidMeterPoint naming the rules that broke; InputError where there is no such scheme.
    """
    return scheme_for(country, fuel, schemes).parse(text)


def validate_many(
    country: str,
    fuel: str,
    texts: Iterable[object],
    *,
    schemes: Mapping[tuple[str, str], Scheme] = SCHEMES,
) -> NDArray[np.uint8]:
    """The first rule each of `n` texts breaks: uint8[n]; ``Rule(code)`` is the `rule` that `parse` would raise with.

    0 (`Rule.VALID`) where `parse` would return a point. What is no text is a broken rule, no error. Works on blocks of
    lines, so an iterator over a file of any length needs little memory.
    """
    check = scheme_for(country, fuel, schemes).check
    if isinstance(texts, str | bytes):
        raise InputError("these are no meter points", [Fault("texts", "are one text", "give a sequence of texts")])
    if isinstance(texts, np.ndarray):
        texts = texts.ravel().tolist()
    found = [check(read_lines(block)) for block in _blocks(texts)]
    return np.concatenate(found) if found else np.empty(0, np.uint8)


def _blocks(texts: Iterable[object]) -> Iterable[Sequence[object]]:
    lines = iter(texts)
    while block := list(islice(lines, _BLOCK)):
        yield block
