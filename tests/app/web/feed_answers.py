"""What the feed's example operations are answered, as in `answers`."""

from typing import Any

from tests.app.web.account_answers import accepted, answer
from tests.app.web.answers import freshness


def timed(post: str, text: str, likes: int, handle: str, name: str) -> dict[str, Any]:
    author = {"handle": handle, "displayName": name}
    return {"node": {"id": f"post.{post}", "text": text, "publishedAt": "…", "likeCount": likes, "author": author}}


def posted(post: str, text: str) -> dict[str, Any]:
    return {"node": {"id": f"post.{post}", "text": text, "publishedAt": "…"}}


def said(text: str, handle: str, name: str) -> dict[str, Any]:
    return {"node": {"text": text, "commentedAt": "…", "author": {"handle": handle, "displayName": name}}}


def notified(kind: str, name: str, post: str, text: str | None = None) -> dict[str, Any]:
    return {"node": {"kind": kind, "at": "…", "postId": post, "text": text, "person": {"displayName": name}}}


FEED_ANSWERS: dict[str, dict[str, Any]] = {
    "HomeTimeline": answer(
        "homeTimeline",
        {
            "edges": [
                timed("walk", "Walk at six, whoever wants to come. #harbour", 1, "grace", "Grace Okafor"),
                timed("basket", "A basket for four, filled by one. #garden #picnic", 0, "margaret", "Margaret Duval"),
                timed("garden", "First lettuce. #garden", 0, "margaret", "Margaret Duval"),
            ],
            "pageInfo": {"hasNextPage": True, "endCursor": "…"},
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "Post": answer(
        "post",
        {
            "__typename": "Post",
            "text": "Found the teapot that never drips. #tea #stoneware",
            "hashtags": ["tea", "stoneware"],
            "version": 1,
            "likeCount": 2,
            "commentCount": 2,
            "author": {"displayName": "Ada Byrne"},
            "firstComments": [
                {"text": "Does it, though?", "commentedAt": "…", "author": {"displayName": "Linus Meyer"}},
                {"text": "Mine has not yet.", "commentedAt": "…", "author": {"displayName": "Grace Okafor"}},
            ],
        },
    ),
    "Posts": answer(
        "posts",
        {
            "edges": [
                posted("basket", "A basket for four, filled by one. #garden #picnic"),
                posted("garden", "First lettuce. #garden"),
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
        },
    ),
    "Profile": answer(
        "profile",
        {
            "__typename": "Profile",
            "handle": "ada",
            "displayName": "Ada Byrne",
            "bio": "Sums, and tea between them.",
            "followerCount": 2,
            "followingCount": 2,
            "postCount": 2,
        },
    ),
    "Notifications": answer(
        "notifications",
        {
            "edges": [
                notified("COMMENTED", "Grace Okafor", "post.teapot", "Mine has not yet."),
                notified("COMMENTED", "Linus Meyer", "post.teapot", "Does it, though?"),
                notified("LIKED", "Linus Meyer", "post.teapot"),
                notified("LIKED", "Grace Okafor", "post.teapot"),
            ],
            "pageInfo": {"hasNextPage": True},
        },
    ),
    "TrendingHashtags": answer(
        "trendingHashtags",
        {
            "edges": [{"node": {"hashtag": "tea", "posts": 3}}, {"node": {"hashtag": "garden", "posts": 2}}],
            "freshness": freshness("state", "lagMs"),
        },
    ),
    "Comments": answer(
        "comments",
        {
            "edges": [
                said("Does it, though?", "linus", "Linus Meyer"),
                said("Mine has not yet.", "grace", "Grace Okafor"),
            ],
            "pageInfo": {"hasNextPage": False, "endCursor": "…"},
        },
    ),
    "ProfileByHandle": answer(
        "profile",
        {
            "__typename": "Profile",
            "id": "profile.margaret",
            "displayName": "Margaret Duval",
            "bio": "Rather outdoors.",
        },
    ),
    "PublishPost": accepted("publishPost", "post.new", 1),
    "EditPost": accepted("editPost", "post.walk", 2),
    "Like": accepted("like", "like.new", 1),
    "Unlike": accepted("unlike", "like.new", 2),
    "Comment": accepted("comment", "comment.new", 1),
    "Follow": accepted("follow", "profile.ada", 6),
    "Unfollow": accepted("unfollow", "profile.margaret", 4),
    "ChangeProfile": accepted("changeProfile", "profile.linus", 4),
    "DeletePost": accepted("deletePost", "post.basket", 2),
    "WatchHomeTimeline": answer(
        "homeTimelinePosted",
        {"id": "post.new", "text": "Second walk at eight. #harbour", "author": {"displayName": "Grace Okafor"}},
    ),
}
