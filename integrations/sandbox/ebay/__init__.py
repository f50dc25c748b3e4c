"""The wire-true eBay stand-in."""
