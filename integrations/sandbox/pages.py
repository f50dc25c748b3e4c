"""Whole pages of the storefront."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from integrations.sandbox.market import Unbuyable

POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"


def page(title: str, body: str, *, status: int = 200, forms: str = "'self'") -> HTMLResponse:
    """A whole page around `body`, which is HTML already. `forms` is where its forms may lead."""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/sandbox.css"></head>'
        f"<body><main>{body}</main></body></html>"
    )
    headers = {
        "Content-Security-Policy": POLICY.format(forms=forms),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(text, status, headers)


def gone() -> Response:
    return page("Not here", '<h1>Not here</h1><p><a href="/">All marketplaces</a></p>', status=404)


def impossible(title: str, market: str, error: Unbuyable) -> Response:
    """Why something cannot be done."""
    back = f'<p><a href="/store/{quote(market)}">Back</a></p>'
    return page(title, f"<h1>{title}</h1><p>{escape(str(error))}</p>{back}", status=409)
