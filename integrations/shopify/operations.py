"""The GraphQL documents that Haggle sends to Shopify's Admin API, version 2026-10. Each holds one operation."""

from __future__ import annotations

# What says whether a product can be bought, and what is needed to change that. Documents with it have `$publication` and `$location`.
_PULSE = """
fragment Pulse on Product {
  id
  status
  onlineStoreUrl
  onlineStorePreviewUrl
  publishedOnPublication(publicationId: $publication)
  variants(first: 2) {
    nodes {
      id
      sku
      price
      inventoryPolicy
      sellableOnlineQuantity
      inventoryItem {
        id
        tracked
        inventoryLevel(locationId: $location) { quantities(names: ["available"]) { quantity } }
      }
    }
  }
}
"""

# The content of a listing beside its pulse.
_CONTENT = """
fragment Content on Product {
  title
  descriptionHtml
  variants(first: 2) { nodes { barcode } }
  media(first: $photos) {
    nodes {
      id
      ... on MediaImage {
        fileStatus
        image { url }
      }
    }
  }
}
"""

PULSE_BY_ID = (
    """
query PulseById($id: ID!, $publication: ID!, $location: ID!) {
  shop { currencyCode }
  product(id: $id) { ...Pulse }
}
"""
    + _PULSE
)

PULSE_BY_KEY = (
    """
query PulseByKey($handle: String!, $search: String!, $publication: ID!, $location: ID!) {
  shop { currencyCode }
  byHandle: productByIdentifier(identifier: {handle: $handle}) { ...Pulse }
  bySku: productVariants(first: 5, query: $search) {
    nodes {
      sku
      product { ...Pulse }
    }
  }
}
"""
    + _PULSE
)

LISTING_BY_ID = (
    """
query ListingById($id: ID!, $publication: ID!, $location: ID!, $photos: Int!) {
  shop { currencyCode }
  product(id: $id) { ...Pulse ...Content }
}
"""
    + _PULSE
    + _CONTENT
)

LISTING_BY_KEY = (
    """
query ListingByKey($handle: String!, $search: String!, $publication: ID!, $location: ID!, $photos: Int!) {
  shop { currencyCode }
  byHandle: productByIdentifier(identifier: {handle: $handle}) { ...Pulse ...Content }
  bySku: productVariants(first: 5, query: $search) {
    nodes {
      sku
      product { ...Pulse ...Content }
    }
  }
}
"""
    + _PULSE
    + _CONTENT
)

# An account's products by page. What a page shows is what a look at one product shows.
PRODUCTS = (
    """
query Products($first: Int!, $after: String, $search: String!, $publication: ID!, $location: ID!) {
  shop { currencyCode }
  products(first: $first, after: $after, query: $search, sortKey: ID) {
    nodes {
      ...Pulse
      title
      featuredMedia { preview { image { url } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _PULSE
)

STAGE_UPLOADS = """
mutation StageUploads($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets {
      url
      resourceUrl
      parameters { name value }
    }
    userErrors { field message }
  }
}
"""

SET_PRODUCT = (
    """
mutation SetProduct($identifier: ProductSetIdentifiers!, $input: ProductSetInput!, $publication: ID!, $location: ID!, $photos: Int!) {
  productSet(synchronous: true, identifier: $identifier, input: $input) {
    product { ...Pulse ...Content }
    userErrors { code field message }
  }
}
"""
    + _PULSE
    + _CONTENT
)

SET_QUANTITY = """
mutation SetQuantity($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}
"""

STOCK_AT = """
mutation StockAt($item: ID!, $location: ID!, $available: Int!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available) @idempotent(key: $key) {
    inventoryLevel { id }
    userErrors { field message }
  }
}
"""

SET_PRICE = """
mutation SetPrice($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) {
    productVariants { id price }
    userErrors { code field message }
  }
}
"""

# Two mutations in one request; Shopify carries them out in order. Publishing first: a product that is not active stays hidden.
GO_LIVE = """
mutation GoLive($product: ID!, $publication: ID!) {
  publishablePublish(id: $product, input: [{publicationId: $publication}]) { userErrors { field message } }
  productUpdate(product: {id: $product, status: ACTIVE}) {
    product { id status }
    userErrors { field message }
  }
}
"""

# A draft is for sale on no sales channel of the shop. Taking it off the online store as well would hide nothing more, and the points
# of a second mutation are what a shop runs out of when much is sold at once.
TAKE_DOWN = """
mutation TakeDown($product: ID!) {
  productUpdate(product: {id: $product, status: DRAFT}) {
    product { id status }
    userErrors { field message }
  }
}
"""

REMOVE = """
mutation Remove($product: ID!) {
  productDelete(input: {id: $product}) {
    deletedProductId
    userErrors { field message }
  }
}
"""

SHOP = """
query Shop {
  shop { name myshopifyDomain currencyCode }
  currentAppInstallation { accessScopes { handle } }
  publications(first: 25, catalogType: APP) {
    nodes {
      id
      catalog {
        ... on AppCatalog {
          apps(first: 3) { nodes { handle } }
        }
      }
    }
  }
  locations(first: 25) { nodes { id isActive fulfillsOnlineOrders } }
}
"""

SUBSCRIPTIONS = """
query Subscriptions($topics: [WebhookSubscriptionTopic!]) {
  webhookSubscriptions(first: 50, topics: $topics) { nodes { id topic uri } }
}
"""

SUBSCRIBE = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""

RESUBSCRIBE = """
mutation Resubscribe($id: ID!, $uri: String!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""

CATEGORIES = """
query Categories($search: String!) {
  taxonomy {
    categories(first: 10, search: $search) { nodes { id name fullName isArchived } }
  }
}
"""
