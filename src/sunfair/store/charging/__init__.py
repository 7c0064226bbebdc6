"""The central system's records."""

from sunfair.store.charging.repository import ChargingRepository

__all__ = ["ChargingRepository"]
