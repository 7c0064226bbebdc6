"""OCPI's envelope, its numbers, its tokens and its pages (2.2.1, chapter 4)."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import Request, Response

from sunfair.charging.ocpi import date_time, instant
from sunfair.errors import InputError

__all__ = ["LIMIT_MAX", "OcpiError", "Page", "answer", "page_of", "paged", "shown_token"]

LIMIT_MAX = 100
"""Most objects of one page."""


class OcpiError(Exception):
    """What is answered instead: an HTTP status and one of OCPI's own (4.1.7)."""

    def __init__(self, http: int, code: int, message: str) -> None:
        self.http, self.code, self.message = http, code, message
        super().__init__(message)


def answer(data: Any, *, now: datetime, code: int = 1000, message: str = "Success", http: int = 200) -> Response:
    """The response object (4.1.7) as JSON; `data` may hold Decimals and is left out where there is none."""
    body = {"status_code": code, "status_message": message, "timestamp": date_time(int(now.timestamp()))}
    if data is not None:
        body["data"] = data
    return Response(_dumps(body), status_code=http, media_type="application/json")


def _dumps(body: Any) -> str:
    """JSON whose Decimals are written out exactly."""
    places: list[str] = []

    def mark(value: Decimal) -> str:
        places.append(f"{value:f}")
        return f"\0{len(places) - 1}\0"

    text = json.dumps(body, default=mark, ensure_ascii=True, separators=(",", ":"))
    for at, digits in enumerate(places):
        text = text.replace(f'"\\u0000{at}\\u0000"', digits)
    return text


def shown_token(header: str | None) -> str:
    """The token of an Authorization header; OcpiError 401 if there is none that can be read.

    2.2.1 has it in Base64 (4.1.3); some partners send it plain, so what is no Base64 of
    printable text is taken as it stands.
    """
    kind, _, rest = (header or "").partition(" ")
    if kind.lower() != "token" or not rest.strip():
        raise OcpiError(401, 2001, "Authorization: Token <credentials token in Base64> is needed")
    try:
        decoded = base64.b64decode(rest.strip(), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return rest.strip()
    return decoded if decoded.isprintable() else rest.strip()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for: changed in [since, until), unix s, from `offset` on, at most `limit`."""

    since: int
    until: int
    offset: int
    limit: int


def page_of(request: Request) -> Page:
    """The page a request names (4.1.4); OcpiError 2001 for what cannot be."""
    query = request.query_params
    try:
        since = instant(query["date_from"]) if "date_from" in query else 0
        until = instant(query["date_to"]) if "date_to" in query else 2**62
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", LIMIT_MAX))
    except (InputError, ValueError) as error:
        raise OcpiError(400, 2001, str(error).replace("\n", " ")) from error
    if offset < 0 or limit < 1:
        raise OcpiError(400, 2001, "offset must be 0 or more, limit 1 or more")
    return Page(since, until, offset, min(limit, LIMIT_MAX))


def paged(request: Request, items: Sequence[tuple[int, Callable[[], Any]]], *, now: datetime, base: str) -> Response:
    """A page of (last change, object maker), with the headers by which the next is found."""
    page = page_of(request)
    chosen = [make for updated, make in items if page.since <= updated < page.until]
    part = chosen[page.offset : page.offset + page.limit]
    response = answer([make() for make in part], now=now)
    response.headers["X-Total-Count"], response.headers["X-Limit"] = str(len(chosen)), str(LIMIT_MAX)
    after = page.offset + page.limit
    if after < len(chosen):
        kept = {name: value for name, value in request.query_params.items() if name in ("date_from", "date_to")}
        query = "&".join(f"{name}={value}" for name, value in {**kept, "offset": after, "limit": page.limit}.items())
        response.headers["Link"] = f'<{base}{request.url.path}?{query.replace("+", "%2B")}>; rel="next"'
    return response
