"""The command line. What a command needs is imported when it runs, so that `haggle --help` is there at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import HaggleError

if TYPE_CHECKING:
    from bot.settings import Settings

Run = Callable[[argparse.Namespace], int]


def main(words: Sequence[str] | None = None) -> int:
    """Answers the exit code: 0 fine, 1 it did not work (one sentence says why), 2 the command line is wrong."""
    chosen = _parser().parse_args(words)
    run: Run = chosen.run
    try:
        return run(chosen)
    except HaggleError as error:
        print(f"haggle: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"haggle: {error.filename or 'A file'} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="haggle", description="The assistant that a marketplace reseller talks to.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = _add(commands, "serve", _serve, "run Haggle: everything in one process")
    serve.add_argument("--host", help="the address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, help="the port to listen on (8080; 0 takes a free one)")
    serve.add_argument("--sandbox", action="store_true", default=None, help="sell on stand-in marketplaces, started along")

    worker = _add(commands, "worker", _worker, "carry work only, beside a `serve` (needs PostgreSQL)")
    worker.add_argument("--sandbox", action="store_true", default=None, help="beside a `serve --sandbox` of the same data folder")

    talk = _add(commands, "talk", _talk, "talk in the terminal, or replay a script")
    talk.add_argument("script", nargs="?", type=Path, metavar="SCRIPT", help="a file to replay, or - for standard input")
    talk.add_argument("--sandbox", action="store_true", default=None, help="with stand-in marketplaces, where no server runs yet")
    talk.add_argument("--times", action="store_true", help="say how long each line took")

    sandbox = _add(commands, "sandbox", _sandbox, "run the stand-in marketplaces")
    sandbox.add_argument("--port", type=int, default=8090, help="the port to listen on (8090; 0 takes a free one)")

    _add(commands, "migrate", _migrate, "bring the database to this version's schema")
    _add(commands, "doctor", _doctor, "check everything and say what to do")

    backup = _add(commands, "backup", _backup, "copy everything into one file, while running or not")
    backup.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet")
    backup.add_argument("--with-key", action="store_true", help="with the key that opens credentials: keep the copy as safe as the key")
    restore = _add(commands, "restore", _restore, "bring a backup back into an empty data folder")
    restore.add_argument("file", type=Path, metavar="FILE")

    _add(commands, "slack-manifest", _slack_manifest, "print the manifest that makes your Slack app", data=False)

    read = _add(commands, "read", _read, "print what can be read on photos, without any key", data=False)
    read.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    read.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _add(commands: Any, name: str, run: Run, told: str, *, data: bool = True) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
    if data:
        made.add_argument("--data", type=Path, metavar="DIR", help="the data folder (./data)")
    made.set_defaults(run=run)
    return made


def _settings(chosen: argparse.Namespace) -> Settings:
    from bot.settings import load

    return load(**{name: getattr(chosen, name, None) for name in ("data", "host", "port", "sandbox")})


def _log(settings: Settings, level: str = "") -> None:
    from bot import logs

    logs.set_up(level or settings.log_level, as_json={"on": True, "off": False, "auto": None}[settings.log_json])


def _serve(chosen: argparse.Namespace) -> int:
    settings = _settings(chosen)
    _log(settings)
    from bot.serving import serve

    asyncio.run(serve(settings))
    return 0


def _worker(chosen: argparse.Namespace) -> int:
    settings = _settings(chosen)
    _log(settings)
    from bot.serving import work

    asyncio.run(work(settings))
    return 0


def _talk(chosen: argparse.Namespace) -> int:
    settings = _settings(chosen)
    _log(settings, "error" if settings.log_level != "debug" else "")
    from bot.talking import converse

    return asyncio.run(converse(settings, chosen.script, times=chosen.times))


def _sandbox(chosen: argparse.Namespace) -> int:
    from bot.listening import listen
    from bot.settings import load
    from integrations.sandbox.serve import serve

    settings = load(data=chosen.data, port=chosen.port)
    _log(settings, "warning")
    listen("127.0.0.1", settings.port, choose="--port").close()  # says who has the port, when somebody has
    serve(settings.data_folder / "sandbox", port=settings.port)
    return 0


def _migrate(chosen: argparse.Namespace) -> int:
    from bot.footing import migrated, prepare

    settings = _settings(chosen)
    prepare(settings)
    moved = asyncio.run(migrated(settings))
    print("The database is at this version's schema now." if moved else "The database was at this version's schema already.")
    return 0


def _doctor(chosen: argparse.Namespace) -> int:
    from bot import doctor

    settings = _settings(chosen)
    _log(settings, "error")
    return asyncio.run(doctor.examine(settings, sys.stdout))


def _slack_manifest(chosen: argparse.Namespace) -> int:
    from bot.chat import commands as _registered  # noqa: F401 - registers every command
    from bot.chat.registry import commands
    from bot.surfaces.slack_manifest import manifest

    settings = _settings(chosen)
    by_webhook = settings.slack_signing_secret and settings.public_url.startswith("https://")
    print(json.dumps(manifest(commands(), f"{settings.public_url}/webhooks/slack" if by_webhook else ""), indent=2))
    return 0


def _backup(chosen: argparse.Namespace) -> int:
    from bot.footing import answering, must_exist
    from storage.backup import backup

    settings = _settings(chosen)
    must_exist(settings)
    with answering(settings):
        copied = asyncio.run(backup(settings.database, settings.data_folder, chosen.file, with_key=chosen.with_key))
    print(f"{chosen.file} holds {sum(copied.rows.values())} rows and {copied.photos} photo files.")
    if not copied.key:
        print("The key is not in it: without it the credentials in the copy cannot be opened. Keep it elsewhere, or use --with-key.")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    from bot.footing import answering, prepare
    from storage.backup import restore

    settings = _settings(chosen)
    prepare(settings)
    with answering(settings):
        brought = asyncio.run(restore(chosen.file, settings.data_folder, settings.database_url or None))
    print(f"{sum(brought.rows.values())} rows and {brought.photos} photo files are in {settings.data_folder}.")
    if brought.audit is not None and brought.audit.broken_at is not None:
        print(f"The audit trail does not hold from entry {brought.audit.broken_at} on: somebody changed it before the backup.")
        return 1
    if not brought.key:
        print("Put the old secret.key into the folder (or set HAGGLE_SECRET_KEY), otherwise connect the marketplaces again.")
    return 0


def _read(chosen: argparse.Namespace) -> int:
    from bot import logs
    from bot.read_photos import read_photos

    logs.set_up("error")
    found = asyncio.run(read_photos(chosen.photos))
    if chosen.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    for name, field in found["draft"]["fields"].items():
        value = field["value"]
        print(f"{name:>12}  {value if isinstance(value, str) else ', '.join(value)}  ({field['confidence']:.0%})")
    for barcode in found["barcodes"]:
        print(f"{'barcode':>12}  {barcode['text']} ({barcode['format']})")
    for line in found["lines"]:
        print(f"{'text':>12}  {line['text']}")
    for sentence in (*found["problems"], *(one["error"] for one in found["photos"] if "error" in one)):
        print(f"{'!':>12}  {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
