"""Home timelines: reading them beneath GraphQL, and what a post costs that goes into as many as one can go into."""

import time
from collections.abc import Sequence
from uuid import UUID

from app.bench.cpu import own_cpu_s
from app.bench.figures import percentile
from app.bench.measurements import Figure, until_reached
from app.bench.rig import Rig, at_once, clock
from app.infra.keyset import PageArguments
from app.infra.table_views import TableView
from app.infra.tables import Stored
from app.infra.wanted import Behind, Wanted
from app.kernel.clock import new_id, now
from app.kernel.messages import Recorded
from app.kernel.view import Change
from read_model.feed import entries, home_timeline
from read_model.feed.home_timeline import FAN_OUT_MAX, KEPT, Author, Timeline
from write_model.feed.commands import ChangeProfile, Follow, PublishPost
from write_model.feed.events import PostPublished

CLIENTS = 32
AUTHORS = 50
READERS = 20
POSTS = 500
_PAGE = PageArguments(first=20)


async def timelines(rig: Rig, seconds: float) -> list[Figure]:
    """Pages of 20 of timelines of 50 authors, with posts and names, from 32 clients; then a post's fan-out alone."""
    readers = await _settled(rig)
    count, until = 0, clock() + seconds
    took: list[float] = []

    async def read(number: int) -> None:
        nonlocal count
        while (began := clock()) < until:
            found = await home_timeline.read(rig.reads, readers[(number + count) % READERS], _PAGE, Wanted())
            assert not isinstance(found, Behind)
            assert len(found.posts) == _PAGE.size
            count += 1
            took.append((clock() - began) * 1e3)

    began, used = clock(), own_cpu_s()
    await at_once(CLIENTS, range(CLIENTS), read)
    lasted, cpu = clock() - began, own_cpu_s() - used
    what = f"Home timeline of {AUTHORS} authors, first 20"
    return [
        Figure(f"{what}, {CLIENTS} clients", count / lasted, "timelines/s"),
        Figure(f"{what}, CPU of the process", cpu / count * 1e6, "µs/timeline"),
        Figure(f"{what}, p95", percentile(sorted(took), 0.95), "ms"),
        Figure(f"A post into {FAN_OUT_MAX:,} full timelines, CPU of folding and encoding", _fan_out_s() * 1e3, "ms"),
    ]


async def _settled(rig: Rig) -> Sequence[UUID]:
    """The readers, once all views show whom they follow and what these have posted."""
    authors, readers = ([new_id() for _ in range(number)] for number in (AUTHORS, READERS))
    people = [*authors, *readers]
    await at_once(CLIENTS, range(len(people)), lambda n: rig.dispatch(_joining(people[n])))
    pairs = [(reader, author) for author in authors for reader in readers]
    follows = [Follow(at=now(), person_id=reader, author_id=author) for reader, author in pairs]
    await at_once(CLIENTS, range(len(follows)), lambda n: rig.dispatch(follows[n]))
    posts = [
        PublishPost(at=now(), post_id=new_id(), author_id=authors[n % AUTHORS], text=f"Post {n} #bench")
        for n in range(POSTS)
    ]
    await at_once(CLIENTS, range(POSTS), lambda n: rig.dispatch(posts[n]))
    for _ in range(2):
        rig.start_worker()
    await until_reached(rig, await rig.commands.head())
    rig.stop_workers()
    return readers


def _joining(profile_id: UUID) -> ChangeProfile:
    return ChangeProfile(at=now(), profile_id=profile_id, handle=f"p{profile_id.hex[-20:]}", display_name="Somebody")


def _fan_out_s() -> float:
    """Seconds of one core for what a worker makes of the post before it writes: the rows, and their documents."""
    author, at = new_id(), now()
    newest = b"".join(sorted((entries.packed(at, new_id(), new_id()) for _ in range(KEPT)), reverse=True))
    followers = b"".join(new_id().bytes for _ in range(FAN_OUT_MAX))
    before = Author(author_id=author, followers=followers)
    event = PostPublished(post_id=new_id(), author_id=author, text="Hello", hashtags=(), published_at=now())
    change = Change(Recorded(1, "post", event.post_id, 1, event, {}, at), before, before)
    table = TableView(home_timeline.VIEW, 1)
    began = time.process_time()
    for key in home_timeline.keys(change):
        row = home_timeline.evolve(Timeline(key=key, newest=newest), change, key)
        table.document(Stored(row, 0, 1))
    return time.process_time() - began
