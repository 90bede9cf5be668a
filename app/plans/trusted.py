"""Documents that are known before they are asked for: by their ids, or by their hashes once a client has sent them.

Ids are those of the documents' file, and the SHA-256 of each text in hexadecimal, with `sha256:` before it or without
(GraphQL over HTTP, appendix A, persisted documents). Clients that send `extensions.persistedQuery` follow Apollo's
protocol of automatic persisted queries: first the hash alone, then, where it is not known, the text with it.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from app.kernel.problem import Problem

_REMEMBERED: Final = 1_000
"""How many texts that clients have sent with their hashes are kept."""

_LONGEST_REMEMBERED: Final = 20_000


class UnreadableDocuments(Problem):
    """The file of trusted documents cannot be used; the message says why."""


class RefusedDocument(Exception):
    """A document is not known, or not trusted. `status` is HTTP's, `code` the error's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class TrustedDocuments:
    """Finds the text that a request means. With `only`, no other than the given documents are executed."""

    def __init__(self, documents: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self._given = {key: text for name, text in (documents or {}).items() for key in (name, _hash(text))}
        self._texts, self.only = frozenset(self._given.values()), only
        self._sent: OrderedDict[str, str] = OrderedDict()

    def require(self, text: str) -> None:
        """Raises RefusedDocument where only trusted documents are executed, and this is not one."""
        if self.only and text not in self._texts:
            message = "Only documents that were registered beforehand are executed here: send one's documentId."
            raise RefusedDocument(400, "DOCUMENT_NOT_TRUSTED", message)

    def text(self, query: str | None, document_id: object, extensions: Mapping[str, Any] | None) -> str | None:
        """The text of the document; None where the request names none at all. Raises RefusedDocument."""
        persisted = (extensions or {}).get("persistedQuery")
        if isinstance(persisted, Mapping):
            query = self._persisted(query, persisted.get("sha256Hash"))
        elif query is None and document_id is not None:
            query = self._by_id(document_id)
        if query is not None:
            self.require(query)
        return query

    def _by_id(self, document_id: object) -> str:
        if not isinstance(document_id, str):
            raise RefusedDocument(400, "BAD_REQUEST", "`documentId` must be a string.")
        found = self._given.get(document_id) or self._known(document_id.removeprefix("sha256:"))
        if found is None:
            raise RefusedDocument(400, "DOCUMENT_NOT_FOUND", "There is no document of this documentId.")
        return found

    def _persisted(self, query: str | None, hash_: object) -> str:
        if not isinstance(hash_, str):
            raise RefusedDocument(400, "BAD_REQUEST", "`persistedQuery` must have a `sha256Hash`, a string.")
        if query is None:
            found = self._known(hash_)
            if found is None:
                raise RefusedDocument(200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            return found
        if _hash(query) != hash_:
            raise RefusedDocument(400, "BAD_REQUEST", "The `sha256Hash` is not that of the `query`.")
        if not self.only and len(query) <= _LONGEST_REMEMBERED:
            self._remember(hash_, query)
        return query

    def _known(self, hash_: str) -> str | None:
        if hash_ in self._sent:
            self._sent.move_to_end(hash_)
        return self._given.get(hash_) or self._sent.get(hash_)

    def _remember(self, hash_: str, query: str) -> None:
        self._sent[hash_] = query
        self._sent.move_to_end(hash_)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load(path: Path) -> dict[str, str]:
    """The documents of a file: a JSON object of ids and texts, or Apollo's manifest. Raises UnreadableDocuments."""
    try:
        return dict(_documents(json.loads(path.read_text("utf-8"))))
    except OSError as error:
        raise UnreadableDocuments(f"The trusted documents in {path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        expected = 'an object such as {"id": "query { … }"}, or an Apollo persisted query manifest'
        raise UnreadableDocuments(f"The trusted documents in {path} are not {expected}.") from None


def _documents(said: Any) -> Iterator[tuple[str, str]]:
    is_manifest = said.get("format") == "apollo-persisted-query-manifest"
    pairs = [(each["id"], each["body"]) for each in said["operations"]] if is_manifest else list(said.items())
    for name, text in pairs:
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(name)
        yield name, text
