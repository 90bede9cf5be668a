"""What is asked of views and policies: noted as it was asked, of those that there are, by those who may."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.kernel.clock import new_id
from app.kernel.errors import InvalidValue
from tests.write_model.scenario import Scenario
from write_model.operations.aggregate import Consumer, decide, evolve
from write_model.operations.commands import (
    DiscardDeadLetter,
    Operation,
    PruneView,
    RebuildView,
    RetryDeadLetters,
    RollBackView,
    consumer_id,
)
from write_model.operations.events import (
    DeadLetterDiscarded,
    DeadLettersRetryRequested,
    ViewPruneRequested,
    ViewRebuildRequested,
    ViewRollbackRequested,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = new_id()
REBUILT = ViewRebuildRequested(consumer="sales", requested_at=AT)

consumer = Scenario[Consumer](lambda _, command: list(decide(command)), evolve)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (RebuildView(at=AT, consumer="sales"), REBUILT),
        (RollBackView(at=AT, consumer="sales"), ViewRollbackRequested(consumer="sales", requested_at=AT)),
        (PruneView(at=AT, consumer="sales"), ViewPruneRequested(consumer="sales", requested_at=AT)),
        (
            RetryDeadLetters(at=AT, consumer="sales", sequence=ORDER, sequence_type="order"),
            DeadLettersRetryRequested(consumer="sales", sequence=ORDER, sequence_type="order", requested_at=AT),
        ),
        (
            DiscardDeadLetter(at=AT, consumer="sales", position=7, reason="a test"),
            DeadLetterDiscarded(consumer="sales", position=7, reason="a test", requested_at=AT),
        ),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_is_asked_is_noted_however_often(command: Operation, event: Any) -> None:
    consumer.when(command).then(event)
    consumer.given(REBUILT).when(command).then(event)
    assert consumer.given(REBUILT, event).state == Consumer(name="sales", version=2)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"position": 0}, "position"),
        ({"consumer": ""}, "consumer"),
    ],
)
def test_a_discard_needs_a_reason_and_a_place(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        DiscardDeadLetter(**{"at": AT, "consumer": "sales", "position": 7, "reason": "a test", **said})
    assert refused.value.field == field


def test_a_consumer_is_known_by_its_name_everywhere() -> None:
    assert RebuildView(at=AT, consumer="sales").aggregate_id == consumer_id("sales") != consumer_id("product")
