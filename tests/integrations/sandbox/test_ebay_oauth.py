"""Consent and tokens of the eBay stand-in. Their bodies are OAuth's own and in no OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox_process import EBAY_BASE, SandboxProcess, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]

BACK = "https://haggle.example/connect/ebay?via=test"
INVENTORY = f"{EBAY_BASE}/sell.inventory"


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        yield client


def asked(sandbox: SandboxProcess, **more: str) -> dict[str, str]:
    own = {"client_id": sandbox.credentials["ebay"]["client_id"], "response_type": "code", "redirect_uri": BACK}
    return {**own, "scope": f"{INVENTORY} {EBAY_BASE}/sell.account", "state": "s&1", **more}


def code_of(sandbox: SandboxProcess, visitor: httpx.Client) -> str:
    answer = visitor.post("/ebay-auth/oauth2/authorize", data={**asked(sandbox), "answer": "agree"})
    assert answer.headers["location"].startswith(BACK + "&")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["state"], query["expires_in"], query["via"]) == (["s&1"], ["299"], ["test"])
    return query["code"][0]


def refused(sandbox: SandboxProcess, form: dict[str, str]) -> tuple[int, str]:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        sandbox.ebay_token_call(form)
    body = caught.value.response.json()
    assert set(body) == {"error", "error_description"}
    return caught.value.response.status_code, body["error"]


def test_the_consent_page_names_the_scopes_and_lets_its_form_lead_back(sandbox: SandboxProcess, visitor: httpx.Client) -> None:
    page = visitor.get("/ebay-auth/oauth2/authorize", params=asked(sandbox))
    assert page.status_code == 200
    assert "sell.inventory" in page.text
    assert "form-action 'self' https://haggle.example;" in page.headers["content-security-policy"]
    assert visitor.get("/ebay-auth/oauth2/authorize", params=asked(sandbox, client_id="other")).status_code == 400
    assert visitor.get("/ebay-auth/oauth2/authorize", params=asked(sandbox, redirect_uri="Unknown-RuName")).status_code == 400
    declined = visitor.post("/ebay-auth/oauth2/authorize", data={**asked(sandbox), "answer": "decline"})
    assert "error=access_denied" in declined.headers["location"]


def test_a_code_is_traded_once_and_refreshed_for_long(sandbox: SandboxProcess, visitor: httpx.Client) -> None:
    form = {"grant_type": "authorization_code", "code": code_of(sandbox, visitor), "redirect_uri": BACK}
    tokens = sandbox.ebay_token_call(form)
    assert (tokens["expires_in"], tokens["refresh_token_expires_in"], tokens["token_type"]) == (7200, 47_304_000, "User Access Token")
    assert refused(sandbox, form) == (400, "invalid_grant")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    sandbox.shift_clock(47_000_000)
    again = sandbox.ebay_token_call({**refresh, "scope": INVENTORY})
    assert "refresh_token" not in again
    assert again["access_token"] != tokens["access_token"]
    assert refused(sandbox, {**refresh, "scope": f"{EBAY_BASE}/sell.finances"}) == (400, "invalid_scope")
    sandbox.shift_clock(400_000)
    assert refused(sandbox, refresh) == (400, "invalid_grant")


def test_a_code_grows_old_and_belongs_to_its_redirect(sandbox: SandboxProcess, visitor: httpx.Client) -> None:
    form = {"grant_type": "authorization_code", "code": code_of(sandbox, visitor), "redirect_uri": BACK}
    assert refused(sandbox, form | {"redirect_uri": "https://else.example"}) == (400, "invalid_grant")
    sandbox.shift_clock(300)
    assert refused(sandbox, form) == (400, "invalid_grant")


def test_only_the_client_gets_tokens(sandbox: SandboxProcess, visitor: httpx.Client) -> None:
    answer = visitor.post("/ebay/identity/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=("someone", "else"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert refused(sandbox, {"grant_type": "password"}) == (400, "unsupported_grant_type")
    assert refused(sandbox, {"grant_type": "client_credentials", "scope": INVENTORY}) == (400, "invalid_scope")
    assert sandbox.ebay_app_token()


def test_a_runame_is_mapped_by_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    process = SandboxProcess.start(tmp_path_factory.mktemp("runame"), accept_urls={"Haggle-RuName": BACK})
    try:
        form = {**asked(process, redirect_uri="Haggle-RuName"), "answer": "agree"}
        answer = httpx.post(f"{process.url}/ebay-auth/oauth2/authorize", data=form, trust_env=False)
        assert answer.headers["location"].startswith(BACK)
    finally:
        process.close()
