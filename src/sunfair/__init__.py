"""Sunfair: an open, self-hostable energy market for solar neighbourhoods, settled on Ethereum."""

__all__ = ["__version__"]

__version__ = "0.1.0"
