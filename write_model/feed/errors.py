"""What the feed context refuses."""

from uuid import UUID

from app.kernel.errors import Refusal, excerpt


class ProfileNotFound(Refusal):
    """There is no such profile; whoever acts must have made theirs before."""

    def __init__(self, profile_id: UUID, field: str) -> None:
        super().__init__("There is no such profile. Make one's own with changeProfile first.", field=field)
        self.profile_id = profile_id


class NotYourProfile(Refusal):
    """People act under their own profile alone."""

    def __init__(self, profile_id: UUID, field: str) -> None:
        super().__init__("This is somebody else's profile.", field=field)
        self.profile_id = profile_id


class HandleTaken(Refusal):
    """Another profile has this handle."""

    def __init__(self, handle: str) -> None:
        super().__init__(f"{excerpt(handle)} is somebody else's.", field="handle")
        self.handle = handle


class ProfileUnchanged(Refusal):
    """The profile says this already."""

    def __init__(self) -> None:
        super().__init__("This is what the profile says already.")


class PostNotFound(Refusal):
    """There is no such post, or not any more."""

    def __init__(self, post_id: UUID) -> None:
        super().__init__("There is no such post, or not any more.", field="postId")
        self.post_id = post_id


class NotYourPost(Refusal):
    """A post is changed by its author alone."""

    def __init__(self, post_id: UUID) -> None:
        super().__init__("This is somebody else's post.", field="postId")
        self.post_id = post_id


class PostAlreadyPublished(Refusal):
    """This post id is taken."""

    def __init__(self, post_id: UUID) -> None:
        super().__init__("This post is already published.", field="postId")
        self.post_id = post_id


class PostUnchanged(Refusal):
    """The post says this already."""

    def __init__(self) -> None:
        super().__init__("This is what the post says already.", field="text")


class AlreadyLiked(Refusal):
    """A person likes a post once."""

    def __init__(self, post_id: UUID) -> None:
        super().__init__("You like this post already.", field="postId")
        self.post_id = post_id


class NotLiked(Refusal):
    """Nobody takes back what they did not say."""

    def __init__(self, post_id: UUID) -> None:
        super().__init__("You do not like this post.", field="postId")
        self.post_id = post_id


class AlreadyFollowing(Refusal):
    """A person follows an author once."""

    def __init__(self, author_id: UUID) -> None:
        super().__init__("You follow this author already.", field="authorId")
        self.author_id = author_id


class NotFollowing(Refusal):
    """Nobody leaves whom they do not follow."""

    def __init__(self, author_id: UUID) -> None:
        super().__init__("You do not follow this author.", field="authorId")
        self.author_id = author_id


class CannotFollowYourself(Refusal):
    """One's own posts are not news."""

    def __init__(self) -> None:
        super().__init__("You cannot follow yourself.", field="authorId")


class TooManyFollowed(Refusal):
    """A timeline of more authors than this is nobody's."""

    def __init__(self, at_most: int) -> None:
        super().__init__(f"You follow {at_most:,} authors, and nobody follows more.", field="authorId")
        self.at_most = at_most
