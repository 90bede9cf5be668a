"""A little Strawberry app with the page on it: enough of an API to see the page at work, and nothing of the shop."""

from collections.abc import AsyncIterator, Sequence

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import Info

from app.web.operations import Example
from app.web.pages import asset_routes, graphiql_page

ORDER = "order_01k0000000e00800000000000a"


@strawberry.type
class Receipt:
    aggregate_id: strawberry.ID
    version: int
    token: str


@strawberry.type
class Query:
    @strawberry.field
    def seen(self, info: Info, id: strawberry.ID | None = None, min_version: int | None = None) -> list[str]:
        headers = info.context["request"].headers
        return [
            headers.get("consistency-token", "no token"),
            headers.get("authorization", "nobody"),
            f"{id} {min_version}",
        ]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def place(self, info: Info) -> Receipt:
        info.context["response"].headers["Consistency-Token"] = "log-1:42"
        return Receipt(aggregate_id=strawberry.ID(ORDER), version=7, token="log-1:42")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, info: Info) -> AsyncIterator[str]:
        asked_by = info.context["connection_params"].get("Authorization", "nobody")
        for number in range(3):
            yield f"tick {number} for {asked_by}"


READ = """# Try · Read
query Seen($id: ID, $minVersion: Int) {
  seen(id: $id, minVersion: $minVersion)
}
"""
PLACE = """# Try · Place
mutation Place {
  place {
    aggregateId
    version
    token
  }
}
"""
TICKS = """# More · Ticks
subscription Ticks {
  ticks
}
"""


def example(name: str, kind: str, group: str, query: str, variables: str = "") -> Example:
    return Example(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        group=group,
        title=name,
        about="",
        query=query,
        variables=variables,
    )


EXAMPLES = [
    example("Seen", "query", "Try", READ, '{\n  "id": "order_of_old"\n}'),
    example("Place", "mutation", "Try", PLACE),
    example("Ticks", "subscription", "More", TICKS),
]


def standin(examples: Sequence[Example] = EXAMPLES) -> Starlette:
    """The page for browsers at GET /graphql, the API for everybody else."""
    schema = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)
    graphql = GraphQL[dict[str, object], None](
        schema, graphql_ide=None, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL]
    )

    async def page(_: Request) -> Response:
        return graphiql_page(examples)

    return Starlette(
        routes=[
            Route("/graphql", page, methods=["GET"]),
            Route("/graphql", graphql, methods=["POST"]),
            WebSocketRoute("/graphql", graphql),
            *asset_routes(),
        ]
    )
