"""HTTP faces of the product. The charging network's roaming interface is the first."""

from sunfair.api.ocpi import ocpi_app

__all__ = ["ocpi_app"]
