"""What a shard is projected with."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.infra.db import Pool
from app.infra.event_log import EventCatalog
from app.infra.leases import Leases
from app.infra.log_tail import LogTail
from app.infra.redis_rounds import RedisRounds
from app.infra.redis_views import RedisView
from app.infra.table_views import TableView
from app.infra.writes import Writes
from app.observability.projecting import Projections
from workers.jobs.rest import Rest

Row = TypeVar("Row")


@dataclass(frozen=True)
class Stores(Generic[Row]):
    """Where a view is written: the flat table, and Redis above it for documents and rankings."""

    pool: Pool
    table: TableView[Row]
    documents: RedisView[Row] | None


@dataclass(frozen=True)
class Shared:
    """What all shards of a worker process have in common; each may park so many aggregates."""

    catalog: EventCatalog
    tail: LogTail
    leases: Leases
    writes: Writes
    rounds: RedisRounds
    rest: Rest
    parked_at_most: int
    projections: Projections = field(default_factory=Projections)
