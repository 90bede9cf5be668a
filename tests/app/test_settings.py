"""Settings that are more than a text or a number."""

from datetime import timedelta

import pytest

from app.config import ConfigurationProblem, load_settings


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/shop")
    monkeypatch.setenv("REDIS_URL", "redis://localhost")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("72h", timedelta(hours=72)),
        ("3d", timedelta(days=3)),
        ("0", timedelta(0)),
        ("0s", timedelta(0)),
        ("", timedelta(hours=72)),
    ],
)
def test_a_span_is_a_number_and_a_unit(monkeypatch: pytest.MonkeyPatch, said: str, meant: timedelta) -> None:
    monkeypatch.setenv("COUNTERFOIL_CANCEL_UNPAID_AFTER", said)
    assert load_settings().unpaid_for == meant


@pytest.mark.parametrize("said", ["72", "h", "1w", "-1h", "1.5h", "72 h", "1h30m", "9999999h"])
def test_what_is_none_is_named(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("COUNTERFOIL_CANCEL_UNPAID_AFTER", said)
    with pytest.raises(ConfigurationProblem, match="COUNTERFOIL_CANCEL_UNPAID_AFTER must be a number of seconds"):
        load_settings()


@pytest.mark.parametrize(("silver", "gold", "fits"), [(1, 2, True), (2, 2, True), (3, 2, False), (3, 0, True)])
def test_gold_takes_no_less_than_silver(monkeypatch: pytest.MonkeyPatch, silver: int, gold: int, fits: bool) -> None:
    monkeypatch.setenv("COUNTERFOIL_SILVER_FROM", str(silver))
    monkeypatch.setenv("COUNTERFOIL_GOLD_FROM", str(gold))
    if fits:
        load_settings()
    else:
        with pytest.raises(
            ConfigurationProblem, match="COUNTERFOIL_GOLD_FROM must not be below COUNTERFOIL_SILVER_FROM"
        ):
            load_settings()
