"""`ports.Partners` in PostgreSQL. Tokens we gave out are kept as hashes: who reads the table cannot use them."""

from dataclasses import asdict
from hashlib import sha256

from sqlalchemy import Column, DateTime, Engine, LargeBinary, Table, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from sunfair.ports.roaming import Partner
from sunfair.store.tables import METADATA

__all__ = ["ROAMING_PARTNERS", "PartnerRepository"]

ROAMING_PARTNERS = Table(
    "roaming_partners",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("their_token", Text, nullable=False),
    Column("since", DateTime(timezone=True)),
)
"""Roaming partners by the SHA-256 of the token they show; `since` is null for one that is only invited."""

_T = ROAMING_PARTNERS


class PartnerRepository:
    """The partners behind an engine. A token has 32 random bytes, so a plain hash hides it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def invite(self, name: str, token: str) -> None:
        """Somebody may register with this token."""
        row = dict.fromkeys(("country_code", "party_id", "url", "their_token"), "")
        with self._engine.begin() as connection:
            connection.execute(insert(_T).values(token_hash=_hash(token), name=name, since=None, **row))

    def by_token(self, token: str) -> Partner | None:
        """Whose token that is."""
        columns = [_T.c[name] for name in Partner.__slots__]
        with self._engine.connect() as connection:
            row = connection.execute(select(*columns).where(_T.c.token_hash == _hash(token))).one_or_none()
        return None if row is None else Partner(*row)

    def register(self, token: str, partner: Partner, fresh: str) -> bool:
        """One statement: of two that race with one invitation, one registers."""
        values = asdict(partner) | {"token_hash": _hash(fresh)}
        values["since"] = partner.since or func.now()
        with self._engine.begin() as connection:
            return connection.execute(update(_T).where(_T.c.token_hash == _hash(token)).values(values)).rowcount == 1

    def forget(self, token: str) -> bool:
        """Its holder leaves."""
        with self._engine.begin() as connection:
            return connection.execute(delete(_T).where(_T.c.token_hash == _hash(token))).rowcount == 1


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
