"""What stands on papers: addresses as each country writes them, the size of the paper, letters and their fonts."""

from __future__ import annotations

import pytest

from core.rules.papers import address, paper_size, recipient
from integrations.papers.letters import marked

AHEAD, BEHIND = "97201 Portland, OR", "Portland, OR 97201"


@pytest.mark.parametrize(("country", "town"), [("US", BEHIND), ("GB", BEHIND), ("DE", AHEAD), ("", AHEAD)])
def test_the_postcode_stands_where_the_country_wants_it(country: str, town: str) -> None:
    person = {"name": "Ann", "street": "1 Way", "city": "Portland, OR", "postcode": "97201", "country": country}
    assert address(person) == tuple(part for part in ("Ann", "1 Way", town, country) if part)


def test_what_is_not_known_is_left_out() -> None:
    assert address({}) == ()
    assert address({"handle": "x", "name": "Ann", "postcode": "97201"}) == ("Ann", "97201")


def test_who_gets_it_is_the_buyer_unless_another_is_named() -> None:
    assert recipient({"name": "Ann"}) == {"name": "Ann"}
    assert recipient({"name": "Ann", "recipient": {"name": "Bob"}}) == {"name": "Bob"}


@pytest.mark.parametrize(("wanted", "currency", "size"), [("auto", "USD", "Letter"), ("auto", "EUR", "A4"), ("A4", "USD", "A4")])
def test_the_size_is_the_sellers_or_the_countrys(wanted: str, currency: str, size: str) -> None:
    assert paper_size(wanted, currency) == size


@pytest.mark.parametrize(
    ("text", "written", "sure"),
    [
        ("Żółć <b>", "Żółć &lt;b&gt;", True), ("lamp 💡!", "lamp !", True), ("東京", '<font name="STSong-Light">東京</font>', False),
        ("שלום", "שלום", False), ("ក", "□", False),
    ],
)  # fmt: skip
def test_letters_are_written_in_a_font_that_has_them_or_it_is_said(text: str, written: str, sure: bool) -> None:
    assert marked(text) == (written, sure)
