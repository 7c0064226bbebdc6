"""OCPI 2.2.1 as a charge point operator that is asked: versions, credentials, locations, tariffs, sessions, CDRs.

Partners pull; nothing is pushed, so their own endpoints are kept and never called. Without a token nobody reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from sunfair.api.ocpi_wire import OcpiError, answer, paged, shown_token
from sunfair.charging.ocpi import Party, cdr_object, location_object, session_object, tariff_object
from sunfair.charging.states import BookingState
from sunfair.errors import InputError
from sunfair.ports.roaming import Partner, Partners, Shop, ShownSite

__all__ = ["ocpi_app"]

VERSION = "2.2.1"
_MODULES = ("locations", "tariffs", "sessions", "cdrs")
_OVER = frozenset({BookingState.FULFILLED, BookingState.RESOLVED})
_BODY_MAX = 64 * 1024

_Item = tuple[int, Callable[[], Any]]
"""When an object changed, unix s, and how it is made."""


@dataclass(frozen=True, slots=True)
class _Face:
    """What every answer needs."""

    shop: Shop
    partners: Partners
    now: Callable[[], datetime]
    fresh: Callable[[], str]
    base: str

    def partner(self, request: Request, *, registered: bool = True) -> Partner:
        """Who asks; OcpiError 401 for a stranger, or for one that is only invited where that is not enough."""
        found = self.partners.by_token(shown_token(request.headers.get("authorization")))
        if found is None or (registered and found.since is None):
            raise OcpiError(
                401, 2001, "this token is not known" if found is None else "register first (credentials, POST)"
            )
        return found

    def url(self, *parts: str) -> str:
        return "/".join([self.base, "ocpi", *parts])


def ocpi_app(
    shop: Shop, partners: Partners, *, base: str, now: Callable[[], datetime], fresh: Callable[[], str]
) -> FastAPI:
    """The interface under `base`/ocpi. `base` : how partners reach it, e.g. https://charge.example; `now` : the clock;
    `fresh` : an unguessable token of at least 128 bits, printable ASCII.
    """
    app = FastAPI(title="Sunfair OCPI", docs_url=None, redoc_url=None, openapi_url=None)
    face = _Face(shop, partners, now, fresh, base.rstrip("/"))
    _refuse(app, face)
    _versions(app, face)
    _credentials(app, face)
    _locations(app, face)
    _others(app, face)
    return app


def _refuse(app: FastAPI, face: _Face) -> None:
    """Every refusal is OCPI's own envelope."""

    @app.exception_handler(OcpiError)
    async def ocpi(_: Request, error: OcpiError) -> Response:
        return answer(None, now=face.now(), code=error.code, message=error.message, http=error.http)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        return answer(None, now=face.now(), code=2000, message=str(error.detail), http=error.status_code)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return answer(None, now=face.now(), code=2001, message=str(error), http=400)


def _versions(app: FastAPI, face: _Face) -> None:
    @app.get("/ocpi/versions")
    def versions(request: Request) -> Response:
        face.partner(request, registered=False)
        return answer([{"version": VERSION, "url": face.url(VERSION)}], now=face.now())

    @app.get(f"/ocpi/{VERSION}")
    def details(request: Request) -> Response:
        face.partner(request, registered=False)
        endpoints = [{"identifier": name, "role": "SENDER", "url": face.url(VERSION, name)} for name in _MODULES]
        endpoints.append({"identifier": "credentials", "role": "RECEIVER", "url": face.url(VERSION, "credentials")})
        return answer({"version": VERSION, "endpoints": endpoints}, now=face.now())


def _credentials(app: FastAPI, face: _Face) -> None:
    """Registration (7.1): an invited party posts who it is and gets a token of its own; the invitation is used up."""
    path = f"/ocpi/{VERSION}/credentials"

    def own(token: str) -> dict[str, Any]:
        party = face.shop.party()
        role = {"role": "CPO", **party.fields(), "business_details": {"name": party.name}}
        return {"token": token, "url": face.url("versions"), "roles": [role]}

    async def exchange(request: Request, *, known: bool) -> Response:
        token = shown_token(request.headers.get("authorization"))
        before = face.partner(request, registered=False)
        if known != (before.since is not None):
            what = "not registered: POST" if known else "registered already: PUT"
            raise OcpiError(405, 2000, f"this party is {what} its credentials")
        partner, fresh = await _partner(request, face.now()), face.fresh()
        if not face.partners.register(token, partner, fresh):
            raise OcpiError(401, 2001, "this token was used by somebody else in the meantime")
        return answer(own(fresh), now=face.now())

    @app.get(path)
    def read(request: Request) -> Response:
        face.partner(request)
        return answer(own(shown_token(request.headers.get("authorization"))), now=face.now())

    @app.post(path)
    async def register(request: Request) -> Response:
        return await exchange(request, known=False)

    @app.put(path)
    async def renew(request: Request) -> Response:
        return await exchange(request, known=True)

    @app.delete(path)
    def leave(request: Request) -> Response:
        face.partner(request)
        face.partners.forget(shown_token(request.headers.get("authorization")))
        return answer(None, now=face.now())


async def _partner(request: Request, now: datetime) -> Partner:
    """The party in a Credentials object (7.3.1); OcpiError 2001 with what is missing."""
    if int(request.headers.get("content-length") or 0) > _BODY_MAX:
        raise OcpiError(413, 2001, f"credentials are at most {_BODY_MAX} bytes")
    try:
        body = await request.json()
        role = body["roles"][0]
        token, url = str(body["token"]), str(body["url"])
        party = Party(str(role["country_code"]), str(role["party_id"]), str(role["business_details"]["name"]))
    except InputError as error:
        raise OcpiError(400, 2001, str(error).replace("\n", " ")) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise OcpiError(400, 2001, f"no Credentials object: {type(error).__name__} {error}") from error
    if not token or len(token) > 64 or not url.startswith(("https://", "http://")):
        raise OcpiError(400, 2001, "token must have 1 to 64 characters, url must begin with https://")
    return Partner(party.name, party.country_code, party.party_id, url, token, now)


def _locations(app: FastAPI, face: _Face) -> None:
    path = f"/ocpi/{VERSION}/locations"

    def made(shown: ShownSite) -> dict[str, Any]:
        return location_object(
            shown.site, face.shop.party(), iso3=shown.iso3, timezone=shown.timezone, updated=shown.updated
        )

    def one(request: Request, location: str) -> dict[str, Any]:
        face.partner(request)
        found = next((shown for shown in face.shop.sites() if shown.site.id == location), None)
        if found is None:
            raise OcpiError(404, 2003, f"there is no location {location}")
        return made(found)

    def within(objects: list[dict[str, Any]], key: str, name: str) -> dict[str, Any]:
        found = next((each for each in objects if each[key] == name), None)
        if found is None:
            raise OcpiError(404, 2003, f"there is no {key} {name} there")
        return found

    @app.get(path)
    def locations(request: Request) -> Response:
        face.partner(request)
        items: list[_Item] = [(shown.updated, partial(made, shown)) for shown in face.shop.sites()]
        return paged(request, items, now=face.now(), base=face.base)

    @app.get(path + "/{location}")
    def location(request: Request, location: str) -> Response:
        return answer(one(request, location), now=face.now())

    @app.get(path + "/{location}/{evse}")
    def evse(request: Request, location: str, evse: str) -> Response:
        return answer(within(one(request, location)["evses"], "uid", evse), now=face.now())

    @app.get(path + "/{location}/{evse}/{connector}")
    def connector(request: Request, location: str, evse: str, connector: str) -> Response:
        found = within(one(request, location)["evses"], "uid", evse)
        return answer(within(found["connectors"], "id", connector), now=face.now())


def _others(app: FastAPI, face: _Face) -> None:
    def serve(name: str, items: Callable[[], list[_Item]]) -> None:
        def listed(request: Request) -> Response:
            face.partner(request)
            return paged(request, items(), now=face.now(), base=face.base)

        app.add_api_route(f"/ocpi/{VERSION}/{name}", listed, methods=["GET"], name=name)

    def tariffs() -> list[_Item]:
        party = face.shop.party()
        return [(s.updated, partial(tariff_object, s.id, s.tariff, party, s.updated)) for s in face.shop.tariffs()]

    def sessions() -> list[_Item]:
        party, money = face.shop.party(), {shown.id: shown.tariff.currency for shown in face.shop.tariffs()}
        return [(r.updated, partial(session_object, r, party, money[r.tariff])) for r in face.shop.records()]

    def cdrs() -> list[_Item]:
        party = face.shop.party()
        paid = [each for each in face.shop.records() if each.state in _OVER and each.costs is not None and each.end]
        return [(each.updated, partial(cdr_object, each, party)) for each in paid]

    serve("tariffs", tariffs)
    serve("sessions", sessions)
    serve("cdrs", cdrs)
