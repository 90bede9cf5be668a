"""Answers are cut out of a connection's bytes wherever these are divided."""

import pytest

from app.bench.http_answers import Answer, UncountedAnswer, first_answer

FIRST = b'HTTP/1.1 200 OK\r\nserver: uvicorn\r\nContent-Length: 13\r\n\r\n{"data":null}'
SECOND = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length:4\r\ncontent-type: text/plain\r\n\r\ngone"
EMPTY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
ANSWERS = [Answer(True, b'{"data":null}'), Answer(False, b"gone"), Answer(True, b"")]


def answers(pieces: list[bytes]) -> list[Answer]:
    found, rest = list[Answer](), b""
    for piece in pieces:
        rest += piece
        while (answer := first_answer(rest)) is not None:
            found.append(answer[0])
            rest = answer[1]
    assert rest == b""
    return found


@pytest.mark.parametrize("first", range(len(FIRST + SECOND + EMPTY) + 1))
def test_answers_are_whole_wherever_the_bytes_are_divided(first: int) -> None:
    data = FIRST + SECOND + EMPTY
    assert answers([data[:first], data[first:]]) == ANSWERS


def test_answers_that_come_byte_by_byte_are_whole() -> None:
    data = FIRST + SECOND + EMPTY
    assert answers([data[n : n + 1] for n in range(len(data))]) == ANSWERS


def test_a_length_in_the_body_is_none_of_ours() -> None:
    body = b"\r\ncontent-length: 999\r\n\r\n"
    data = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    assert answers([data]) == [Answer(True, body)]


def test_an_answer_without_a_length_is_refused() -> None:
    with pytest.raises(UncountedAnswer, match="transfer-encoding"):
        first_answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n")
