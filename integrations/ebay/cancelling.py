"""Cancelling an order, through the Post-Order API v2.

eBay publishes no machine-readable document of it. Its pages (developer.ebay.com/Devzone/post-order) and the libraries that speak it agree
on what is used here: `POST /post-order/v2/cancellation` with `legacyOrderId` and a reason, `POST …/cancellation/{id}/approve` for what the
buyer asked for, the seller's OAuth token behind the word IAF, and the marketplace in a header. Bodies of errors have three forms. eBay has
ended most of this API's writing calls on returns and cases in 2026; the cancellations are not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from core.errors import Refused
from core.values.channel import Connection
from core.words import N_, Told
from integrations.ebay.client import Client

REASONS = {"sold_out": "OUT_OF_STOCK_OR_CANNOT_FULFILL", "buyer_asked": "BUYER_ASKED_CANCEL"}

# Why eBay does not cancel (EligibilityFailureReasonEnum), where a person can do something about it.
WHY = {
    "CANCEL_WINDOW_ELAPSED": N_("too much time has passed. Give the money back with /refund instead."),
    "CASE_EXIST": N_("the buyer has opened a case about it. Answer the case on eBay."),
    "INQUIRY_EXIST": N_("the buyer has asked where it is. Answer that on eBay."),
    "RETURN_EXIST": N_("the buyer has opened a return. Answer the return on eBay."),
    "CHARGEBACK_OPENED": N_("the buyer has disputed the payment. Answer the dispute on eBay."),
    "CROSS_SITE_ORDER": N_("it was sold on another of eBay's sites. Cancel it on eBay."),
}
_OTHER = N_("eBay says no more than {reason}. Cancel it on eBay.")


class Cancellations:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(self, account: Connection, order: Mapping[str, Any], reason: str) -> None:
        """Cancel an order as its seller; what was paid goes back. Raises `Refused` where eBay does not do that."""
        body: dict[str, Any] = {"legacyOrderId": str(order["orderId"]), "cancelReason": REASONS[reason], "buyerPaid": False}
        if paid := paid_at(order):
            body |= {"buyerPaid": True, "buyerPaidDate": {"value": paid}}
        answer = (await self._call(account, "", body)).object()
        if not answer.get("cancelId"):
            link = self._client.settings.order_url(str(order["orderId"]))
            told = Told("eBay does not cancel this order: {why} It is at {link}", why=_why(answer), link=link)
            raise Refused(told, code="not_eligible", cause=str(answer)[:200])

    async def approve(self, account: Connection, request: str) -> None:
        """Agree to the cancellation that the buyer asked for."""
        await self._call(account, f"/{quote(request, safe='')}/approve", None)

    async def _call(self, account: Connection, path: str, body: Mapping[str, Any] | None) -> Any:
        own = self._client.settings
        headers = {"X-EBAY-C-MARKETPLACE-ID": own.marketplace}
        return await self._client.as_seller(
            account, "POST", f"{own.post_order}/cancellation{path}", json=body, headers=headers, scheme="IAF"
        )


def paid_at(order: Mapping[str, Any]) -> str:
    """When the buyer paid, as eBay writes it; empty when they have not."""
    payments = (order.get("paymentSummary") or {}).get("payments") or []
    return next((str(one["paymentDate"]) for one in payments if one.get("paymentDate") and one.get("paymentStatus") == "PAID"), "")


def _why(answer: Mapping[str, Any]) -> Told:
    found = (answer.get("orderEligibilityResult") or {}).get("failureReason") or []
    reason = str(found[0]) if found else "NOT_ELIGIBLE"
    return Told(WHY[reason]) if reason in WHY else Told(_OTHER, reason=reason)
