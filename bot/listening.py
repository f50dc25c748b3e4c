"""Taking a port, and saying who has it when it is taken."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from core.errors import Invalid

ANY_ADDRESS = frozenset({"", "0.0.0.0", "::", "*"})  # listening everywhere is not a name  # noqa: S104
# Addresses that are kept for documents (RFC 5737, RFC 3849). Nothing is sent there: the kernel only says which way it would go.
_FAR_AWAY = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_LISTENING = "0A"  # the kernel's name of the state in /proc/net/tcp


@dataclass(frozen=True, slots=True)
class Program:
    """A process that listens. `name` is its command, as far as we may see it."""

    pid: int
    name: str


def listen(host: str, port: int, *, choose: str = "") -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `Invalid`: who has the port, and how to `choose` another (what the command has
    for it; by default what `serve` has)."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)[0]
    except socket.gaierror as error:
        raise Invalid(f"There is no address {host} to listen on. Correct HAGGLE_HOST or --host.") from error
    made = socket.socket(family, kind, protocol)  # that it says TCP lets asyncio turn off Nagle's delay of 40 ms
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(1024)
    except OSError as error:
        made.close()
        other = choose or f"make run PORT={port + 1 if port < 65535 else 8080}, or --port"
        raise Invalid(f"{_why_not(host, port, error)} Choose another: {other}.") from error
    made.setblocking(False)
    return made


def address_of(host: str, port: int) -> str:
    """How a browser is told to come to us."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_address(name: str) -> bool:
    """Whether a host is an address of numbers, without brackets."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def own_names() -> set[str]:
    """What this machine is called in its own network."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"} - {"", ".local"}


def own_addresses(host: str) -> list[str]:
    """By which addresses other machines reach one that listens on `host`; empty when it does not listen for others."""
    if host not in ANY_ADDRESS:
        return []
    found = [_way_out(family, far) for family, far in _FAR_AWAY if host != "0.0.0.0" or family == socket.AF_INET]  # noqa: S104
    useful = [one for one in found if one and not (ip_address(one).is_loopback or ip_address(one).is_link_local)]
    return list(dict.fromkeys(useful))


def _way_out(family: int, far: str) -> str:
    """Our address on the way to another; empty when there is none."""
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((far, 9))
        except OSError:
            return ""
        return str(asking.getsockname()[0])


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        program = who_listens(port)
        by = f"{program.name} (process {program.pid})" if program else "another program"
        return f"Port {port} is taken by {by}."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used without more rights."
    return f"It is not possible to listen on {host}, port {port}: {error.strerror}."


def who_listens(port: int) -> Program | None:
    """The process that listens on a port of this machine; None when there is none, or it is not ours to see (or no Linux)."""
    sockets = _sockets(port)
    if not sockets:
        return None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            held = {os.readlink(handle) for handle in (folder / "fd").iterdir()}
        except OSError:  # gone meanwhile, or somebody else's
            continue
        if held & sockets:
            return Program(int(folder.name), _name(folder))
    return None


def command_of(pid: int) -> str:
    """The command line of a process; empty when there is none, or it is not ours to see."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()


def _sockets(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for words in map(str.split, lines):
            if words[3] == _LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{words[9]}]")
    return found


def _name(folder: Path) -> str:
    """The program without its folder, and for Python what it runs."""
    try:
        words = (folder / "cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return "a program"
    words[0] = Path(words[0]).name
    return " ".join(words[:4]) if words[0].startswith("python") else words[0]
