"""Commands to the feed."""

import strawberry

from app.kernel.clock import new_id, now
from schema.command_result import ChangeInput, CommandInput, CommandResult, dispatch
from schema.context import Info
from schema.feed.whose import whose
from schema.reading import decode_id
from write_model.feed import commands

_YOURS = "Yours unless given; operators may act for anyone."


@strawberry.input
class ChangeProfileInput(ChangeInput):
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)
    handle: str = strawberry.field(description="3 to 30 of the characters a to z, 0 to 9 and _; nobody else has it.")
    display_name: str
    bio: str = ""

    def command(self, info: Info) -> commands.ChangeProfile:
        return commands.ChangeProfile(
            at=now(),
            profile_id=whose(info, self.profile_id),
            handle=self.handle,
            display_name=self.display_name,
            bio=self.bio,
        )


@strawberry.input
class PublishPostInput(CommandInput):
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)
    text: str = strawberry.field(description="At most 500 characters; what follows a # is a hashtag.")

    def command(self, info: Info) -> commands.PublishPost:
        author_id = whose(info, self.profile_id)
        return commands.PublishPost(at=now(), post_id=new_id(), author_id=author_id, text=self.text)


@strawberry.input
class EditPostInput(ChangeInput):
    post_id: strawberry.ID
    text: str

    def command(self) -> commands.EditPost:
        return commands.EditPost(at=now(), post_id=decode_id("post", self.post_id, "postId"), text=self.text)


@strawberry.input
class DeletePostInput(ChangeInput):
    post_id: strawberry.ID

    def command(self) -> commands.DeletePost:
        return commands.DeletePost(at=now(), post_id=decode_id("post", self.post_id, "postId"))


@strawberry.input
class LikeInput(CommandInput):
    post_id: strawberry.ID
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)

    def command(self, info: Info) -> commands.Like:
        post_id = decode_id("post", self.post_id, "postId")
        return commands.Like(at=now(), post_id=post_id, person_id=whose(info, self.profile_id))


@strawberry.input
class UnlikeInput(CommandInput):
    post_id: strawberry.ID
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)

    def command(self, info: Info) -> commands.Unlike:
        post_id = decode_id("post", self.post_id, "postId")
        return commands.Unlike(at=now(), post_id=post_id, person_id=whose(info, self.profile_id))


@strawberry.input
class CommentInput(CommandInput):
    post_id: strawberry.ID
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)
    text: str = strawberry.field(description="At most 500 characters.")

    def command(self, info: Info) -> commands.Comment:
        return commands.Comment(
            at=now(),
            comment_id=new_id(),
            post_id=decode_id("post", self.post_id, "postId"),
            person_id=whose(info, self.profile_id),
            text=self.text,
        )


@strawberry.input
class FollowInput(CommandInput):
    author_id: strawberry.ID = strawberry.field(description="The profile whose posts are to be seen.")
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)

    def command(self, info: Info) -> commands.Follow:
        author_id = decode_id("profile", self.author_id, "authorId")
        return commands.Follow(at=now(), person_id=whose(info, self.profile_id), author_id=author_id)


@strawberry.input
class UnfollowInput(CommandInput):
    author_id: strawberry.ID
    profile_id: strawberry.ID | None = strawberry.field(default=None, description=_YOURS)

    def command(self, info: Info) -> commands.Unfollow:
        author_id = decode_id("profile", self.author_id, "authorId")
        return commands.Unfollow(at=now(), person_id=whose(info, self.profile_id), author_id=author_id)


@strawberry.type
class FeedMutation:
    @strawberry.mutation(description="Say who you are. The first time makes your profile.")
    async def change_profile(self, info: Info, input: ChangeProfileInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))

    @strawberry.mutation(description="Tell everyone something.")
    async def publish_post(self, info: Info, input: PublishPostInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))

    @strawberry.mutation(description="Say it better. Authors edit their own posts alone.")
    async def edit_post(self, info: Info, input: EditPostInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Take a post back, for good. Authors delete their own posts alone.")
    async def delete_post(self, info: Info, input: DeletePostInput) -> CommandResult:
        return await dispatch(info, input, input.command)

    @strawberry.mutation(description="Like a post: once, the second time is ALREADY_LIKED.")
    async def like(self, info: Info, input: LikeInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))

    @strawberry.mutation(description="Like a post no longer.")
    async def unlike(self, info: Info, input: UnlikeInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))

    @strawberry.mutation(description="Say something beneath a post.")
    async def comment(self, info: Info, input: CommentInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))

    @strawberry.mutation(description="See from now on what somebody posts, and what they have posted lately.")
    async def follow(self, info: Info, input: FollowInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))

    @strawberry.mutation(description="See it no longer.")
    async def unfollow(self, info: Info, input: UnfollowInput) -> CommandResult:
        return await dispatch(info, input, lambda: input.command(info))
