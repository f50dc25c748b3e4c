"""The wire-true Shopify stand-in."""

from integrations.sandbox.shopify.market import ShopifyMarket

__all__ = ["ShopifyMarket"]
