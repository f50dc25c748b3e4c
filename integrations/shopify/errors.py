"""What Shopify says went wrong, as one of our six errors. Three places: the HTTP status, top-level errors, `userErrors`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.words import Told
from integrations.http import Response

# https://shopify.dev/docs/api/usage/response-codes; 429 and 5xx are mapped by integrations.http already.
STATUSES: Mapping[int, HaggleError] = {
    401: AuthLost(Told("Shopify no longer accepts this connection. Connect the shop again."), code="401"),
    402: Refused(Told("The Shopify shop is frozen because a bill is open. Pay it in Shopify's admin, then try again."), code="402"),
    403: AuthLost(Told("Shopify does not allow this to the app. Connect the shop again to renew its permissions."), code="403"),
    404: Refused(Told("There is no such Shopify shop. Check its name and connect it again."), code="404"),
    423: Refused(Told("Shopify has locked the shop. Ask Shopify's support to unlock it, then try again."), code="423"),
}

NONSENSE = Told("Shopify gave an answer that makes no sense. I will try again.")
# Shopify's answer to an app without access to protected customer data: "This app is not approved to access the Order object. See
# https://shopify.dev/docs/apps/launch/protected-customer-data for more details." Connecting the shop again changes nothing about it.
_PROTECTED = "not approved to access"
PROTECTED_DATA = "PROTECTED_CUSTOMER_DATA"
PROTECTED = Told(
    "Shopify does not let the app read orders, so I cannot notice a sale there. Open the app in Shopify's Dev Dashboard (or Partner "
    "Dashboard), go to its API access requests and ask for “Protected customer data access”, with name, address, phone and email."
)
_STOCK_MOVED = Told("The stock at Shopify moved just now. I look at it again.")
_AT_WORK = Told("Shopify is still at work on the call before. I will look again.")
_GONE = Told("The product is not in the Shopify shop any more. Publish the item again.")

GONE = {"PRODUCT_DOES_NOT_EXIST", "PRODUCT_VARIANT_DOES_NOT_EXIST", "INVALID_INVENTORY_ITEM"}
STALE = {"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"}
# Both mean that another call of ours is or was at the same thing: the next look finds what it has done.
TWICE = {"HANDLE_NOT_UNIQUE", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}


def check_status(answer: Response) -> None:
    """Raise for a status that is no answer. Only a JSON body with `errors` is Shopify's own: what a proxy or a page for the time of
    maintenance says means nothing."""
    if answer.ok:
        return
    try:
        told = bool(answer.object().get("errors"))
    except Unreachable:
        told = False
    if not told:
        raise Unreachable(NONSENSE, code=str(answer.status), cause=f"HTTP {answer.status} without errors")
    known = STATUSES.get(answer.status)
    if known is not None:
        raise type(known)(known.sentence, code=known.code, cause=f"HTTP {answer.status}")
    raise Refused(Told("Shopify refused the call. Try again, and reconnect the shop if that does not help."), code=str(answer.status))


def check_errors(answer: Mapping[str, Any], optional: Collection[str] = ()) -> None:
    """Raise for top-level errors. A denied field whose name is in `optional` came back as null, which is fine."""
    errors = answer.get("errors") or []
    if isinstance(errors, str):
        raise Refused(Told("Shopify refused the call. Reconnect the shop if this happens again."), cause=errors[:200])
    serious = [one for one in errors if not _may_lack(one, optional)]
    if not serious and answer.get("data") is not None:
        return
    if not errors:
        raise Unreachable(NONSENSE, cause="neither data nor errors")
    first = (serious or errors)[0]
    code = str((first.get("extensions") or {}).get("code", ""))
    raise _top_level(code, str(first.get("message", ""))[:200], answer.get("extensions") or {})


def _may_lack(error: Mapping[str, Any], optional: Collection[str]) -> bool:
    code = (error.get("extensions") or {}).get("code")
    return code == "ACCESS_DENIED" and any(str(step) in optional for step in error.get("path") or [])


def _top_level(code: str, message: str, extensions: Mapping[str, Any]) -> HaggleError:
    match code:
        case "THROTTLED":
            wait = throttle_wait(extensions)
            return Busy(
                Told("Shopify asks to slow down. I will go on in {seconds} s.", seconds=max(round(wait), 1)), retry_after=wait, code=code
            )
        case "ACCESS_DENIED" if _PROTECTED in message:
            return Refused(PROTECTED, code=PROTECTED_DATA, cause=message)
        case "ACCESS_DENIED":
            return AuthLost(
                Told("The app lacks a permission in the Shopify shop. Connect the shop again to grant it."), code=code, cause=message
            )
        case "SHOP_INACTIVE":
            return Refused(Told("The Shopify shop is not active. Open it in Shopify's admin, then try again."), code=code, cause=message)
        case "INTERNAL_SERVER_ERROR" | "TIMEOUT":
            return Unreachable(Told("Shopify has a problem of its own. I will try again."), code=code, cause=message)
        case _:
            return Invalid(Told("Shopify did not understand the call. Update Haggle, or report it."), code=code, cause=message)


def throttle_wait(extensions: Mapping[str, Any]) -> float:
    """Seconds until the call's cost is in the bucket again: what it lacks over what is restored in a second."""
    cost = extensions.get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    rate = float(bucket.get("restoreRate") or 0)
    if rate <= 0:
        return 1.0
    lacking = float(cost.get("requestedQueryCost") or 0) - float(bucket.get("currentlyAvailable") or 0)
    return min(max(lacking / rate, 0.1), 3600.0)


def check_user_errors(payload: Mapping[str, Any] | None) -> None:
    """Raise for the first of a mutation's `userErrors`."""
    if payload is None:
        raise Unreachable(NONSENSE, cause="a mutation without a payload")
    errors: Sequence[Mapping[str, Any]] = payload.get("userErrors") or []
    if errors:
        raise user_error(errors[0])


def user_error(error: Mapping[str, Any]) -> HaggleError:
    """One user error. Its message is Shopify's own and in plain words, so people get it."""
    code = str(error.get("code") or "")
    message = str(error.get("message") or "no reason given").strip().rstrip(".")[:300]
    field = ".".join(str(step) for step in error.get("field") or [])
    cause = f"{field}: {message}"
    if code in GONE or (not code and message.lower() in {"product does not exist", "resource does not exist"}):
        return Missing(_GONE, code=code, cause=cause)
    if code in STALE:
        return Busy(_STOCK_MOVED, retry_after=0.5, code=code, cause=cause)
    if code == "IDEMPOTENCY_CONCURRENT_REQUEST":
        return Busy(_AT_WORK, retry_after=1.0, code=code, cause=cause)
    if code in TWICE or code == "JOB_ERROR":
        return Unreachable(_AT_WORK, code=code, cause=cause)
    if code == "INVALID_LOCATION":
        return Refused(
            Told("The shop's location for stock is gone. Connect the shop again so that I find the new one."), code=code, cause=cause
        )
    if code == "PRODUCT_SUSPENDED":
        return Refused(Told("Shopify has suspended this product. Look at it in Shopify's admin."), code=code, cause=cause)
    return Refused(Told("Shopify says: {message}. Change it and publish again.", message=message), code=code, cause=cause)
