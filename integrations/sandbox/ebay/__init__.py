"""The wire-true eBay stand-in. `EbayMarket` is what the framework plugs in."""

from integrations.sandbox.ebay.market import EbayMarket

__all__ = ["EbayMarket"]
