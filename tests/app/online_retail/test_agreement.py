from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from app.online_retail.books import Line
from app.online_retail.kinds import Kind
from app.online_retail.plan import Plan, plan
from tests.app.online_retail.book import Entry, written
from tests.app.online_retail.figures import Figures, from_file
from tests.app.online_retail.replay import replayed

HAND_MADE = (
    Entry("536365", quantity=6),
    Entry("536365", code="POST", description="POSTAGE", quantity=2, price="18"),
    Entry("536366", customer="", country="France", code="22423", quantity=2, date="2011-07-01 00:30"),
    Entry("C536367", quantity=-5, date="2011-07-02 12:00"),
    Entry("C536368", quantity=-3, date="2011-07-02 12:00"),
    Entry("536369", customer="", price="0", quantity=-4, description="damaged"),
    Entry("536370", customer="", price="0", quantity=9, description="found"),
)


def test_the_figures_of_a_hand_made_book(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text(written(HAND_MADE), encoding="utf-8")
    assert from_file(file) == Figures(
        orders=2,
        revenue_per_day={"2010-12-01": Decimal(51), "2011-07-01": Decimal(5)},
        revenue_per_country={"United Kingdom": Decimal(51), "France": Decimal(5)},
        ordered_per_customer={"17850": Decimal(51), "": Decimal(5)},
        credited_per_customer={"17850": Decimal(20)},
        stock={"22423": 15 - 12 + 8 + 9},
    )


def test_the_plan_of_a_hand_made_book_agrees_with_its_file(tmp_path: Path, planned: Callable[..., Plan]) -> None:
    file = tmp_path / "same.csv"
    file.write_text(written(HAND_MADE), encoding="utf-8")
    assert replayed(planned(*HAND_MADE)).figures() == from_file(file)


def test_the_plan_of_the_real_books_agrees_with_the_file(real_plan: Plan, real_file: Path) -> None:
    assert replayed(real_plan).figures() == from_file(real_file)


def test_every_line_of_the_real_books_is_accounted_for_once(real_plan: Plan, real_lines: list[Line]) -> None:
    assert list(real_plan.kinds) == [line.number for line in real_lines]
    assert {kind: len(lines) for kind, lines in real_plan.lines().items()} == {
        Kind.ORDERED: 196_425,
        Kind.GUEST_ORDERED: 78_505,
        Kind.FREE: 352,
        Kind.REPEATED: 2_241,
        Kind.CHARGED: 1_411,
        Kind.RETURNED: 3_692,
        Kind.PARTLY_RETURNED: 23,
        Kind.CREDITED: 998,
        Kind.GUEST_CREDITED: 123,
        Kind.CHARGE_CREDITED: 343,
        Kind.FOUND: 428,
        Kind.LOST: 875,
        Kind.NO_EFFECT: 5,
    }


def test_the_steps_carry_every_line_that_has_an_effect(real_plan: Plan) -> None:
    carried = {line for step in real_plan.steps for line in step.lines}
    assert set(real_plan.kinds) - carried == set(real_plan.lines()[Kind.NO_EFFECT])


def test_the_ids_of_the_real_books_are_distinct_and_come_out_again(real_plan: Plan, real_lines: list[Line]) -> None:
    assert len({step.command_id for step in real_plan.steps}) == len(real_plan.steps)
    assert plan(real_lines) == real_plan
