from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ai import codes
from integrations.ai.codes import Product


@pytest.mark.parametrize("good", ["96385074", "036000291452", "4006381333931", "10614141000415"])
def test_right_check_digits(good: str) -> None:
    assert codes.gtin_ok(good)
    assert not codes.gtin_ok(good[:-1] + str((int(good[-1]) + 1) % 10))


@pytest.mark.parametrize("bad", ["", "12", "400638133393X", "４００６３８１３３３９３１", "40063813339311"])
def test_what_is_no_gtin(bad: str) -> None:
    assert not codes.gtin_ok(bad)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body: str, place: int, off: int) -> None:
    full = next(body + str(check) for check in range(10) if codes.gtin_ok(body + str(check)))
    wrong = full[:place] + str((int(full[place]) + off) % 10) + full[place + 1 :]
    assert not codes.gtin_ok(wrong)


def test_isbn() -> None:
    assert codes.isbn10_ok("0306406152")
    assert codes.isbn10_ok("097522980X")
    assert not codes.isbn10_ok("0306406153")
    assert codes.isbn13_of("0306406152") == "9780306406157"
    assert codes.product_of_digits("0306406152") == Product("isbn", "9780306406157")


@pytest.mark.parametrize(
    ("upce", "upca"),
    [
        ("04252614", "042100005264"),
        ("01234505", "012000003455"),
        ("01234558", "012345000058"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
    ],
)
def test_upce_is_a_upca(upce: str, upca: str) -> None:
    found = codes.upc_of_upce(upce)
    assert found == (upca if codes.gtin_ok(upca) and upca[-1] == upce[-1] else "")


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("EAN13", "4006381333931", Product("ean", "4006381333931")),
        ("EAN13", "0036000291452", Product("upc", "036000291452")),
        ("UPCA", "036000291452", Product("upc", "036000291452")),
        ("UPCE", "04252614", Product("upc", "042100005264")),
        ("EAN8", "96385074", Product("ean", "96385074")),
        ("EAN13", "9780306406157", Product("isbn", "9780306406157")),
        ("EAN13", "4006381333932", None),
        ("EAN13", "2012345678900", None),
        ("EAN13", "0000000000000", None),
        ("Code128", "4006381333931", None),
        ("QRCode", "https://example.com/4006381333931", None),
        ("QRCode", "https://id.example.com/01/04006381333931/21/77", Product("ean", "4006381333931")),
    ],
)
def test_what_a_barcode_identifies(form: str, text: str, expected: Product | None) -> None:
    assert codes.product_of_barcode(form, text) == expected


def checked(body: str) -> str:
    """With its check digit."""
    return next(body + str(digit) for digit in range(10) if codes.gtin_ok(body + str(digit)))


@pytest.mark.parametrize(
    "body",
    [
        "51234500999", "59876543210",  # coupons, as UPC-A
        "20123450199", "41234567890",  # a shop's and a company's own numbers, as UPC-A
        "021234500199", "200000123456", "291234567890",  # the same as EAN-13
        "951000000000", "952123456789", "960123456789",
        "977123456700", "980123456789", "981012345678", "983012345678", "991234567890", "999999999999",
        "0123456", "2012345", "9521234", "9771234", "9991234",
    ],
)  # fmt: skip
def test_what_names_no_product_to_the_world(body: str) -> None:
    assert codes.product_of_digits(checked(body)) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("03600029145", "upc"), ("30012345678", "upc"), ("60123456789", "upc"), ("012345678901", "upc"), ("060123456789", "upc"),
        ("100123456789", "ean"), ("400638133393", "ean"), ("950123456789", "ean"), ("955123456789", "ean"), ("976123456789", "ean"),
        ("978030640615", "isbn"), ("979109012345", "isbn"), ("979886123456", "isbn"), ("979026000043", "ean"),
        ("9638507", "ean"), ("1234567", "ean"), ("000009638507", "ean"),
    ],
)  # fmt: skip
def test_what_names_a_product(body: str, field: str) -> None:
    found = codes.product_of_digits(checked(body))
    assert found
    assert found.field == field


def test_eight_digits_that_were_filled_up_are_eight_digits() -> None:
    assert codes.product_of_digits("0000096385074") == codes.product_of_digits("96385074") == Product("ean", "96385074")
    assert codes.product_of_digits("0000000000") is None


@given(st.text("0123456789", min_size=7, max_size=13))
def test_what_is_a_product_is_one_however_many_zeros_are_before_it(digits: str) -> None:
    for body in {digits[:7], digits[:11], digits[:12]}:
        if len(body) in (7, 11, 12):
            product = codes.product_of_digits(checked(body))
            if product and product.field != "isbn":
                assert codes.product_of_digits(product.value) == product
                assert codes.product_of_digits(product.value.zfill(13)) == product
                assert codes.product_of_digits(product.value.zfill(14)) == product
