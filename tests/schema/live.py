"""A client of graphql-transport-ws, message by message."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PROTOCOL = "graphql-transport-ws"
_PATIENCE_S = 20.0


class Socket:
    """One connection; every wait for a message has an end, so that a silent server fails the test."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        """Sends a message of the protocol."""
        await self.connection.send(json.dumps(message))

    async def receive(self) -> Any:
        """The next message."""
        async with asyncio.timeout(_PATIENCE_S):
            return json.loads(await self.connection.recv())

    async def init(self, **payload: Any) -> None:
        """Opens the connection, saying this."""
        await self.send(type="connection_init", payload=payload)
        assert (await self.receive())["type"] == "connection_ack"

    async def subscribe(self, query: str, variables: Mapping[str, Any] | None = None, *, id: str = "1") -> None:
        """Starts an operation."""
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def next(self, *, id: str = "1") -> Any:
        """The next answer, which must belong to this operation."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id), message
        return message["payload"]

    async def closed(self) -> int:
        """The code that the server closes the connection with."""
        async with asyncio.timeout(_PATIENCE_S):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        code = self.connection.close_code
        assert code is not None
        return code


@asynccontextmanager
async def socket(url: str, headers: Mapping[str, str] | None = None, protocol: str = PROTOCOL) -> AsyncIterator[Socket]:
    """A connection to the API at this address."""
    address = url.replace("http://", "ws://") + "/graphql"
    protocols = [Subprotocol(protocol)]
    async with connect(address, subprotocols=protocols, additional_headers=headers, proxy=None) as connection:
        yield Socket(connection)
