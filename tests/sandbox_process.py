"""The stand-in marketplaces as a process of their own, for tests.

    def test_something(sandbox):            # a fresh, empty shop on a process that the whole test session shares
        sandbox.buy("ebay", "SKU-1")

`SandboxProcess.start(folder)` gives a process of one's own, which may be killed and started again on the same folder and port.
Control methods are plain calls: they never wait for anything in the test's own process, so async tests may use them as well.
Import the fixtures in a conftest.py: `from tests.sandbox_process import sandbox, sandbox_server`.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.requires import ROOT

EBAY_BASE = "https://api.ebay.com/oauth/api_scope"
EBAY_SCOPES = (
    EBAY_BASE,
    *(
        f"{EBAY_BASE}/{name}"
        for name in (
            "sell.inventory",
            "sell.account",
            "sell.fulfillment",
            "sell.finances",
            "sell.payment.dispute",
            "commerce.notification.subscription",
            "commerce.identity.readonly",
        )
    ),
)


class SandboxProcess:
    """A running stand-in. `credentials["ebay"]["client_id"]` and the like come from its folder."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = settings
        self.url = ""
        self.credentials: dict[str, dict[str, str]] = {}
        self._process: subprocess.Popen[str] | None = None
        # No connection is kept: the stand-in closes idle ones, and a call that meets that moment would fail for nothing.
        self._client = httpx.Client(timeout=30, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    @classmethod
    def start(cls, folder: Path, **settings: Any) -> SandboxProcess:
        """Start on a free port. `settings` are those of SandboxSettings."""
        made = cls(folder, settings)
        made.up()
        return made

    def up(self) -> None:
        """Start it (again): on the same port when it has had one."""
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "integrations.sandbox", str(self.folder), "--port", port, "--settings", json.dumps(self.settings)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if " at " not in line:
            self.stop()
            raise AssertionError(f"the sandbox did not start: {line!r}")
        self.url = line.strip().rpartition(" ")[2]
        assert self._get("health")["ready"]
        noted = json.loads((self.folder / "sandbox.json").read_text())
        self.credentials = {name: value for name, value in noted.items() if isinstance(value, dict)}

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power switch would: `up` brings it back."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        self.stop()
        self._client.close()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    # -- control

    def state(self, marketplace: str | None = None) -> Any:
        """All of `GET /control/state`, or one marketplace's part."""
        whole = self._get("state")
        return whole[marketplace] if marketplace else whole

    def buy(self, marketplace: str, listing: str, **more: Any) -> dict[str, Any]:
        """Buy; gives the order. `httpx.HTTPStatusError` with 409 when it cannot be bought."""
        return self._post("buy", {"marketplace": marketplace, "listing": listing, **more})

    def buy_several(self, marketplace: str, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
        """One order of several lines, each a listing (or sku) and how many; a listing may come twice."""
        wanted = [{"listing": listing, "quantity": quantity} for listing, quantity in lines]
        return self._post("buy", {"marketplace": marketplace, "lines": wanted, **more})

    def offer(self, marketplace: str, listing: str, price: str, **more: Any) -> dict[str, Any]:
        return self._post("offer", {"marketplace": marketplace, "listing": listing, "price": price, **more})

    def cancel(self, marketplace: str, order: str) -> dict[str, Any]:
        return self._post("cancel", {"marketplace": marketplace, "order": order})

    def pay(self, marketplace: str, order: str) -> dict[str, Any]:
        """The buyer pays for what was bought with `paid=False`."""
        return self._post("pay", {"marketplace": marketplace, "order": order})

    def refund(self, marketplace: str, order: str, amount: str = "") -> dict[str, Any]:
        """The seller gives `amount` back, or all that is left; the order stays."""
        return self._post("refund", {"marketplace": marketplace, "order": order, "amount": amount})

    def deliver(self, marketplace: str, order: str) -> dict[str, Any]:
        """What was sent arrives."""
        return self._post("deliver", {"marketplace": marketplace, "order": order})

    def ask_back(self, marketplace: str, order: str) -> dict[str, Any]:
        """The buyer opens a return, or asks to cancel what is not sent."""
        return self._post("return", {"marketplace": marketplace, "order": order})

    def dispute(self, marketplace: str, order: str, outcome: str = "") -> dict[str, Any]:
        """The buyer disputes the payment; `outcome` ("won", "lost") ends it."""
        return self._post("dispute", {"marketplace": marketplace, "order": order, "outcome": outcome})

    def label(self, marketplace: str, order: str, cost: str) -> dict[str, Any]:
        """The seller buys a shipping label on the marketplace."""
        return self._post("label", {"marketplace": marketplace, "order": order, "cost": cost})

    def make(self, marketplace: str, title: str, price: str, **more: Any) -> dict[str, Any]:
        """The seller lists something on the marketplace's own site: the listing, as the state shows it."""
        return self._post("list", {"marketplace": marketplace, "title": title, "price": price, **more})

    def edit(self, marketplace: str, listing: str, **what: Any) -> dict[str, Any]:
        """The seller edits a listing (id or sku) there: `price`, `quantity`."""
        return self._post("edit", {"marketplace": marketplace, "listing": listing, **what})

    def end(self, marketplace: str, listing: str) -> dict[str, Any]:
        """The seller ends a listing there."""
        return self._post("end", {"marketplace": marketplace, "listing": listing})

    def fault(self, kind: str, **more: Any) -> None:
        """Switch a fault on."""
        self._post("faults", {"kind": kind, **more})

    def no_faults(self) -> None:
        self._post("faults", {"clear": True})

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("faults")["faults"]
        return found

    def calls(self) -> dict[str, int]:
        """How often each operation was called since the last reset."""
        found: dict[str, int] = self._get("calls")["calls"]
        return found

    def deliveries(self) -> dict[str, Any]:
        return self._get("deliveries")

    def shift_clock(self, seconds: float) -> None:
        self._post("clock", {"seconds": seconds})

    def reset(self) -> None:
        self._post("reset", {})

    # -- a seller's consent, without a browser

    def ebay_tokens(self, scopes: Sequence[str] = EBAY_SCOPES) -> dict[str, Any]:
        """Consent as the seller and trade the code: the token endpoint's answer, with `access_token` and `refresh_token`."""
        back = "https://haggle.example/back"
        asked = {
            "client_id": self.credentials["ebay"]["client_id"],
            "response_type": "code",
            "redirect_uri": back,
            "scope": " ".join(scopes),
        }
        answer = self._client.post(f"{self.url}/ebay-auth/oauth2/authorize", data={**asked, "answer": "agree"})
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        return self.ebay_token_call({"grant_type": "authorization_code", "code": code, "redirect_uri": back})

    def ebay_app_token(self) -> str:
        """An application's token with the base scope."""
        token: str = self.ebay_token_call({"grant_type": "client_credentials", "scope": EBAY_BASE})["access_token"]
        return token

    def ebay_token_call(self, form: dict[str, str]) -> dict[str, Any]:
        own = self.credentials["ebay"]
        answer = self._client.post(f"{self.url}/ebay/identity/v1/oauth2/token", data=form, auth=(own["client_id"], own["client_secret"]))
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _get(self, name: str) -> dict[str, Any]:
        answer = self._client.get(f"{self.url}/control/{name}").raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _post(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(f"{self.url}/control/{name}", json=body).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One process for the session of this test worker."""
    server = SandboxProcess.start(tmp_path_factory.mktemp("sandbox"))
    yield server
    server.close()


@pytest.fixture
def sandbox(sandbox_server: SandboxProcess) -> SandboxProcess:
    """The shared process, emptied."""
    sandbox_server.reset()
    return sandbox_server
