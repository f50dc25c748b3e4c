"""The ASGI app: chat, photos, webhooks, consent callbacks, health. README.md lists the doors."""
