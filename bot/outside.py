"""The marketplaces and readers, from settings to ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.settings import Settings
from core.ports import Channel, Connector, Interpreter, Reader, WebhookGate
from core.values.channel import Capabilities
from integrations.ai import offline
from integrations.assisted.kits import CAPABILITIES
from integrations.ebay.channel import EbayChannel
from integrations.ebay.client import Client as EbayClient
from integrations.ebay.connect import EbayConnector
from integrations.ebay.settings import WORLDS, EbaySettings
from integrations.ebay.webhook import EbayWebhook
from integrations.http import Http
from integrations.shopify.channel import ShopifyChannel
from integrations.shopify.connect import ShopifyConnector
from integrations.shopify.settings import CALLBACK_PATH, ShopifySettings
from integrations.shopify.webhook import ShopifyWebhookGate
from storage import photos

if TYPE_CHECKING:
    from integrations.ai.openai import AiSettings


@dataclass(slots=True)
class Outside:
    """The marketplaces, as ports."""

    channels: Mapping[str, Channel]
    connectors: Mapping[str, Connector]
    gates: Mapping[str, WebhookGate]

    @property
    def capabilities(self) -> dict[str, Capabilities]:
        return {kind: channel.capabilities for kind, channel in self.channels.items()} | dict(CAPABILITIES)


def open_outside(settings: Settings, http: Http) -> Outside:
    shopify = _shopify(settings)
    client = EbayClient(http, _ebay(settings))
    return Outside(
        channels={"ebay": EbayChannel(client), "shopify": ShopifyChannel(http, shopify)},
        connectors={"ebay": EbayConnector(client), "shopify": ShopifyConnector(http, shopify)},
        gates={"ebay": EbayWebhook(client), "shopify": ShopifyWebhookGate(shopify)},
    )


def _ebay(settings: Settings) -> EbaySettings:
    """eBay's addresses by the world's name, each replaced by its own setting where there is one."""
    world = WORLDS[settings.ebay_env]
    return EbaySettings(
        api_url=settings.ebay_api_url or world.api_url,
        media_url=settings.ebay_media_url or world.media_url,
        apiz_url=settings.ebay_identity_url or world.apiz_url,
        auth_url=settings.ebay_auth_url or world.auth_url,
        finances_url=settings.ebay_finances_url,
        site_url=settings.ebay_site_url or world.site_url,
        client_id=settings.ebay_client_id,
        client_secret=settings.ebay_client_secret,
        ru_name=settings.ebay_ru_name,
        marketplace=settings.ebay_marketplace,
        public_url=settings.public_url,
        verification_token=settings.ebay_verification_token,
        alert_email=settings.ebay_alert_email,
    )


def _shopify(settings: Settings) -> ShopifySettings:
    """A laptop's own address will do for the consent's way back: it is the seller's browser that goes there."""
    base = settings.public_url or f"http://localhost:{settings.port}"
    return ShopifySettings(
        url=settings.shopify_url,
        client_id=settings.shopify_client_id,
        client_secret=settings.shopify_client_secret,
        previous_secret=settings.shopify_previous_secret,
        public_url=settings.public_url,
        redirect_uri=settings.shopify_redirect_uri or base + CALLBACK_PATH,
    )


def open_reader(settings: Settings, without_key: offline.OfflineReader, shelf: photos.PhotoStore) -> Reader:
    """A model where there is a key and calls may leave the house; this machine alone otherwise."""
    if not settings.ai_api_key or not settings.outward:
        return without_key
    from integrations.ai.openai import OpenAiReader  # 26 MB that only those with a key carry

    return OpenAiReader(_ai(settings), without_key, shelf.as_jpeg)


def open_interpreter(settings: Settings) -> Interpreter | None:
    """The model for plain words, where there is one."""
    if not settings.ai_api_key or not settings.outward:
        return None
    from integrations.ai.talk import OpenAiInterpreter

    return OpenAiInterpreter(_ai(settings))


def _ai(settings: Settings) -> AiSettings:
    from integrations.ai.openai import AiSettings

    return AiSettings(settings.ai_base_url, settings.ai_api_key, settings.ai_model, timeout=settings.ai_timeout)
