"""What is told of a batch that is projected, to who debugs and who traces: a line an event would drown them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from app import tracing
from app.infra.leases import ShardId
from app.infra.table_views import Progress
from workers.jobs.shard_rows import Folded

_log = structlog.get_logger()


@contextmanager
def projecting(shard_id: ShardId, progress: Progress, folded: Folded[Any]) -> Iterator[None]:
    """A span around the writing, linked to the commands' traces, and a line with their correlation ids afterwards."""
    if not folded.subjects:
        yield
        return
    view, shard, events = shard_id.view, shard_id.shard, len(folded.subjects)
    with tracing.linked(f"project {view}", _traceparents(folded), shard=shard, position=progress.upto, events=events):
        yield
    if _log.is_enabled_for(logging.DEBUG):
        _log.debug(
            "projected",
            view=view,
            shard=shard,
            position=progress.upto,
            events=events,
            correlation_ids=folded.said_of("correlation_id"),
        )


def _traceparents(folded: Folded[Any]) -> list[str]:
    return folded.said_of("traceparent") if tracing.is_on() else []
