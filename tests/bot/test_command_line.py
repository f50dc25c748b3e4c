"""The command line as people use it: real processes, real ports, the stand-ins beside."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw

from bot.listening import own_addresses
from storage import lock
from storage.db import Database, sqlite_url
from storage.models import Account
from storage.secrets import Keyring
from tests.clock import TestClock
from tests.requires import ROOT
from tests.rows import add_listing

# Stand-ins on a free port, and the log of no interest.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("HAGGLE_")},
    "PYTHONPATH": str(ROOT), "HAGGLE_SANDBOX_URL": "http://127.0.0.1:0", "HAGGLE_LOG_LEVEL": "error",
}  # fmt: skip


def haggle(folder: Path, *words: str, said: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, standing in `folder`."""
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(
        command, cwd=folder, env={**ENVIRONMENT, **more}, input=said, capture_output=True, text=True, timeout=90, check=False
    )


class Served:
    """A running `haggle serve`. `told` is its greeting."""

    def __init__(self, folder: Path, *words: str, **more: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "bot", "serve", "--port", "0", *words]
        self.process = subprocess.Popen(command, cwd=folder, env={**ENVIRONMENT, **more}, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.told = ""
        for line in self.process.stdout:
            self.told += line
            if line.startswith("Ctrl-C"):
                return
        raise AssertionError(f"it did not start: {self.told}")

    @property
    def address(self) -> str:
        return self._named(r"Haggle is at (\S+)")

    @property
    def link(self) -> str:
        return self._named(r"(http\S+/enter\?code=\S+)")

    def _named(self, pattern: str) -> str:
        found = re.search(pattern, self.told)
        assert found, self.told
        return found[1].replace("localhost", "127.0.0.1")

    def stop(self) -> float:
        """Ask it to end. Answers how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        self.close()
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def stand_ins(folder: Path) -> tuple[int, str]:
    noted = json.loads((folder / "data" / "sandbox" / "sandbox.json").read_text())
    return int(noted["pid"]), str(noted["url"])


def is_alive(pid: int) -> bool:
    """Not a zombie either: nobody reaps what a killed parent left, in a container without an init."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with stand-ins, for the tests of this module that do it no harm."""
    server = Served(tmp_path_factory.mktemp("home"), "--sandbox")
    try:
        yield server
        server.stop()
    finally:
        server.close()


def test_help_comes_without_the_house() -> None:
    """What takes long to import is imported by the commands that need it."""
    code = "import sys, contextlib\nfrom bot.__main__ import main\nwith contextlib.suppress(SystemExit): main(['--help'])\n"
    found = subprocess.run(
        [sys.executable, "-c", code + "print(sorted(sys.modules))"], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert "serve" in found.stdout
    assert not [name for name in ("'sqlalchemy'", "'pydantic'", "'fastapi'", "'PIL'", "'structlog'") if name in found.stdout]


def test_the_sign_in_link_works_once(served: Served) -> None:
    with httpx.Client(trust_env=False) as browser:
        assert browser.get(served.address).status_code == 401
        assert "This signs you in as Owner." in browser.get(served.link).text
        code = served.link.partition("code=")[2]
        entered = browser.post(f"{served.address}/enter", data={"code": code}, headers={"Origin": served.address}, follow_redirects=True)
        assert entered.status_code == 200
        assert browser.get(served.address).status_code == 200
    assert httpx.get(served.link, trust_env=False).status_code == 403


def test_other_machines_get_a_link_of_their_own(tmp_path: Path) -> None:
    server = Served(tmp_path, "--host", "0.0.0.0")
    try:
        port = server.address.rpartition(":")[2]
        ours = [f"http://localhost:{port}", *(f"http://{one}:{port}" for one in own_addresses("0.0.0.0"))]
        assert re.findall(r"(http\S+)/enter\?code=", server.told) == ours
        assert len(set(re.findall(r"code=(\S+)", server.told))) == 1, "one code: together they work once"
        server.stop()
    finally:
        server.close()
    assert not any(ip_address(one).is_loopback for one in own_addresses("0.0.0.0"))
    assert own_addresses("127.0.0.1") == own_addresses("192.168.1.5") == []


def test_switched_off_it_says_what_is_off(tmp_path: Path) -> None:
    server = Served(tmp_path, HAGGLE_OUTWARD="FALSE")
    try:
        assert "HAGGLE_OUTWARD is off: no marketplace and no model is called, Changes wait. Chats go on." in server.told
        server.stop()
    finally:
        server.close()


def test_talk_attaches_to_the_running_server(served: Served) -> None:
    script = "/channels\nexpect eBay (sandbox_seller): connected\nexpect Shopify (Sandbox Shop): connected\nexpect Poshmark\n"
    found = haggle(served.folder, "talk", said=script)
    assert found.returncode == 0, found.stdout + found.stderr
    assert (served.folder / "data" / "talk.token").stat().st_mode & 0o777 == 0o600


def test_a_taken_folder_says_by_whom(served: Served) -> None:
    found = haggle(served.folder, "serve", "--port", "0")
    assert found.returncode == 1
    assert f"in use by process {served.process.pid} at http://localhost:" in found.stderr
    assert "make run DATA=" in found.stderr


def test_a_taken_port_says_by_whom(served: Served, tmp_path: Path) -> None:
    port = served.address.rpartition(":")[2]
    found = haggle(tmp_path, "serve", "--port", port)
    assert found.returncode == 1
    assert f"Port {port} is taken by" in found.stderr
    assert f"(process {served.process.pid})" in found.stderr
    assert f"make run PORT={int(port) + 1}" in found.stderr


def test_stand_ins_on_a_taken_port_name_their_own_way_out(served: Served, tmp_path: Path) -> None:
    port = served.address.rpartition(":")[2]
    found = haggle(tmp_path, "sandbox", "--port", port)
    assert found.returncode == 1
    assert f"Port {port} is taken by" in found.stderr
    assert found.stderr.endswith("Choose another: --port.\n")


def test_the_doctor_reads_the_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HAGGLE_EBAY_CLIENTID=x\nhaggle_telegramm_bot_token=x\nPOSTGRES_PASSWORD=x\nHAGGLE_PORT=8081\n")
    told = haggle(tmp_path, "doctor").stdout
    assert "HAGGLE_EBAY_CLIENTID is no setting of Haggle: did you mean HAGGLE_EBAY_CLIENT_ID?" in told
    assert "HAGGLE_TELEGRAMM_BOT_TOKEN is no setting of Haggle: did you mean HAGGLE_TELEGRAM_BOT_TOKEN?" in told
    assert told.count("is no setting") == 2


def test_every_command_says_what_it_does() -> None:
    for command in ("serve", "worker", "talk", "sandbox", "migrate", "doctor", "backup", "restore", "read"):
        told = haggle(ROOT, command, "--help").stdout
        assert re.search(r"\n\n[A-Z][^\n]+[.]", told), told


def test_the_doctor_finds_it_well(served: Served) -> None:
    found = haggle(served.folder, "doctor", "--data", "data")
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"held by process {served.process.pid}" in found.stdout
    for what in ("settings", "database", "audit", "work", "account", "reading"):
        assert re.search(rf"^ok    {what}", found.stdout, re.MULTILINE), found.stdout


def test_backup_while_it_runs_and_restore(served: Served, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tar.gz"
    found = haggle(served.folder, "backup", str(copy))
    assert found.returncode == 0, found.stderr
    found = haggle(tmp_path, "restore", str(copy), "--data", "restored")
    assert found.returncode == 0, found.stderr
    assert "rows" in found.stdout
    again = haggle(served.folder, "backup", str(copy))
    assert again.returncode == 1
    assert "is there already" in again.stderr
    missing = haggle(served.folder, "backup", "nowhere/copy.tar.gz")
    assert (missing.returncode, missing.stderr) == (1, "haggle: There is no folder nowhere. Make it, or write the backup elsewhere.\n")
    again = haggle(tmp_path, "restore", str(copy), "--data", "restored")
    assert again.returncode == 1
    assert "not empty" in again.stderr


def test_a_lost_key_is_said_by_the_terminal_and_the_doctor(tmp_path: Path) -> None:
    """The data folder came back from a copy without its key: a new one is made, and that is said."""
    assert haggle(tmp_path, "migrate").returncode == 0
    asyncio.run(seal_with_another_key(sqlite_url(tmp_path / "data")))
    server = Served(tmp_path)
    try:
        assert "1 sealed values (marketplace credentials, buyers' data) cannot be opened" in server.told
        server.stop()
    finally:
        server.close()
    found = haggle(tmp_path, "doctor")
    assert found.returncode == 1
    assert re.search(r"^bad   keys +1 sealed values .*secret\.key, as a line below", found.stdout, re.MULTILINE), found.stdout
    assert "is expired: The key that opens its credentials is missing" in found.stdout


async def seal_with_another_key(url: str) -> None:
    db = Database(url, TestClock())
    listing = await add_listing(db)
    async with db.write() as session:
        account = await session.get_one(Account, listing.account_id)
        account.credentials = Keyring([os.urandom(32)]).seal({"token": "t"}, account.id)
    await db.close()


def test_stopping_stops_the_stand_ins_too(tmp_path: Path) -> None:
    server = Served(tmp_path, "--sandbox")
    try:
        pid, url = stand_ins(tmp_path)
        assert httpx.get(f"{url}/control/health", trust_env=False).json() == {"ready": True}
        assert server.stop() < 8
        assert not is_alive(pid)
        assert lock.holder(tmp_path / "data") is None
        assert not (tmp_path / "data" / "talk.token").exists()
    finally:
        server.close()


def test_a_killed_server_leaves_stand_ins_that_the_next_one_takes_over(tmp_path: Path) -> None:
    first = Served(tmp_path, "--sandbox")
    first.close()
    before = stand_ins(tmp_path)
    assert is_alive(before[0])
    second = Served(tmp_path, "--sandbox")
    try:
        assert stand_ins(tmp_path) == before
        assert "are connected" not in second.told
        second.stop()
        assert not is_alive(before[0])
    finally:
        second.close()


def test_stand_ins_of_their_own_go_on(tmp_path: Path) -> None:
    own = subprocess.Popen(
        [sys.executable, "-m", "bot", "sandbox", "--port", "0"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert own.stdout is not None
        url = own.stdout.readline().split()[-1]
        server = Served(tmp_path, "--sandbox")
        assert url in server.told
        server.stop()
        assert httpx.get(f"{url}/control/health", trust_env=False).status_code == 200
    finally:
        own.terminate()
        own.communicate()


def test_stopping_ends_nobody_else(tmp_path: Path) -> None:
    """The note of an earlier server names a process that is somebody else's by now."""
    somebody = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    own = subprocess.Popen(
        [sys.executable, "-m", "bot", "sandbox", "--port", "0"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert own.stdout is not None
        assert own.stdout.readline()
        (tmp_path / "data" / "sandbox" / "started-by-serve.pid").write_text(str(somebody.pid))
        server = Served(tmp_path, "--sandbox")
        server.stop()
        assert is_alive(own.pid)
        assert is_alive(somebody.pid)
    finally:
        for process in (own, somebody):
            process.terminate()
            process.communicate()


def test_talk_is_the_server_where_none_runs(tmp_path: Path) -> None:
    found = haggle(tmp_path, "talk", "-", said="/items\nexpect Nothing here yet\n")
    assert found.returncode == 0, found.stdout + found.stderr
    assert lock.holder(tmp_path / "data") is None
    missing = haggle(tmp_path, "talk", "nowhere.txt")
    assert (missing.returncode, missing.stderr) == (1, "haggle: The script nowhere.txt cannot be read: No such file or directory.\n")


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    for words, more, told in (
        (("serve",), {"HAGGLE_PORT": "x"}, "haggle: HAGGLE_PORT must be a whole number.\n"),
        (("serve", "--port", "99999"), {}, "haggle: --port must be less than or equal to 65535.\n"),
        (("sandbox", "--port", "99999"), {"HAGGLE_PORT": "1"}, "haggle: --port must be less than or equal to 65535.\n"),
        (("worker",), {}, "A worker needs PostgreSQL"),
        (("serve", "--data", "/proc/nothing"), {}, "The data folder /proc/nothing cannot be made"),
        (("serve", "--host", "no.such.host.invalid"), {}, "There is no address no.such.host.invalid to listen on."),
        (("backup", "copy.tar.gz", "--data", "nothing"), {}, "There is no Haggle in "),
        (("backup", "nowhere/copy.tar.gz"), {}, "There is no Haggle in "),
        (("restore", "nothing.tar.gz"), {}, "There is no file nothing.tar.gz"),
        (("read", "nothing.jpg"), {}, "There is no file nothing.jpg"),
    ):
        found = haggle(tmp_path, *words, **more)
        assert found.returncode == 1, words
        assert told in found.stderr
        assert "Traceback" not in found.stderr, found.stderr


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but it does not listen
        url = f"postgresql://haggle@127.0.0.1:{nobody.getsockname()[1]}/haggle"
        for command in ("migrate", "serve", "worker"):
            found = haggle(tmp_path, command, HAGGLE_DATABASE_URL=url, HAGGLE_PORT="0")
            assert found.returncode == 1
            assert "PostgreSQL at 127.0.0.1 cannot be used." in found.stderr
            assert "Traceback" not in found.stderr, found.stderr
        found = haggle(tmp_path, "doctor", HAGGLE_DATABASE_URL=url)
        assert found.returncode == 1
        assert re.search("^bad   database", found.stdout, re.MULTILINE), found.stdout


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    assert haggle(tmp_path, "migrate").stdout == "The database is at this version's schema now.\n"
    assert haggle(tmp_path, "migrate").stdout == "The database was at this version's schema already.\n"


def test_read_prints_what_is_on_the_photo(tmp_path: Path) -> None:
    picture = Image.new("RGB", (900, 300), "white")
    ImageDraw.Draw(picture).text((40, 90), "MODEL AB-4711", fill="black", font_size=96)
    picture.save(tmp_path / "label.png")
    found = haggle(tmp_path, "read", "label.png", "--json")
    assert any("4711" in line["text"] for line in json.loads(found.stdout)["lines"])
    assert "4711" in haggle(tmp_path, "read", "label.png").stdout
