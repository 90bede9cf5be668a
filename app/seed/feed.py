"""The seeded customers as people of the feed: what they post, like and say, and whom they follow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.kernel import typeid
from app.kernel.clock import now
from app.kernel.messages import Command
from app.seed.names import seeded_id
from write_model.feed.commands import ChangeProfile, Comment, Follow, Like, PublishPost, profile_of


@dataclass(frozen=True, slots=True)
class _Post:
    author: str
    text: str
    minutes_ago: int


PEOPLE: Final[Mapping[str, tuple[str, str]]] = {
    "ada": ("Ada Byrne", "Sums, and tea between them."),
    "grace": ("Grace Okafor", "Harbour walks."),
    "linus": ("Linus Meyer", ""),
    "margaret": ("Margaret Duval", "Rather outdoors."),
}
"""Display name and bio, by handle, which is the customer's name here."""

POSTS: Final[Mapping[str, _Post]] = {
    "kettle": _Post("ada", "The kettle is on. #tea", 300),
    "harbour": _Post("grace", "Fog over the harbour. #morning", 240),
    "teapot": _Post("ada", "Found the teapot that never drips. #tea #stoneware", 180),
    "garden": _Post("margaret", "First lettuce. #garden", 150),
    "basket": _Post("margaret", "A basket for four, filled by one. #garden #picnic", 90),
    "candles": _Post("linus", "Power cut. Candles and #tea it is.", 45),
    "walk": _Post("grace", "Walk at six, whoever wants to come. #harbour", 20),
}

FOLLOWS: Final = (("ada", "grace"), ("ada", "margaret"), ("grace", "ada"), ("linus", "ada"), ("margaret", "grace"))
LIKES: Final = (("grace", "teapot"), ("linus", "teapot"), ("margaret", "harbour"), ("ada", "walk"))
COMMENTS: Final = (("linus", "teapot", "Does it, though?"), ("grace", "teapot", "Mine has not yet."))


def profile_id(name: str) -> UUID:
    """The profile of a seeded customer, whose own id is the subject of their token."""
    return profile_of(typeid.encode("customer", seeded_id("customer", name)))


def steps() -> Iterator[tuple[str, Command]]:
    """The commands, each with a name that no other has."""
    people = {name: profile_id(name) for name in PEOPLE}
    posts = {name: seeded_id("post", name) for name in POSTS}
    for name, (display_name, bio) in PEOPLE.items():
        made = ChangeProfile(at=now(), profile_id=people[name], handle=name, display_name=display_name, bio=bio)
        yield f"join/{name}", made
    for follower, author in FOLLOWS:
        yield f"follow/{follower}/{author}", Follow(at=now(), person_id=people[follower], author_id=people[author])
    for name, post in POSTS.items():
        at = now() - timedelta(minutes=post.minutes_ago)
        yield f"post/{name}", PublishPost(at=at, post_id=posts[name], author_id=people[post.author], text=post.text)
    for person, name in LIKES:
        yield f"like/{person}/{name}", Like(at=now(), post_id=posts[name], person_id=people[person])
    for number, (person, name, text) in enumerate(COMMENTS):
        said = {"comment_id": seeded_id("comment", str(number)), "post_id": posts[name], "person_id": people[person]}
        yield f"comment/{number}", Comment(at=now(), **said, text=text)
