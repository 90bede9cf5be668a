"""Documents named by id or by hash, and an API that executes no others."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.infra.embedded import Servers
from app.plans.trusted import RefusedDocument, TrustedDocuments, UnreadableDocuments, load
from tests.schema.live import socket
from tests.support.installation import Installation, installation

ORDERS = "{ orders(first: 1) { totalCount } }"
NAME = "query Name { __typename }"
UNKNOWN = "{ hotProducts { edges { node { views } } } }"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "documents.json"
    path.write_text(json.dumps({"orders": ORDERS, "name": NAME}))
    return path


@pytest.fixture(scope="module")
async def api(servers: Servers, file: Path) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.start_api(COUNTERFOIL_TRUSTED_DOCUMENTS=str(file))
        yield made


@pytest.fixture(scope="module")
async def strict(servers: Servers, file: Path) -> AsyncIterator[Installation]:
    async with installation(servers) as made:
        await made.start_api(COUNTERFOIL_TRUSTED_DOCUMENTS=str(file), COUNTERFOIL_TRUSTED_ONLY="1")
        yield made


async def posted(api: Installation, **body: Any) -> tuple[int, Any]:
    async with httpx.AsyncClient(timeout=30) as client:
        response = await client.post(f"{api.url}/graphql", json=body)
    return response.status_code, response.json()


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


def code(answer: Any) -> str:
    (error,) = answer["errors"]
    assert error["message"]
    found: str = error["extensions"]["code"]
    return found


@pytest.mark.parametrize("document_id", ["name", hash_of(NAME), f"sha256:{hash_of(NAME)}"])
async def test_by_id(api: Installation, document_id: str) -> None:
    assert await posted(api, documentId=document_id) == (200, {"data": {"__typename": "Query"}})


async def test_by_id_with_get(api: Installation) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.get(f"{api.url}/graphql", params={"documentId": "name"})
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_an_id_that_nobody_knows(api: Installation) -> None:
    status, answer = await posted(api, documentId="nobody's")
    assert (status, code(answer)) == (400, "DOCUMENT_NOT_FOUND")
    status, answer = await posted(api, documentId=7)
    assert (status, code(answer)) == (400, "BAD_REQUEST")


async def test_a_hash_is_known_once_its_text_was_sent(api: Installation) -> None:
    text = "{ orders(first: 2) { totalCount } }"
    status, answer = await posted(api, extensions=persisted(text))
    assert (status, code(answer)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert answer["errors"][0]["message"] == "PersistedQueryNotFound"
    sent = await posted(api, query=text, extensions=persisted(text))
    assert sent == (200, {"data": {"orders": {"totalCount": 0}}})
    assert await posted(api, extensions=persisted(text)) == sent


async def test_a_hash_of_another_text(api: Installation) -> None:
    status, answer = await posted(api, query=NAME, extensions=persisted(ORDERS))
    assert (status, code(answer)) == (400, "BAD_REQUEST")
    assert (await posted(api, extensions={"persistedQuery": {"version": 1, "sha256Hash": 1}}))[0] == 400


@pytest.mark.parametrize("body", [{"query": NAME}, {"documentId": "name"}, {"extensions": persisted(NAME)}])
async def test_trusted_alone_lets_the_trusted_pass(strict: Installation, body: dict[str, Any]) -> None:
    assert await posted(strict, **body) == (200, {"data": {"__typename": "Query"}})


async def test_trusted_alone_refuses_others_whichever_way_they_come(strict: Installation) -> None:
    status, answer = await posted(strict, query=UNKNOWN)
    assert (status, code(answer)) == (400, "DOCUMENT_NOT_TRUSTED")
    status, answer = await posted(strict, query=UNKNOWN, extensions=persisted(UNKNOWN))
    assert (status, code(answer)) == (400, "DOCUMENT_NOT_TRUSTED")
    async with httpx.AsyncClient() as client:
        got = await client.get(f"{strict.url}/graphql", params={"query": UNKNOWN})
        streamed = await client.post(f"{strict.url}/graphql/stream", json={"query": UNKNOWN})
    assert (code(got.json()), code(streamed.json())) == ("DOCUMENT_NOT_TRUSTED", "DOCUMENT_NOT_TRUSTED")


async def test_trusted_alone_over_a_websocket(strict: Installation) -> None:
    async with socket(strict.url) as live:
        await live.init()
        await live.subscribe(UNKNOWN, id="other")
        message = await live.receive()
        assert (message["type"], message["id"]) == ("error", "other")
        assert message["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
        await live.subscribe(NAME, id="trusted")
        assert (await live.receive())["payload"] == {"data": {"__typename": "Query"}}


def test_what_was_sent_is_forgotten_in_the_end() -> None:
    documents = TrustedDocuments()
    texts = [f"{{ a{number}: __typename }}" for number in range(1_001)]
    for text in texts:
        documents.text(text, None, persisted(text))
    assert documents.text(None, None, persisted(texts[-1])) == texts[-1]
    with pytest.raises(RefusedDocument, match="PersistedQueryNotFound"):
        documents.text(None, None, persisted(texts[0]))


def test_a_manifest(tmp_path: Path) -> None:
    operation = {"id": "17", "name": "Name", "type": "query", "body": NAME}
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    assert load(path) == {"17": NAME}


@pytest.mark.parametrize("content", ["", "[]", "7", '{"a": 1}', '{"format": "apollo-persisted-query-manifest"}'])
def test_files_that_are_no_documents(tmp_path: Path, content: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(content)
    with pytest.raises(UnreadableDocuments, match=r"documents\.json are not an object"):
        load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocuments, match="cannot be read: No such file"):
        load(tmp_path / "none.json")
