"""The rules of the feed, one by one, without a database."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.kernel.clock import new_id
from app.kernel.errors import InvalidValue
from tests.write_model.scenario import Scenario
from write_model.feed import aggregate as rules
from write_model.feed.aggregate import FOLLOWED_AT_MOST, Liking, Post, Profile, hashtags
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
    follow_id,
    like_id,
    profile_of,
)
from write_model.feed.errors import (
    AlreadyFollowing,
    AlreadyLiked,
    CannotFollowYourself,
    NotFollowing,
    NotLiked,
    PostAlreadyPublished,
    PostNotFound,
    PostUnchanged,
    ProfileNotFound,
    ProfileUnchanged,
    TooManyFollowed,
)
from write_model.feed.events import (
    AuthorFollowed,
    AuthorUnfollowed,
    FollowerGained,
    FollowerLost,
    PostCommented,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostUnliked,
    ProfileChanged,
    ProfileCreated,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, GRACE, POST, COMMENT = new_id(), new_id(), new_id(), new_id()

SAY = ChangeProfile(at=AT, profile_id=ADA, handle="ada", display_name="Ada Byrne", bio="Sums.")
CREATED = ProfileCreated(profile_id=ADA, handle="ada", display_name="Ada Byrne", bio="Sums.", created_at=AT)
CHANGED = ProfileChanged(profile_id=ADA, handle="ada", display_name="Ada King", bio="Sums.", changed_at=AT)

PUBLISH = PublishPost(at=AT, post_id=POST, author_id=ADA, text="Tea at #Four, #four o'clock")
PUBLISHED = PostPublished(post_id=POST, author_id=ADA, text=PUBLISH.text, hashtags=("four",), published_at=AT)
EDIT = EditPost(at=AT, post_id=POST, text="Tea at #five")
EDITED = PostEdited(post_id=POST, author_id=ADA, text="Tea at #five", hashtags=("five",), edited_at=AT)
DELETE = DeletePost(at=AT, post_id=POST)
DELETED = PostDeleted(post_id=POST, author_id=ADA, deleted_at=AT)

STANDING = Post(post_id=POST, author_id=ADA, text="Tea", version=1)
LIKED = PostLiked(like_id=like_id(POST, GRACE), post_id=POST, author_id=ADA, person_id=GRACE, liked_at=AT)
UNLIKED = PostUnliked(like_id=like_id(POST, GRACE), post_id=POST, author_id=ADA, person_id=GRACE, unliked_at=AT)
LIKE, UNLIKE = (kind(at=AT, post_id=POST, person_id=GRACE) for kind in (Like, Unlike))
FOLLOW, UNFOLLOW = (kind(at=AT, person_id=GRACE, author_id=ADA) for kind in (Follow, Unfollow))

AUTHOR = Profile(profile_id=ADA, handle="ada", display_name="Ada", bio="", version=1)
PERSON = Profile(profile_id=GRACE, handle="grace", display_name="Grace", bio="", version=1)

profile = Scenario[Profile](rules.change_profile, rules.evolve_profile)
post = Scenario[Post](rules.decide_post, rules.evolve_post)


def likes(of: Post | None = STANDING) -> Scenario[Liking]:
    return Scenario[Liking](lambda liking, command: rules.decide_like(liking, of, command), rules.evolve_like)


def follows(
    person: Profile | None = PERSON, author: Profile | None = AUTHOR, *, following: bool = False
) -> Scenario[None]:
    def decided(_: None, command: Any) -> list[Any]:
        theirs, authors = rules.follow(person, author, following, command)
        return [*theirs, *authors]

    return Scenario(decided, lambda _, __: None)


def test_the_first_time_makes_a_profile_and_later_it_is_changed() -> None:
    profile.when(SAY).then(CREATED)
    profile.given(CREATED).when(replace(SAY, display_name="Ada King")).then(CHANGED)
    profile.given(CREATED).when(SAY).then_refused(ProfileUnchanged)
    profile.given(CREATED, CHANGED).when(SAY).then(
        ProfileChanged(profile_id=ADA, handle="ada", display_name="Ada Byrne", bio="Sums.", changed_at=AT)
    )


@pytest.mark.parametrize("handle", ["", "ab", "x" * 31, "Ada", "a b c", "ada!", "ädä", "ada\n"])
def test_a_handle_is_short_and_plain(handle: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        replace(SAY, handle=handle)
    assert refused.value.field == "handle"


@pytest.mark.parametrize(
    ("command", "changed"),
    [(SAY, {"display_name": " "}), (SAY, {"display_name": "x" * 81}), (SAY, {"bio": "x" * 301}), (SAY, {"bio": "\x00"})]
    + [(each, {"text": text}) for each in (PUBLISH, EDIT) for text in ("", " ", "x" * 501, "\ud800")]
    + [(Comment(at=AT, comment_id=COMMENT, post_id=POST, person_id=ADA, text="Yes"), {"text": "x" * 501})],
)
def test_texts_are_of_a_length_and_can_be_stored(command: Any, changed: dict[str, str]) -> None:
    with pytest.raises(InvalidValue):
        replace(command, **changed)


def test_a_subject_has_one_profile_and_no_other_has_it() -> None:
    assert profile_of("customer_1") == profile_of("customer_1") != profile_of("customer_2")


def test_a_post_is_published_once_edited_and_deleted() -> None:
    post.when(PUBLISH).then(PUBLISHED)
    post.given(PUBLISHED).when(PUBLISH).then_refused(PostAlreadyPublished, post_id=POST)
    post.given(PUBLISHED).when(EDIT).then(EDITED)
    post.given(PUBLISHED, EDITED).when(EDIT).then_refused(PostUnchanged)
    post.given(PUBLISHED, EDITED).when(DELETE).then(DELETED)


@pytest.mark.parametrize("command", [EDIT, DELETE])
@pytest.mark.parametrize("past", [(), (PUBLISHED, DELETED)], ids=["never", "deleted"])
def test_nothing_happens_to_a_post_that_is_not_there(command: Any, past: tuple[Any, ...]) -> None:
    post.given(*past).when(command).then_refused(PostNotFound, post_id=POST)


def test_a_person_likes_a_post_once_and_can_stop() -> None:
    likes().when(LIKE).then(LIKED)
    likes().given(LIKED).when(LIKE).then_refused(AlreadyLiked, post_id=POST)
    likes().given(LIKED).when(UNLIKE).then(UNLIKED)
    likes().given(LIKED, UNLIKED).when(UNLIKE).then_refused(NotLiked, post_id=POST)
    likes().given(LIKED, UNLIKED).when(LIKE).then(LIKED)
    likes().when(UNLIKE).then_refused(NotLiked, post_id=POST)


@pytest.mark.parametrize("of", [None, Post(post_id=POST, author_id=ADA, text="Tea", deleted=True, version=2)])
def test_nobody_likes_or_comments_what_is_not_there(of: Post | None) -> None:
    likes(of).when(LIKE).then_refused(PostNotFound, post_id=POST)
    likes(of).given(LIKED).when(UNLIKE).then_refused(PostNotFound, post_id=POST)
    with pytest.raises(PostNotFound):
        rules.comment(of, Comment(at=AT, comment_id=COMMENT, post_id=POST, person_id=GRACE, text="Yes"))


def test_a_comment_says_whose_post_it_is_about() -> None:
    said = Comment(at=AT, comment_id=COMMENT, post_id=POST, person_id=GRACE, text="Yes")
    assert rules.comment(STANDING, said) == PostCommented(
        comment_id=COMMENT, post_id=POST, author_id=ADA, person_id=GRACE, text="Yes", commented_at=AT
    )


def test_following_changes_both_and_so_does_leaving() -> None:
    pair = {"person_id": GRACE, "author_id": ADA}
    id_ = follow_id(ADA, GRACE)
    follows().when(FOLLOW).then(
        AuthorFollowed(**pair, followed_at=AT), FollowerGained(**pair, follow_id=id_, gained_at=AT)
    )
    follows(following=True).when(UNFOLLOW).then(
        AuthorUnfollowed(**pair, unfollowed_at=AT), FollowerLost(**pair, follow_id=id_, lost_at=AT)
    )


def test_who_cannot_follow_whom() -> None:
    follows(following=True).when(FOLLOW).then_refused(AlreadyFollowing, author_id=ADA)
    follows().when(UNFOLLOW).then_refused(NotFollowing, author_id=ADA)
    follows().when(replace(FOLLOW, author_id=GRACE)).then_refused(CannotFollowYourself)
    follows(person=None).when(FOLLOW).then_refused(ProfileNotFound, profile_id=GRACE, field="profileId")
    follows(author=None).when(FOLLOW).then_refused(ProfileNotFound, profile_id=ADA, field="authorId")
    many = replace(PERSON, following=FOLLOWED_AT_MOST)
    follows(person=many).when(FOLLOW).then_refused(TooManyFollowed, at_most=5_000)
    follows(person=replace(many, following=FOLLOWED_AT_MOST - 1)).when(FOLLOW).decide()


def test_a_profile_counts_both_sides() -> None:
    gained = FollowerGained(person_id=GRACE, author_id=ADA, follow_id=follow_id(ADA, GRACE), gained_at=AT)
    lost = FollowerLost(person_id=GRACE, author_id=ADA, follow_id=follow_id(ADA, GRACE), lost_at=AT)
    followed = AuthorFollowed(person_id=ADA, author_id=GRACE, followed_at=AT)
    left = AuthorUnfollowed(person_id=ADA, author_id=GRACE, unfollowed_at=AT)
    made = Profile(profile_id=ADA, handle="ada", display_name="Ada Byrne", bio="Sums.", version=1)
    assert profile.given(CREATED, gained, followed).state == replace(made, followers=1, following=1, version=3)
    assert profile.given(CREATED, gained, followed, lost, left).state == replace(made, version=5)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Tea and #tea, #CAKE!", ("tea", "cake")),
        ("a#tea ## #", ()),
        ("#1 #été #x_y-z", ("1", "été", "x_y")),
        ("#" + "x" * 51, ()),
    ],
)
def test_hashtags(text: str, tags: tuple[str, ...]) -> None:
    assert hashtags(text) == tags
