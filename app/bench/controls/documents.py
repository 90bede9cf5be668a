"""Ready-made documents: what each operation answers for one id, kept in Redis under keys of the bench's own."""

from collections.abc import Mapping

import redis.asyncio as aioredis


def key_of(field: str, id_: str) -> str:
    """Where the document is that `field` (`order`, `product`) answers for an id."""
    return f"bench:{field}:{id_}"


async def keep(redis: aioredis.Redis, field: str, documents: Mapping[str, bytes]) -> None:
    """Writes documents by their ids."""
    await redis.mset({key_of(field, id_): document for id_, document in documents.items()})
