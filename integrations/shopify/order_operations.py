"""The GraphQL documents about orders that Haggle sends to Shopify's Admin API, version 2026-10. Each holds one operation."""

from __future__ import annotations

_ORDER_PARTS = """
fragment Cash on MoneyBag {
  shopMoney { amount currencyCode }
}

fragment Line on LineItem {
  id
  sku
  title
  quantity
  discountedUnitPriceAfterAllDiscountsSet { ...Cash }
  product { id }
}

fragment Parts on Order {
  id
  createdAt
  updatedAt
  cancelledAt
  fullyPaid
  displayFinancialStatus
  displayFulfillmentStatus
  returnStatus
  totalPriceSet { ...Cash }
  totalShippingPriceSet { ...Cash }
  totalTaxSet { ...Cash }
  totalRefundedSet { ...Cash }
  transactions(first: 10) {
    kind
    status
    fees {
      amount { amount currencyCode }
      taxAmount { amount currencyCode }
    }
  }
  email
  phone
  shippingAddress { name phone address1 address2 city zip countryCodeV2 }
  billingAddress { name phone address1 address2 city zip countryCodeV2 }
  fulfillments(first: 10) {
    id
    status
    displayStatus
    createdAt
    deliveredAt
    trackingInfo(first: 5) { company number }
  }
  lineItems(first: 20) {
    nodes { ...Line }
    pageInfo { hasNextPage endCursor }
  }
}
"""

ORDER = (
    """
query Order($id: ID!) {
  order(id: $id) { ...Parts }
}
"""
    + _ORDER_PARTS
)

ORDERS = (
    """
query Orders($search: String!, $after: String) {
  orders(first: 20, after: $after, query: $search, sortKey: UPDATED_AT) {
    nodes { ...Parts }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _ORDER_PARTS
)

ORDER_LINES = """
query OrderLines($id: ID!, $after: String!) {
  order(id: $id) {
    lineItems(first: 100, after: $after) {
      nodes {
        id
        sku
        title
        quantity
        discountedUnitPriceAfterAllDiscountsSet { shopMoney { amount currencyCode } }
        product { id }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

# What matters of an order only once something is on its way, and what a shop may keep from the app: asked for apart, so that an order is
# never lost by it.
AFTER_SALE = """
query AfterSale($id: ID!, $labels: String!) {
  order(id: $id) {
    disputes { status }
  }
  shopifyPaymentsAccount {
    balanceTransactions(first: 50, query: $labels, sortKey: PROCESSED_AT) {
      nodes {
        type
        amount { amount currencyCode }
        associatedOrder { id }
      }
    }
  }
}
"""

# May the app read orders at all?
NEWEST_ORDER = """
query NewestOrder {
  orders(first: 1) { nodes { id } }
}
"""

TO_SHIP = """
query ToShip($id: ID!) {
  order(id: $id) {
    cancelledAt
    fulfillments(first: 50) {
      status
      trackingInfo(first: 10) { number }
    }
    fulfillmentOrders(first: 20) {
      nodes {
        id
        status
        assignedLocation { location { id } }
        lineItems(first: 50) {
          nodes {
            id
            remainingQuantity
            lineItem { id }
          }
        }
      }
    }
  }
}
"""

SHIP = """
mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status }
    userErrors { field message }
  }
}
"""

TO_REFUND = """
query ToRefund($id: ID!) {
  order(id: $id) {
    currencyCode
    presentmentCurrencyCode
    totalRefundedSet { shopMoney { amount currencyCode } }
    transactions(first: 50) {
      kind
      status
      amountSet { shopMoney { amount currencyCode } }
    }
    suggestedRefund(suggestFullRefund: true) {
      suggestedTransactions {
        gateway
        parentTransaction { id }
        maximumRefundableSet { shopMoney { amount currencyCode } }
      }
    }
  }
}
"""

REFUND = """
mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id }
    userErrors { field message }
  }
}
"""

CANCEL_ORDER = """
mutation CancelOrder($id: ID!, $reason: OrderCancelReason!) {
  orderCancel(
    orderId: $id
    reason: $reason
    restock: false
    notifyCustomer: true
    refundMethod: {originalPaymentMethodsRefund: true}
  ) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}
"""
