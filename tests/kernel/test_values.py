"""Money, addresses, and the checks on texts and numbers."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import CurrencyMismatch, InvalidValue
from app.kernel.values import Address, Money, require_pieces, require_text

AMOUNTS = st.decimals("-1e9", "1e9", places=4)


class TestMoney:
    @given(AMOUNTS, AMOUNTS)
    def test_sums_are_exact(self, one: Decimal, other: Decimal) -> None:
        assert Money(one, "GBP") + Money(other, "GBP") == Money(one + other, "GBP")

    def test_a_price_times_pieces_is_exact(self) -> None:
        assert Money(Decimal("0.1"), "GBP") * 3 == Money(Decimal("0.3"), "GBP")

    @pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1e12", "-1e12", "1e999", "0.00001"])
    def test_an_amount_is_finite_below_a_million_millions_and_of_four_decimals(self, amount: str) -> None:
        with pytest.raises(InvalidValue) as refused:
            Money(Decimal(amount), "GBP")
        assert refused.value.field == "amount"

    @pytest.mark.parametrize("amount", ["0", "999999999999.9999", "-999999999999.9999", "1.50000000", "1e3"])
    def test_what_fits_is_taken_as_it_is(self, amount: str) -> None:
        assert Money(Decimal(amount), "GBP").amount == Decimal(amount)

    @pytest.mark.parametrize("currency", ["", "GB", "gbp", "GBPX", "GB1", "GBP\n", "ÄÖÜ"])
    def test_a_currency_is_three_capital_letters(self, currency: str) -> None:
        with pytest.raises(InvalidValue) as refused:
            Money(Decimal(1), currency)
        assert refused.value.field == "currency"

    def test_two_currencies_do_not_add_up(self) -> None:
        with pytest.raises(CurrencyMismatch, match=r"Expected an amount in GBP, got one in 'EUR'\."):
            Money(Decimal(1), "GBP") + Money(Decimal(1), "EUR")


def address(**changed: Any) -> Address:
    given: dict[str, Any] = {"street": "1 High Street", "city": "Leeds", "postal_code": "LS1", "country": "UK"}
    return Address(**given | changed)


class TestAddress:
    def test_it_is_shown_as_one_line(self) -> None:
        assert address().lines() == "1 High Street, LS1 Leeds, UK"

    def test_what_is_not_known_is_left_out(self) -> None:
        assert address(postal_code=None).lines() == "1 High Street, Leeds, UK"
        assert address(street=None, city=None, postal_code=None).lines() == "UK"

    @pytest.mark.parametrize("field", ["street", "city", "postal_code", "country"])
    @pytest.mark.parametrize("text", ["", "  ", "x" * 201, "a\x00b", "a\ud800b"])
    def test_each_part_is_a_text_that_can_be_stored(self, field: str, text: str) -> None:
        with pytest.raises(InvalidValue) as refused:
            address(**{field: text})
        assert refused.value.field == field

    def test_a_country_is_shorter_than_a_street(self) -> None:
        assert address(street="x" * 200, country="x" * 100).country == "x" * 100
        with pytest.raises(InvalidValue):
            address(country="x" * 101)


class TestChecks:
    @given(st.text(min_size=1, max_size=50, alphabet=st.characters(exclude_categories=["Cs"])))
    def test_a_text_is_taken_unless_it_is_blank_or_holds_a_null(self, text: str) -> None:
        if text.strip() and "\x00" not in text:
            require_text(text, "name", at_most=50)
        else:
            with pytest.raises(InvalidValue):
                require_text(text, "name", at_most=50)

    @pytest.mark.parametrize("pieces", [1, 10**9])
    def test_pieces_within_bounds_are_taken(self, pieces: int) -> None:
        require_pieces(pieces, "quantity")

    @pytest.mark.parametrize("pieces", [0, -1, 10**9 + 1, 2**63, -(2**63)])
    def test_pieces_out_of_bounds_are_not(self, pieces: int) -> None:
        with pytest.raises(InvalidValue, match="quantity must be between 1 and"):
            require_pieces(pieces, "quantity")
