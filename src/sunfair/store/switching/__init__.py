"""Switches and supplies in PostgreSQL."""

from sunfair.store.switching.repository import SwitchRepository

__all__ = ["SwitchRepository"]
