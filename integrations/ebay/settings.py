"""What can be set about eBay, and the two worlds that it runs: production and its sandbox."""

from __future__ import annotations

from dataclasses import dataclass

CALLBACK_PATH = "/oauth/ebay/callback"
WEBHOOK_PATH = "/webhooks/ebay"

_SCOPE = "https://api.ebay.com/oauth/api_scope"
APP_SCOPE = _SCOPE
# All of them at the first consent: a later feature must not send the seller through it again.
SCOPES = (
    _SCOPE,  # what the Trading API wants
    *(
        f"{_SCOPE}/{name}"
        for name in (
            "sell.inventory",
            "sell.account",
            "sell.fulfillment",
            "sell.finances",
            "sell.payment.dispute",
            "commerce.notification.subscription",
            "commerce.identity.readonly",
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One of eBay's sites: language as a locale, currency (ISO 4217), and the host of its pages."""

    language: str
    currency: str
    host: str


MARKETPLACES = {
    "EBAY_US": Marketplace("en-US", "USD", "www.ebay.com"),
    "EBAY_CA": Marketplace("en-CA", "CAD", "www.ebay.ca"),
    "EBAY_GB": Marketplace("en-GB", "GBP", "www.ebay.co.uk"),
    "EBAY_AU": Marketplace("en-AU", "AUD", "www.ebay.com.au"),
    "EBAY_DE": Marketplace("de-DE", "EUR", "www.ebay.de"),
    "EBAY_FR": Marketplace("fr-FR", "EUR", "www.ebay.fr"),
    "EBAY_IT": Marketplace("it-IT", "EUR", "www.ebay.it"),
    "EBAY_ES": Marketplace("es-ES", "EUR", "www.ebay.es"),
}


@dataclass(frozen=True, slots=True)
class EbaySettings:
    """Addresses without a trailing slash. `api_url` serves most of the API and the tokens, `media_url` photos, `apiz_url` identity
    and (unless `finances_url` says otherwise) finances, `auth_url` the consent page. `ru_name` is the RuName that eBay gave the
    app for its redirects. `public_url` is our own address as eBay reaches it; without one there are no webhooks.
    `verification_token` (32 to 80 of `A-Z a-z 0-9 _ -`) answers eBay's challenge. `alert_email` is where eBay writes when our
    webhook fails; eBay wants one before it sends any. `site_url` replaces the marketplace's own site in links to listings.
    """

    api_url: str = "https://api.ebay.com"
    media_url: str = "https://apim.ebay.com"
    apiz_url: str = "https://apiz.ebay.com"
    auth_url: str = "https://auth.ebay.com"
    client_id: str = ""
    client_secret: str = ""
    ru_name: str = ""
    marketplace: str = "EBAY_US"
    public_url: str = ""
    verification_token: str = ""
    alert_email: str = ""
    finances_url: str = ""
    site_url: str = ""

    def __post_init__(self) -> None:
        if self.marketplace not in MARKETPLACES:
            raise ValueError(f"HAGGLE_EBAY_MARKETPLACE must be one of {', '.join(MARKETPLACES)}, not {self.marketplace}")

    @property
    def site(self) -> Marketplace:
        return MARKETPLACES[self.marketplace]

    @property
    def webhook(self) -> str:
        """Where eBay sends notifications; empty when we have no public address."""
        return self.public_url + WEBHOOK_PATH if self.public_url else ""

    @property
    def inventory(self) -> str:
        return f"{self.api_url}/sell/inventory/v1"

    @property
    def account(self) -> str:
        return f"{self.api_url}/sell/account/v1"

    @property
    def fulfillment(self) -> str:
        return f"{self.api_url}/sell/fulfillment/v1"

    @property
    def disputes(self) -> str:
        """The part of Fulfillment that knows disputed payments; it has a host of its own."""
        return f"{self.apiz_url}/sell/fulfillment/v1"

    @property
    def post_order(self) -> str:
        return f"{self.api_url}/post-order/v2"

    @property
    def metadata(self) -> str:
        return f"{self.api_url}/sell/metadata/v1"

    @property
    def taxonomy(self) -> str:
        return f"{self.api_url}/commerce/taxonomy/v1"

    @property
    def notification(self) -> str:
        return f"{self.api_url}/commerce/notification/v1"

    @property
    def identity(self) -> str:
        return f"{self.apiz_url}/commerce/identity/v1"

    @property
    def finances(self) -> str:
        return f"{self.finances_url or self.apiz_url}/sell/finances/v1"

    @property
    def media(self) -> str:
        return f"{self.media_url}/commerce/media/v1_beta"

    @property
    def token(self) -> str:
        return f"{self.api_url}/identity/v1/oauth2/token"

    @property
    def consent(self) -> str:
        return f"{self.auth_url}/oauth2/authorize"

    def order_url(self, order: str) -> str:
        """The order's page in eBay's seller hub."""
        return f"{self.site_url or f'https://{self.site.host}'}/sh/ord/details?orderid={order}"

    def item_url(self, listing: str) -> str:
        return f"{self.site_url or f'https://{self.site.host}'}/itm/{listing}"


@dataclass(frozen=True, slots=True)
class World:
    """The addresses of one of eBay's two worlds, by the names of `EbaySettings`."""

    api_url: str
    media_url: str
    apiz_url: str
    auth_url: str
    site_url: str = ""


def production() -> World:
    return World("https://api.ebay.com", "https://apim.ebay.com", "https://apiz.ebay.com", "https://auth.ebay.com")


def ebay_sandbox() -> World:
    """eBay's own test world, with accounts and keys of its own."""
    return World(
        "https://api.sandbox.ebay.com",
        "https://apim.sandbox.ebay.com",
        "https://apiz.sandbox.ebay.com",
        "https://auth.sandbox.ebay.com",
        "https://www.sandbox.ebay.com",
    )


WORLDS = {"production": production(), "sandbox": ebay_sandbox()}
