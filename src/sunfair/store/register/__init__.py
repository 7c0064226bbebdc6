"""The register in PostgreSQL."""

from sunfair.store.register.repository import RegisterRepository

__all__ = ["RegisterRepository"]
