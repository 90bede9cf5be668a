"""Events put into the log as they are, many at once: for views, which know nothing else of who wrote them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from app.infra.event_log import as_json
from app.kernel.clock import new_id
from app.kernel.messages import Event
from write_model.feed.commands import follow_id
from write_model.feed.events import FollowerGained, PostPublished, ProfileCreated

BEGAN: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
Happened = tuple[UUID, Event]
"""An event, and whose it is."""

_WRITE = """
insert into write.events (event_id, aggregate_type, aggregate_id, version, type, schema_version, data, metadata)
select gen_random_uuid(), 'any', e.aggregate_id, e.version, e.type, 1, e.data, e.metadata
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::jsonb[], $5::jsonb[]) with ordinality
    as e (aggregate_id, version, type, data, metadata, place) order by place
"""

_VERSIONS = """
select aggregate_id, max(version) as version from write.events where aggregate_id = any($1::uuid[]) group by 1
"""


async def write(db: asyncpg.Pool, happened: Iterable[Happened]) -> None:
    """Appends the events, each after the one before of its aggregate."""
    happened, rows = list(happened), []
    found = await db.fetch(_VERSIONS, [key for key, _ in happened])
    versions: dict[UUID, int] = {row["aggregate_id"]: row["version"] for row in found}
    for key, event in happened:
        versions[key] = versions.get(key, 0) + 1
        said = {"command": "Any", "command_id": new_id(), "correlation_id": new_id(), "actor": "test"}
        rows.append((key, versions[key], type(event).__name__, as_json(event), as_json(said)))
    await db.execute(_WRITE, *map(list, zip(*rows, strict=True)))


def created(key: UUID, name: str = "Somebody") -> Happened:
    return key, ProfileCreated(profile_id=key, handle=f"h{key.hex[-20:]}", display_name=name, bio="", created_at=BEGAN)


def gained(author: UUID, person: UUID) -> Happened:
    follow = follow_id(author, person)
    return author, FollowerGained(author_id=author, person_id=person, follow_id=follow, gained_at=BEGAN)


def published(author: UUID, minutes: int, post_id: UUID | None = None) -> Happened:
    key, at = post_id or new_id(), BEGAN + timedelta(minutes=minutes)
    return key, PostPublished(post_id=key, author_id=author, text=f"At {minutes}", hashtags=(), published_at=at)
