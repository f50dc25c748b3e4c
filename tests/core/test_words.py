"""What people read, in their own language: said now, or kept in parts and said later."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.money import Money
from core.words import ENGLISH, Speech, Told, _, counted, day_time, here, ngettext, of_stored, speaking, speech, to_stored, together


class Loud(Speech):
    """A language that is easy to tell apart."""

    language = "loud"

    def gettext(self, message: str) -> str:
        return f"{message}!"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"{one if count == 1 else many}!"

    def money(self, amount: int, currency: str, english: str) -> str:
        return f"{currency} {amount}"

    def day_time(self, local: datetime) -> str:
        return local.strftime("%d/%m %H:%M")


def test_messages_are_said_in_the_language_that_is_spoken() -> None:
    assert _("Hello {name}").format(name="Ann") == "Hello Ann"
    with speaking(Loud()):
        assert _("Hello {name}").format(name="Ann") == "Hello Ann!"
        assert ngettext("{count} item", "{count} items", 2).format(count=2) == "2 items!"
        assert f"{Money(4550)}" == "USD 4550"
        assert str(Money(4550)) == "$45.50"
        assert day_time(datetime(2026, 11, 21, 14, 2, tzinfo=UTC), "Europe/Berlin") == "21/11 15:02"
    assert speech() is ENGLISH


def test_a_sentence_that_is_kept_is_english_for_logs_and_said_later() -> None:
    told = Told("Item {number} costs {price}.", number=42, price=Money(4550))
    assert told == "Item 42 costs $45.50."
    assert here(told) == "Item 42 costs $45.50."
    with speaking(Loud()):
        assert str(Told("It costs {price}.", price=Money(100))) == "It costs $1.00."
        assert here(told) == "Item 42 costs USD 4550.!"
        assert here("plain") == "plain"
        assert together(told, "", "plain") == "Item 42 costs USD 4550.! plain"


def test_a_kept_sentence_comes_back_from_its_row_with_its_parts() -> None:
    inner = Told("below {floor}", floor=Money(3000, "EUR"))
    told = counted("{count} change: {why}", "{count} changes: {why}", count=3, why=inner)
    again = of_stored(to_stored(told))
    assert again == told == "3 changes: below €30.00"
    with speaking(Loud()):
        assert here(again) == "3 changes: below EUR 3000!!"
    assert of_stored(to_stored("plain {text}")) == "plain {text}"


@given(st.text(), st.text(), st.integers())
def test_any_text_and_any_value_survive_their_row(text: str, value: str, number: int) -> None:
    if "\x1e" not in text:  # `clean_text` lets no such sign in
        assert of_stored(to_stored(text)) == text
    told = Told("{value} and {number}", value=value, number=number)
    again = of_stored(to_stored(told))
    assert isinstance(again, Told)
    assert (again, again.here()) == (told, f"{value} and {number}")


def test_a_sentence_within_a_message_is_said_in_the_language_of_the_message() -> None:
    class Shouting(Speech):
        def gettext(self, message: str) -> str:
            return message.upper().replace("{WHAT}", "{what}")

    told = Told("list it")
    with speaking(Shouting()):
        assert _("Task: {what}").format(what=told) == "TASK: LIST IT"
    assert str(told) == "list it"
