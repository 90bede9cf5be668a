"""How finely a currency is counted: ISO 4217's minor units, where they are not two decimals."""

from decimal import Decimal
from functools import cache

_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_OTHERS = {currency: decimals for decimals, currencies in _DECIMALS.items() for currency in currencies.split()}


def decimals_of(currency: str) -> int:
    """Decimals that amounts of a currency have: two, unless ISO 4217 says otherwise."""
    return _OTHERS.get(currency, 2)


@cache
def smallest(currency: str) -> Decimal:
    """The smallest amount of a currency, such as 0.01."""
    return Decimal(1).scaleb(-decimals_of(currency))
