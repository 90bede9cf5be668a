"""Asking over HTTP whatever JSON can say, and reading what came of it."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg
import httpx

from tests.support.installation import Installation

REJECTED = "__typename ... on CommandRejected { code message field }"
JSON = {"Content-Type": "application/json"}

_TABLES = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'write' order by 1"
_LONGEST_ANSWER = 20_000


async def ask(
    http: httpx.AsyncClient, query: str, variables: Mapping[str, Any] | None = None, /, **headers: str
) -> Any:
    """The answer to an operation; lone surrogates, NaN and what else Python's JSON can say go through."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"query": query, "variables": variables})
    response = await http.post("/graphql", content=body, headers=JSON | named)
    assert response.status_code == 200, response.text[:1000]
    assert len(response.content) < _LONGEST_ANSWER, "the answer repeats what the client said"
    return response.json()


def code_of(answer: Any) -> str:
    """By which code an operation was refused, as an error or as a rejected command."""
    if errors := answer.get("errors"):
        assert all(data is None for data in (answer.get("data") or {}).values()), answer
        code: str = errors[0]["extensions"]["code"]
        return code
    (result,) = answer["data"].values()
    assert result["__typename"] == "CommandRejected", result
    assert result["message"]
    return str(result["code"])


async def written(connection: asyncpg.Connection) -> dict[str, int]:
    """The number of rows of every table of the write model, the log among them."""
    tables = [row[0] for row in await connection.fetch(_TABLES)]
    counts = " union all ".join(f"select '{table}' as name, count(*) as rows from {table}" for table in tables)
    return {row["name"]: row["rows"] for row in await connection.fetch(counts)}


def complaints(shop: Installation) -> list[str]:
    """What the API has logged as its own fault."""
    signs = ("[error", "[critical", "ERROR", "Traceback", "Exception")
    return [line for line in shop.log_of("api").splitlines() if any(sign in line for sign in signs)]
