"""Writes what the papers say about commands and settings from the code itself: `make papers`. A test keeps them fresh.

README.md    the tables between `<!-- commands -->`, `<!-- settings -->` and their ends
.env.example the whole file
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pydantic.fields import FieldInfo

from bot.chat import commands as _registered
from bot.chat.registry import commands
from bot.settings import Settings, is_secret, variable_of

__all__ = ["env_example", "main", "readme"]

# A heading stands before the first setting of its group.
HEADINGS = {
    "data": "Where it lives",
    "outward": "How it works",
    "sandbox": "The stand-in marketplaces",
    "ebay_env": "eBay",
    "shopify_url": "Shopify",
    "telegram_bot_token": "Talking in Telegram and Slack",
    "ai_base_url": "Reading photos with a model",
}
_HEAD = """\
# Every setting of Haggle. Copy this file to .env and change what you need; nothing is needed to begin.
# What is written here is the default. The environment wins over .env, the command line over both.
# A setting marked (secret) may be kept in a file instead: HAGGLE_AI_API_KEY_FILE=/run/secrets/ai_key
"""


def readme(text: str) -> str:
    """The README with fresh tables."""
    assert _registered.__name__  # importing the commands is what fills the registry
    return _between(_between(text, "commands", _command_table()), "settings", _setting_table())


def env_example() -> str:
    """The file .env.example."""
    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        if name in HEADINGS:
            lines.append(f"# -- {HEADINGS[name]}\n")
        secret = " (secret)" if is_secret(field) else ""
        lines.append(f"# {field.description}{secret}\n{variable_of(name)}={default(field)}\n")
    return "\n".join(lines)


def default(field: FieldInfo) -> str:
    """A setting's default as one writes it; empty where it is found out at the start."""
    value = field.default
    if field.default_factory is not None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def main(folder: Path) -> None:
    """Write both files of a folder."""
    path = folder / "README.md"
    path.write_text(readme(path.read_text("utf-8")), "utf-8")
    (folder / ".env.example").write_text(env_example(), "utf-8")


def _command_table() -> str:
    rows = ["| say | what it does | for example |", "|---|---|---|"]
    for one in commands():
        names = ", ".join(f"`/{name}`" for name in (one["name"], *one["aliases"].split()))
        rows.append(f"| {names} | {one['summary']} | `{one['example']}` |")
    return "\n".join(rows)


def _setting_table() -> str:
    rows = ["| setting | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        shown = f"`{value}`" if (value := default(field)) else ""
        rows.append(f"| `{variable_of(name)}` | {shown} | {field.description}{' Secret.' if is_secret(field) else ''} |")
    return "\n".join(rows)


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    found = re.subn(rf"{begin}.*?{end}", lambda _: f"{begin}\n{content}\n{end}", text, flags=re.DOTALL)
    if found[1] != 1:
        raise ValueError(f"README.md must have {begin} … {end} once")
    return found[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
