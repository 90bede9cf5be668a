"""A post that everybody likes: its likes do not stand in line."""

import asyncio
import time
from collections.abc import Callable, Sequence

from app.kernel.clock import new_id, now
from app.kernel.messages import Command
from tests.write_model.feed.test_tables import joined, publishing
from tests.write_model.floor import Floor
from write_model.feed.commands import Comment, Like

CROWD = 200
CLIENTS = 32


async def seconds(floor: Floor, commands: Sequence[Command]) -> float:
    """How long it takes to have all of them accepted, sent by so many clients."""
    queue, began = iter(commands), time.perf_counter()

    async def client() -> None:
        for command in queue:
            await floor.send(command)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return time.perf_counter() - began


async def test_likes_and_comments_of_one_post_are_as_quick_as_of_many(
    floor: Floor, figure: Callable[[str], None]
) -> None:
    author = await joined(floor, "grace")
    people = [await joined(floor, "fan") for _ in range(CROWD)]
    popular, *others = [publishing(author) for _ in range(CROWD + 1)]
    await seconds(floor, [popular, *others])

    def asked(posts: Sequence[Command]) -> list[Command]:
        pairs = list(zip(posts, people, strict=True))
        likes = [Like(at=now(), post_id=post.aggregate_id, person_id=person) for post, person in pairs]
        said = [
            Comment(at=now(), comment_id=new_id(), post_id=post.aggregate_id, person_id=person, text="!")
            for post, person in pairs
        ]
        return [*likes, *said]

    of_many, of_one = await seconds(floor, asked(others)), await seconds(floor, asked([popular] * CROWD))
    figure(f"{2 * CROWD} likes and comments: of one post {of_one:.2f} s, of as many posts {of_many:.2f} s")
    assert of_one < 3 * of_many + 0.2
