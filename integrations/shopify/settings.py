"""What can be set about Shopify."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import Invalid
from core.words import Told

API_VERSION = "2026-10"
CALLBACK_PATH = "/oauth/shopify/callback"
WEBHOOK_PATH = "/webhooks/shopify"
SCOPES = (
    "write_products",
    "write_inventory",
    "write_publications",
    "write_files",
    "read_locations",
    "write_orders",
    "write_merchant_managed_fulfillment_orders",
)
# Asked for too, and done without: what labels cost, returns, disputed payments.
WISHED = ("read_shopify_payments_payouts", "read_returns", "read_shopify_payments_disputes")

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com")


@dataclass(frozen=True, slots=True)
class ShopifySettings:
    """`url` is where shops are, with `{shop}` for the myshopify domain. `client_id` and `client_secret` are the app's, and
    `previous_secret` the one it had before: Shopify signs with it for up to an hour after a rotation. `public_url` is our own
    address as Shopify reaches it, without a trailing slash; without one there are no webhooks. `redirect_uri` is where the consent
    leads back to, when that is not below `public_url`; it must be among the app's allowed addresses.
    """

    url: str = "https://{shop}"
    client_id: str = ""
    client_secret: str = ""
    previous_secret: str = ""
    public_url: str = ""
    redirect_uri: str = ""
    scopes: tuple[str, ...] = SCOPES

    @property
    def callback(self) -> str:
        """Where the consent leads back to; empty when nothing is set."""
        return self.redirect_uri or (self.public_url + CALLBACK_PATH if self.public_url else "")

    @property
    def webhook(self) -> str:
        """Where Shopify sends webhooks; empty when we have no public address."""
        return self.public_url + WEBHOOK_PATH if self.public_url else ""

    def base(self, shop: str) -> str:
        return self.url.replace("{shop}", shop).rstrip("/")

    def graphql(self, shop: str) -> str:
        return f"{self.base(shop)}/admin/api/{API_VERSION}/graphql.json"

    def token(self, shop: str) -> str:
        return f"{self.base(shop)}/admin/oauth/access_token"


def shop_domain(typed: str) -> str:
    """`mystore`, `mystore.myshopify.com` or the address of its admin, as the myshopify domain. Raises `Invalid`.

    The whole name is checked, because a request with the app's secret goes there.
    """
    name = typed.strip().lower().removeprefix("https://").removeprefix("http://")
    store = re.fullmatch(r"admin\.shopify\.com/store/([a-z0-9-]+)(/.*)?", name)
    name = store[1] if store else name.split("/", 1)[0]
    if "." not in name:
        name += ".myshopify.com"
    if not _SHOP.fullmatch(name):
        raise Invalid(Told("That is not a Shopify shop. Type its name as in NAME.myshopify.com, like: /connect shopify mystore."))
    return name
