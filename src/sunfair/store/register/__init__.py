"""The register in PostgreSQL."""

from sunfair.store.register.assets import AssetRepository
from sunfair.store.register.repository import RegisterRepository

__all__ = ["AssetRepository", "RegisterRepository"]
