"""Clients of a bank who transfer at random, and what they were told of each transfer."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

TRANSFER = """mutation ($i: TransferInput!) { transfer(input: $i) {
  __typename ... on CommandAccepted { aggregateId version } ... on CommandRejected { code message } } }"""
ACCOUNT = """query ($id: ID!, $version: Int) { account(id: $id, minVersion: $version, waitMs: 5000) {
  __typename ... on Account { version } } }"""

_PAUSE_S = 0.05
_PATIENCE_S = (*[10.0] * 9, 0.006)
"""How long a client waits for an answer; every tenth time it is gone before one can be there."""


@dataclass
class Told:
    """By command id, what became of transfers as far as their clients know; `outcomes` counts everything."""

    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass
class BankClient:
    """Transfers from any account to any other, one after the other.

    When an answer stays away, the client asks again, or gives up and never learns what became of the transfer.
    """

    http: httpx.AsyncClient
    accounts: list[str]
    told: Told

    async def go_on(self, finished: asyncio.Event) -> None:
        while not finished.is_set():
            await self.transfer(finished)

    async def transfer(self, finished: asyncio.Event) -> None:
        payer, payee = random.sample(self.accounts, 2)
        amount = {"amount": f"{random.randint(1, 6_000) / 100:.2f}", "currency": "GBP"}
        command = str(uuid4())
        given = {"commandId": command, "fromAccountId": payer, "toAccountId": payee, "amount": amount}
        answer = await self.insist(given, finished)
        if answer is None:
            self.told.unknown.add(command)
        elif answer["__typename"] == "CommandAccepted":
            self.told.acknowledged.add(command)
            await self.read_back(answer)
        else:
            assert answer["code"] == "INSUFFICIENT_FUNDS", answer
            self.told.refused.add(command)

    async def insist(self, given: dict[str, Any], finished: asyncio.Event) -> Any:
        """What the bank says of a transfer; None if the client gave up asking."""
        while True:
            answer = await self.ask(TRANSFER, {"i": given})
            if answer is not None and answer["data"]["transfer"].get("code") != "BUSY":
                return answer["data"]["transfer"]
            self.told.outcomes["asked again" if answer is None else "busy"] += 1
            if finished.is_set() or random.random() < 0.5:
                return None
            await asyncio.sleep(_PAUSE_S)

    async def read_back(self, receipt: Any) -> None:
        """Now and then, looks at the account just written."""
        if random.random() > 0.2:
            return
        answer = await self.ask(ACCOUNT, {"id": receipt["aggregateId"], "version": receipt["version"]})
        if answer is None:
            return
        found = answer["data"]["account"]
        assert found is not None, "stale: the account is not there"
        assert found["__typename"] == "Processing" or found["version"] >= receipt["version"], "stale"
        self.told.outcomes[f"read back: {found['__typename']}"] += 1

    async def ask(self, query: str, variables: dict[str, Any]) -> Any:
        """The answer, or None where none came, or none but that the bank is out of reach.

        While nobody is there to be asked, the client waits.
        """
        asked = {"query": query, "variables": variables}
        try:
            answer = (await self.http.post("/graphql", json=asked, timeout=random.choice(_PATIENCE_S))).json()
        except httpx.ConnectError:
            await asyncio.sleep(_PAUSE_S)
            return await self.ask(query, variables)
        except (httpx.TransportError, ValueError) as error:
            self.told.outcomes[type(error).__name__] += 1
            return None
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert set(codes) <= {"UNAVAILABLE"}, answer
        return None if codes else answer
