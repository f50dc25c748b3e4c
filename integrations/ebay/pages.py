"""An account's listings page by page, for comparing them with what we think.

All of them: Trading's GetMyeBaySelling, 200 a call with price, quantity, SKU and picture; the Inventory API has no list of offers (one
SKU a call). What changed: GetSellerEvents, one call, at most two days back. Why, and where each fact is from: README.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

from core.errors import Missing
from core.values.channel import Connection, Found, ListingPage
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.trading import Trading, money, number, text
from integrations.oauth import Now

PAGE = 200
MOST_EVENTS = 3000  # "If 3000 or more items are returned, it usually means additional items exist"
LONGEST_BACK = timedelta(hours=48)
OVERLAP = timedelta(minutes=2)  # as eBay advises between two questions
_AUCTION = "Chinese"


class Pages:
    """Reads pages in a seller's name."""

    def __init__(self, client: Client, trading: Trading, now: Now) -> None:
        self._client = client
        self._trading = trading
        self._now = now

    async def page(self, account: Connection, cursor: str, since: datetime | None) -> ListingPage:
        """What changed where `since` is near enough to ask for it, else all that is for sale."""
        if since is not None and since - OVERLAP > self._now() - LONGEST_BACK:
            return await self._changed(account, since - OVERLAP)
        return await self._all(account, cursor)

    async def _all(self, account: Connection, cursor: str) -> ListingPage:
        """`cursor` is "page:seen", the next page's number and how many listings came before it."""
        place, _, before = (cursor or "1:0").partition(":")
        asked = {"Include": "true", "Sort": "StartTime", "Pagination": {"EntriesPerPage": PAGE, "PageNumber": place}}
        root = await self._trading.call(account, "GetMyeBaySelling", {"ActiveList": asked})
        found = tuple(self._found(one) for one in root.findall("ActiveList/ItemArray/Item"))
        seen = int(before) + len(found)
        result = root.find("ActiveList/PaginationResult")
        pages = number(result, "TotalNumberOfPages") or 0 if result is not None else 0
        if found and int(place) < pages:
            return ListingPage(found, f"{int(place) + 1}:{seen}")
        # The last page, or one that eBay does not give any more: complete only when as many came as there are.
        total = number(result, "TotalNumberOfEntries") or 0 if result is not None else 0
        return ListingPage(found, complete=seen >= total)

    async def _changed(self, account: Connection, since: datetime) -> ListingPage:
        root = await self._trading.call(account, "GetSellerEvents", {"ModTimeFrom": wire_time(since)})
        items = root.findall("ItemArray/Item")
        return ListingPage(tuple(self._found(one) for one in items), complete=len(items) < MOST_EVENTS)

    def _found(self, item: Element) -> Found:
        listing = text(item, "ItemID")
        left = number(item, "QuantityAvailable")
        if left is None:
            left = (number(item, "Quantity") or 0) - (number(item, "SellingStatus/QuantitySold") or 0)
        status = text(item, "SellingStatus/ListingStatus")
        own = self._client.settings
        return Found(
            listing=listing,
            sku=text(item, "SKU"),
            title=text(item, "Title"),
            live=left > 0 and status in ("", "Active"),
            price=money(item, "SellingStatus/CurrentPrice") or money(item, "BuyItNowPrice"),
            quantity=left,
            url=text(item, "ListingDetails/ViewItemURL") or own.item_url(listing),
            photo=text(item, "PictureDetails/GalleryURL"),
            plain=item.find("Variations") is None and text(item, "ListingType") != _AUCTION,
        )

    async def picture(self, account: Connection, url: str) -> bytes:
        answer = await self._client.picture(account, url)
        if not answer.ok:
            raise Missing(Told("eBay does not have that photo any more."), field="photos")
        return answer.body


def wire_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as Trading takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
