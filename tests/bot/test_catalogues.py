"""Every sentence that a person can read is in the catalogues, with the same parts, and none goes around them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from string import Formatter

import pytest
from babel.messages.catalog import Message

from bot.catalogues import ROOT, messages, read
from bot.speech import LANGUAGES, speech_of
from core.money import Money
from core.words import Told, counted, speaking

OTHERS = [one for one in LANGUAGES if one != "en"]
FOLDERS = ("bot", "core", "integrations", "storage")
# Read by whoever runs Haggle in a terminal, or by machines; not by members.
TERMINAL = (
    "bot/__main__.py", "bot/demo.py", "bot/doctor.py", "bot/footing.py", "bot/listening.py", "bot/read_photos.py", "bot/serving.py",
    "bot/settings.py", "bot/standins.py", "bot/talking.py", "bot/surfaces/terminal", "storage/backup.py", "storage/migrate.py",
    "storage/secrets.py", "integrations/sandbox/",
)  # fmt: skip
ERRORS = ("Refused", "Invalid", "Missing", "AuthLost", "Busy", "Unreachable")
# What of a call people read: how many of its first arguments, and its keywords.
SAID: dict[str, tuple[int, tuple[str, ...]]] = {
    **dict.fromkeys(ERRORS, (1, ())),
    "Card": (2, ("title", "text")), "Line": (3, ("label", "value", "note")), "Button": (1, ("label",)), "say": (1, ()), "ask": (1, ()),
    "command": (0, ("topic", "details")), "tell": (0, ("title", "body")), "KitField": (1, ("note",)),
}  # fmt: skip


def parts(text: str) -> list[str]:
    return sorted(field for _literal, field, _form, _conversion in Formatter().parse(text) if field is not None)


def forms(message: Message) -> list[tuple[str, str]]:
    """(message, translation) of a message, for each of its forms."""
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return [(ids[min(place, len(ids) - 1)], string or "") for place, string in enumerate(strings)]


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_has_every_message_and_no_other_with_the_same_parts(language: str) -> None:
    wanted = {one[0] if isinstance(one, tuple) else one for one in messages()}
    catalogue = [one for one in read(language) if one.id]
    there = {one.id[0] if isinstance(one.id, tuple | list) else one.id for one in catalogue}
    assert there - wanted == set(), "no longer said: make words"
    assert wanted - there == set(), "not in the catalogue: make words, then translate"
    for message in catalogue:
        for said, told in forms(message):
            assert told, f"not translated: {said}"
            assert parts(said) == parts(told), said
            assert said[:1].isspace() == told[:1].isspace(), said


def sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(TERMINAL):
                yield name, path.read_text("utf-8")


def bare(node: ast.expr) -> bool:
    """Whether an expression is words that go around the catalogues: a sentence as a literal or made of pieces."""
    match node:
        case ast.Constant(value=str(text)):
            return " " in text.strip() and any(one.isalpha() for one in text) and not text.startswith("/")
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_rest]) if text.startswith("/"):
            return False  # a command
        case ast.JoinedStr(values=values):
            return any(isinstance(one, ast.Constant) and " " in str(one.value) and any(map(str.isalpha, str(one.value))) for one in values)
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            return bare(left) or bare(right)
        case ast.BoolOp(values=values):
            return any(bare(one) for one in values)
        case ast.Call(func=ast.Attribute(attr="format", value=value)):
            return bare(value)
    return False


def offences(source: str) -> Iterator[tuple[int, str]]:
    """Lines of a file where something is said around the catalogues, and how."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
        first, keywords = SAID.get(name, (0, ()))
        said = [*call.args[:first], *(one.value for one in call.keywords if one.arg in keywords)]
        yield from ((one.lineno, ast.unparse(one)) for one in said if bare(one))
        if name in ("_", "N_", "Told", "ngettext", "counted") and call.args and isinstance(call.args[0], ast.JoinedStr):
            yield call.lineno, ast.unparse(call)


def test_nothing_is_said_around_the_catalogues() -> None:
    assert [f"{name}:{line}: {said}" for name, source in sources() for line, said in offences(source)] == []


def test_what_goes_around_is_found() -> None:
    for line in (
        'raise Refused(f"Item {number} is sold.")', 'Card("Hello there")', 'Card(text="Hello there")', 'ctx.say("Hello there")',
        'Line("Price", "not known")', 'raise Invalid("A {x} here".format(x=1))', '_(f"Item {number}")', 'tell(title="It is sold")',
    ):  # fmt: skip
        assert list(offences(line)), line
    for line in ('Card(_("Hello there"))', 'raise Refused(Told("Item {n} is sold.", n=n))', "Line(name, value)", 'Button("/help")'):
        assert not list(offences(line)), line


def test_spanish_counts_and_writes_money_and_days_its_own_way() -> None:
    spanish = speech_of("es")
    one, two = (
        counted("{count} open task is theirs. Who does it?", "{count} open tasks are theirs. Who does them?", count=n) for n in (1, 2)
    )
    with speaking(spanish):
        assert (one.here(), two.here()) == ("1 tarea abierta es suya. ¿Quién la hace?", "2 tareas abiertas son suyas. ¿Quién las hace?")
        assert Money(123450, "EUR").here() == "1.234,50\xa0€"
        assert Told("It costs {price} now.", price=Money(4500, "USD")).here() == "Ahora cuesta 45,00\xa0US$."
        assert spanish.day(datetime(2026, 11, 21, tzinfo=UTC)) == "21 nov"
        assert spanish.ngettext("{count} order", "{count} orders", 2) == "{count} pedidos"
        assert spanish.gettext("") == ""
