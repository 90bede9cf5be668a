"""HTTP answers cut out of a connection's bytes by their content-length."""

from typing import NamedTuple

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_OK = (b"HTTP/1.1 200", b"HTTP/1.0 200")


class UncountedAnswer(Exception):
    """An answer does not say how long it is, so where the next one begins cannot be told."""


class Answer(NamedTuple):
    """One whole answer; `ok` says that its status is 200."""

    ok: bool
    body: bytes


def first_answer(data: bytes) -> tuple[Answer, bytes] | None:
    """The first answer in `data` and what follows it; None where it is not all there yet. Raises UncountedAnswer."""
    head_end = data.find(_END_OF_HEAD)
    if head_end < 0:
        return None
    begin = head_end + len(_END_OF_HEAD)
    end = begin + _content_length(data[:begin])
    if len(data) < end:
        return None
    return Answer(data.startswith(_OK), data[begin:end]), data[end:]


def _content_length(head: bytes) -> int:
    found = head.lower().find(_LENGTH)
    if found < 0:
        raise UncountedAnswer(head.decode(errors="replace"))
    begin = found + len(_LENGTH)
    return int(head[begin : head.index(b"\r\n", begin)])
