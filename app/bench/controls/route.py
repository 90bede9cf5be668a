"""A route written by hand: the ready-made document from Redis, its bytes passed through into the answer.

No schema, no rights, no freshness. `python -m app.bench.controls.route PORT` serves `/order` and `/product`.
"""

import os
import sys

import msgspec
import redis.asyncio as aioredis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.bench.controls.documents import key_of
from app.bench.controls.serving import serve


def application(redis: aioredis.Redis) -> Starlette:
    """POST a GraphQL request's body; its variable `id` counts."""

    async def answer(request: Request) -> Response:
        field = request.path_params["field"]
        asked = msgspec.json.decode(await request.body())
        document = await redis.get(key_of(field, asked["variables"]["id"]))
        shown = document if document is not None else b"null"
        return Response(b'{"data":{"%b":%b}}' % (field.encode(), shown), media_type="application/json")

    return Starlette(routes=[Route("/{field}", answer, methods=["POST"])])


if __name__ == "__main__":
    serve(application(aioredis.Redis.from_url(os.environ["REDIS_URL"])), int(sys.argv[1]))
