"""eBay through its REST API. README.md says what is used and why."""
