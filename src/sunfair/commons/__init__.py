"""Community solar: how the output of a shared plant is divided among its members, in integer Wh."""

from sunfair.commons.allocation import KEYS, Allocation, Key, allocate

__all__ = ["KEYS", "Allocation", "Key", "allocate"]
