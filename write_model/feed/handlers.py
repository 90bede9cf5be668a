"""Load, decide, save: what the feed's commands do."""

from uuid import UUID

from app.infra.bus import Handlers
from app.infra.unit_of_work import Work
from write_model.feed.aggregate import Post, change_profile, comment, decide_like, decide_post, follow
from write_model.feed.commands import (
    ChangeProfile,
    Comment,
    DeletePost,
    EditPost,
    Follow,
    Like,
    PublishPost,
    Unfollow,
    Unlike,
    profile_of,
)
from write_model.feed.errors import NotYourPost, NotYourProfile, PostNotFound, ProfileNotFound
from write_model.feed.repository import Likes, Posts, Profiles, save_comment


async def change(command: ChangeProfile, work: Work) -> None:
    """Makes or changes a profile; a person reaches their own alone."""
    _require_own(command.profile_id, work)
    profiles = Profiles(work)
    profile = await profiles.load(command.profile_id)
    profiles.save(command.profile_id, profile, change_profile(profile, command))


async def publish(command: PublishPost, work: Work) -> None:
    """Publishes a post under one's own profile."""
    await _require_person(command.author_id, work)
    posts = Posts(work)
    post = await posts.fresh(command.post_id)
    posts.save(command.post_id, post, decide_post(post, command))


async def change_post(command: EditPost | DeletePost, work: Work) -> None:
    """Edits or deletes a post, which its author does, or an operator."""
    posts = Posts(work)
    post = await posts.load(command.post_id)
    if post is None or post.deleted:
        raise PostNotFound(command.post_id)
    _require_author(post, work)
    posts.expect(post)
    posts.save(command.post_id, post, decide_post(post, command))


async def like(command: Like | Unlike, work: Work) -> None:
    """Likes a post, or no longer; the post itself is only looked at."""
    await _require_person(command.person_id, work)
    likes = Likes(work)
    liking, post = await likes.load(command.aggregate_id), await Posts(work).standing(command.post_id)
    for event in decide_like(liking, post, command):
        likes.save(liking, event)


async def comment_on(command: Comment, work: Work) -> None:
    """Says something beneath a post, which itself is only looked at."""
    await _require_person(command.person_id, work)
    save_comment(work, comment(await Posts(work).standing(command.post_id), command))


async def follow_author(command: Follow | Unfollow, work: Work) -> None:
    """Changes two profiles, or none."""
    _require_own(command.person_id, work)
    profiles = Profiles(work)
    both = await profiles.load_all([command.person_id, command.author_id])
    person, author = both.get(command.person_id), both.get(command.author_id)
    following = await profiles.follows(command.person_id, command.author_id)
    theirs, authors = follow(person, author, following, command)
    profiles.save(command.person_id, person, theirs)
    profiles.save(command.author_id, author, authors)


def _require_own(profile_id: UUID, work: Work) -> None:
    if not (work.actor.is_operator or profile_id == profile_of(work.actor.subject)):
        raise NotYourProfile(profile_id, "profileId")


async def _require_person(profile_id: UUID, work: Work) -> None:
    _require_own(profile_id, work)
    if not await Profiles(work).find([profile_id]):
        raise ProfileNotFound(profile_id, "profileId")


def _require_author(post: Post, work: Work) -> None:
    if not (work.actor.is_operator or post.author_id == profile_of(work.actor.subject)):
        raise NotYourPost(post.post_id)


HANDLERS: Handlers = {
    ChangeProfile: change,
    PublishPost: publish,
    EditPost: change_post,
    DeletePost: change_post,
    Like: like,
    Unlike: like,
    Comment: comment_on,
    Follow: follow_author,
    Unfollow: follow_author,
}
