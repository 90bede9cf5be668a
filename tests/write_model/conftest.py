"""A shop floor for the tests of a module."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app import bootstrap
from app.infra.embedded import Servers
from tests.support.installation import installation
from tests.write_model.floor import Floor


@pytest.fixture(scope="module")
async def floor(servers: Servers) -> AsyncIterator[Floor]:
    async with installation(servers) as made, asyncpg.create_pool(made.database_url, min_size=1, max_size=4) as db:
        settings = made.settings.model_copy(update={"db_pool_size": 16})
        async with bootstrap.commands(settings) as side:
            yield Floor(made, side, db)
