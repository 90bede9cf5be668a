"""The feed as its people meet it: what they write they read, under the names that people have now."""

from typing import Any

import httpx
import pytest

from tests.schema.asking import ask, code_of
from tests.schema.feed import Person, joined
from tests.schema.live import socket
from tests.support.installation import Installation

POST = """query ($id: ID!, $token: String) { post(id: $id, token: $token) { __typename ... on Post {
    text hashtags version likeCount commentCount editedAt author { displayName }
    firstComments { text author { displayName } } } } }"""
TIMELINE = """query ($first: Int, $after: String, $token: String) {
    homeTimeline(first: $first, after: $after, token: $token) {
        edges { cursor node { id text author { displayName } } } pageInfo { hasNextPage endCursor }
        freshness { state } } }"""
NOTIFICATIONS = """query ($token: String, $after: String, $first: Int) {
    notifications(token: $token, after: $after, first: $first) {
        edges { node { kind postId text person { displayName } } } pageInfo { hasNextPage endCursor } } }"""
PROFILE = """query ($id: ID, $token: String, $version: Int) {
    profile(id: $id, token: $token, minVersion: $version) {
    __typename ... on Profile { id handle displayName bio version followerCount followingCount postCount } } }"""
POSTS = """query ($id: ID, $token: String, $first: Int, $after: String) {
    posts(profileId: $id, token: $token, first: $first, after: $after) {
        edges { node { text } } pageInfo { hasNextPage endCursor } freshness { state } } }"""
BY_HANDLE = """query ($handle: String, $id: ID, $token: String, $version: Int, $wait: Int) {
    profile(handle: $handle, id: $id, token: $token, minVersion: $version, waitMs: $wait) {
    __typename ... on Profile { id displayName } } }"""
COMMENTS = """query ($id: ID!, $token: String, $first: Int, $after: String, $last: Int, $before: String) {
    comments(postId: $id, token: $token, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { text author { displayName } } }
        pageInfo { hasNextPage endCursor } freshness { state } } }"""
TRENDING = """query ($token: String, $hours: Int, $first: Int, $after: String) {
    trendingHashtags(token: $token, hours: $hours, first: $first, after: $after) {
        edges { cursor node { hashtag posts } } pageInfo { hasNextPage endCursor } freshness { state } } }"""


@pytest.fixture(scope="module")
async def ada(closed: Installation) -> Person:
    return await joined(closed, "Ada")


@pytest.fixture(scope="module")
async def grace(closed: Installation) -> Person:
    return await joined(closed, "Grace")


def texts(connection: Any) -> list[str]:
    return [edge["node"]["text"] for edge in connection["edges"]]


async def test_a_profile_is_made_changed_and_read_at_once(closed: Installation) -> None:
    person = await joined(closed, "Alan")
    made = await person.accepted("changeProfile", handle=person.handle, displayName="Alan T.", bio="Sums.")
    assert made["version"] == 2
    shown = (await person.sees(PROFILE, version=2))["profile"]
    assert shown == {
        "__typename": "Profile",
        "id": person.profile_id,
        "handle": person.handle,
        "displayName": "Alan T.",
        "bio": "Sums.",
        "version": 2,
        "followerCount": 0,
        "followingCount": 0,
        "postCount": 0,
    }
    again = await person.does("changeProfile", handle=person.handle, displayName="Alan T.", bio="Sums.")
    assert again["code"] == "PROFILE_UNCHANGED"


async def test_a_post_with_what_others_made_of_it(ada: Person, grace: Person) -> None:
    post = (await ada.accepted("publishPost", text="Tea at #Four"))["aggregateId"]
    for person in (ada, grace):
        await person.accepted("like", postId=post)
    assert (await grace.does("like", postId=post))["code"] == "ALREADY_LIKED"
    for text in ("One", "Two", "Three", "Four"):
        await grace.accepted("comment", postId=post, text=text)
    token = (await ada.accepted("editPost", postId=post, text="Tea at #Five", expectedVersion=1))["token"]
    shown = (await grace.sees(POST, id=post, token=token))["post"]
    assert shown.pop("editedAt")
    assert shown == {
        "__typename": "Post",
        "text": "Tea at #Five",
        "hashtags": ["five"],
        "version": 2,
        "likeCount": 2,
        "commentCount": 4,
        "author": {"displayName": "Ada"},
        "firstComments": [{"text": text, "author": {"displayName": "Grace"}} for text in ("One", "Two", "Three")],
    }
    conflict = await ada.does("editPost", postId=post, text="Tea at six", expectedVersion=1)
    assert conflict == {"__typename": "VersionConflict"}
    await grace.accepted("unlike", postId=post)
    assert (await grace.does("unlike", postId=post))["code"] == "NOT_LIKED"
    assert (await grace.does("deletePost", postId=post))["code"] == "NOT_YOUR_POST"
    token = (await ada.accepted("deletePost", postId=post))["token"]
    assert (await grace.sees(POST, id=post, token=token))["post"] is None
    assert (await grace.does("like", postId=post))["code"] == "POST_NOT_FOUND"


async def test_what_was_said_about_a_post_page_by_page(closed: Installation) -> None:
    ada, grace = await joined(closed, "Ada"), await joined(closed, "Grace")
    post, other = [(await ada.accepted("publishPost", text=text))["aggregateId"] for text in ("Tea", "Cake")]
    for n in range(5):
        token = (await (ada, grace)[n % 2].accepted("comment", postId=post, text=f"Comment {n}"))["token"]
    page = (await grace.sees(COMMENTS, id=post, first=3, token=token))["comments"]
    rest = (await grace.sees(COMMENTS, id=post, first=3, after=page["pageInfo"]["endCursor"]))["comments"]
    assert texts(page) + texts(rest) == [f"Comment {n}" for n in range(5)]
    assert [page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]] == [True, False]
    assert [edge["node"]["author"]["displayName"] for edge in page["edges"]] == ["Ada", "Grace", "Ada"]
    assert page["freshness"]["state"]
    before = (await grace.sees(COMMENTS, id=post, last=2, before=rest["edges"][0]["cursor"]))["comments"]
    assert texts(before) == ["Comment 1", "Comment 2"]
    assert (await grace.sees(COMMENTS, id=other, token=token))["comments"]["edges"] == []
    token = (await ada.accepted("deletePost", postId=post))["token"]
    assert (await grace.sees(COMMENTS, id=post, token=token))["comments"] is None
    assert (await grace.sees(COMMENTS, id="post_01k00000000000000000000000"))["comments"] is None


async def test_a_handle_leads_to_who_has_it_now(closed: Installation, http: httpx.AsyncClient) -> None:
    ada, grace = await joined(closed, "Ada"), await joined(closed, "Grace")
    known = await ada.accepted("changeProfile", handle=ada.handle, displayName="Ada King")
    shown = (await grace.sees(BY_HANDLE, handle=ada.handle, token=known["token"]))["profile"]
    assert (shown["id"], shown["displayName"]) == (ada.profile_id, "Ada King")
    await ada.accepted("changeProfile", handle=f"{ada.handle}_", displayName="Ada")
    taken = await grace.accepted("changeProfile", handle=ada.handle, displayName="Grace")
    found = (await ada.sees(BY_HANDLE, handle=ada.handle, token=taken["token"], version=taken["version"]))["profile"]
    assert (found["id"], found["displayName"]) == (grace.profile_id, "Grace")
    assert (await ada.sees(BY_HANDLE, handle=grace.handle))["profile"] is None
    later = await ada.sees(BY_HANDLE, handle=ada.handle, version=taken["version"] + 1, wait=0)
    assert later["profile"] == {"__typename": "Processing"}
    for wrong in ({"handle": ada.handle, "id": ada.profile_id}, {"handle": "\x00"}):
        assert code_of(await ask(http, BY_HANDLE, wrong)) == "INVALID_VALUE"


async def test_a_timeline_from_following_to_leaving(closed: Installation) -> None:
    ada, grace, reader = [await joined(closed, name) for name in ("Ada", "Grace", "Alan")]
    await ada.accepted("publishPost", text="Before")
    for author in (ada, grace):
        await reader.accepted("follow", authorId=author.profile_id)
    assert (await reader.does("follow", authorId=ada.profile_id))["code"] == "ALREADY_FOLLOWING"
    await grace.accepted("publishPost", text="From Grace")
    gone = await ada.accepted("publishPost", text="Gone")
    token = (await ada.accepted("publishPost", text="After"))["token"]
    assert texts((await reader.sees(TIMELINE, token=token))["homeTimeline"]) == [
        "After",
        "Gone",
        "From Grace",
        "Before",
    ]
    await ada.accepted("deletePost", postId=gone["aggregateId"])
    token = (await ada.accepted("changeProfile", handle=ada.handle, displayName="Ada King"))["token"]
    shown = (await reader.sees(TIMELINE, token=token))["homeTimeline"]
    assert [(e["node"]["text"], e["node"]["author"]["displayName"]) for e in shown["edges"]] == [
        ("After", "Ada King"),
        ("From Grace", "Grace"),
        ("Before", "Ada King"),
    ]
    page = (await reader.sees(TIMELINE, first=2, token=token))["homeTimeline"]
    rest = (await reader.sees(TIMELINE, first=2, after=page["pageInfo"]["endCursor"], token=token))["homeTimeline"]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert texts(page) + texts(rest) == ["After", "From Grace", "Before"]
    token = (await reader.accepted("unfollow", authorId=ada.profile_id))["token"]
    assert texts((await reader.sees(TIMELINE, token=token))["homeTimeline"]) == ["From Grace"]
    assert (await reader.does("unfollow", authorId=ada.profile_id))["code"] == "NOT_FOLLOWING"
    counts = (await ada.sees(PROFILE, token=token))["profile"]
    assert (counts["followerCount"], counts["followingCount"], counts["postCount"]) == (0, 0, 2)


async def test_a_timeline_is_its_readers_alone(closed: Installation) -> None:
    ada, reader = await joined(closed, "Ada"), await joined(closed, "Alan")
    await reader.accepted("follow", authorId=ada.profile_id)
    token = (await ada.accepted("publishPost", text="Hello"))["token"]
    text = """query ($id: ID, $token: String) { homeTimeline(profileId: $id, token: $token) { edges { node { text } } }
        notifications(profileId: $id, token: $token) { edges { node { kind } } freshness { state } } }"""
    asked = {"id": reader.profile_id, "token": token}
    assert texts((await ada.sees(text, **asked))["homeTimeline"]) == []
    assert texts((await closed.query(text, closed.bearer("operator"), **asked))["homeTimeline"]) == ["Hello"]
    strangers = await reader.sees(text, id=ada.profile_id, token=token)
    assert strangers["notifications"]["edges"] == []
    assert strangers["notifications"]["freshness"]["state"]
    owners = await ada.sees(text, id=ada.profile_id, token=token)
    assert [edge["node"]["kind"] for edge in owners["notifications"]["edges"]] == ["FOLLOWED"]


async def test_people_are_told_what_others_did_and_not_what_was_taken_back(closed: Installation) -> None:
    ada, grace = await joined(closed, "Ada"), await joined(closed, "Grace")
    post = (await ada.accepted("publishPost", text="Tea"))["aggregateId"]
    await grace.accepted("follow", authorId=ada.profile_id)
    await grace.accepted("like", postId=post)
    await ada.accepted("like", postId=post)
    token = (await grace.accepted("comment", postId=post, text="Milk?"))["token"]
    found = (await ada.sees(NOTIFICATIONS, token=token))["notifications"]
    by = {"person": {"displayName": "Grace"}}
    told = [
        {"kind": "COMMENTED", "postId": post, "text": "Milk?", **by},
        {"kind": "LIKED", "postId": post, "text": None, **by},
        {"kind": "FOLLOWED", "postId": None, "text": None, **by},
    ]
    assert [edge["node"] for edge in found["edges"]] == told
    page = (await ada.sees(NOTIFICATIONS, first=2))["notifications"]
    rest = (await ada.sees(NOTIFICATIONS, first=2, after=page["pageInfo"]["endCursor"]))["notifications"]
    assert [edge["node"] for edge in page["edges"] + rest["edges"]] == told
    token = (await grace.accepted("unlike", postId=post))["token"]
    found = (await ada.sees(NOTIFICATIONS, token=token))["notifications"]
    assert [edge["node"]["kind"] for edge in found["edges"]] == ["COMMENTED", "FOLLOWED"]


async def test_somebodys_posts_page_by_page(closed: Installation) -> None:
    ada, reader = await joined(closed, "Ada"), await joined(closed, "Alan")
    for n in range(5):
        receipt = await ada.accepted("publishPost", text=f"Post {n}")
    deleted = await ada.accepted("deletePost", postId=receipt["aggregateId"])
    seen, after = [], None
    for _ in range(2):
        page = (await reader.sees(POSTS, id=ada.profile_id, token=deleted["token"], first=2, after=after))["posts"]
        seen += texts(page)
        after = page["pageInfo"]["endCursor"]
    assert seen == ["Post 3", "Post 2", "Post 1", "Post 0"]
    assert not page["pageInfo"]["hasNextPage"]
    assert texts((await ada.sees(POSTS))["posts"]) == seen


async def test_people_and_posts_are_nodes(ada: Person) -> None:
    receipt = await ada.accepted("publishPost", text="A node")
    post, token = receipt["aggregateId"], receipt["token"]
    text = """query ($id: ID!, $token: String) { node(id: $id, token: $token) {
        id ... on Post { text } ... on Profile { handle } } }"""
    assert (await ada.sees(text, id=post, token=token))["node"] == {"id": post, "text": "A node"}
    assert (await ada.sees(text, id=ada.profile_id, token=token))["node"] == {
        "id": ada.profile_id,
        "handle": ada.handle,
    }


async def test_what_is_posted_about(closed: Installation, http: httpx.AsyncClient) -> None:
    ada = await joined(closed, "Ada")
    tags = [f"t{ada.handle[-6:]}{n}" for n in range(3)]
    posts = [await ada.accepted("publishPost", text=" ".join(f"#{tag}" for tag in tags[: 1 + n % 3])) for n in range(6)]
    token = (await ada.accepted("deletePost", postId=posts[2]["aggregateId"]))["token"]

    async def found(**asked: Any) -> list[tuple[str, int]]:
        answer = (await ada.sees(TRENDING, token=token, **asked))["trendingHashtags"]
        nodes = [edge["node"] for edge in answer["edges"]]
        return [(node["hashtag"], node["posts"]) for node in nodes if node["hashtag"] in tags]

    assert await found(first=100) == [(tags[0], 5), (tags[1], 3), (tags[2], 1)]
    assert await found(first=100, hours=168) == [(tags[0], 5), (tags[1], 3), (tags[2], 1)]
    whole, pages, after = await found(first=100), [], None
    while True:
        page = (await ada.sees(TRENDING, first=1, after=after, token=token))["trendingHashtags"]
        pages += [(edge["node"]["hashtag"], edge["node"]["posts"]) for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert [each for each in pages if each[0] in tags] == whole
    for wrong in ({"hours": 0}, {"hours": 169}, {"after": "?"}, {"first": 101}):
        assert code_of(await ask(http, TRENDING, wrong)) in {"INVALID_VALUE", "MALFORMED_CURSOR"}


async def test_new_posts_of_a_timeline_are_told_as_they_come(closed: Installation) -> None:
    ada, grace, reader = [await joined(closed, name) for name in ("Ada", "Grace", "Alan")]
    await grace.accepted("publishPost", text="Long before")
    await reader.accepted("follow", authorId=ada.profile_id)
    for text in ("Older", "Newest"):
        token = (await ada.accepted("publishPost", text=text))["token"]
    assert texts((await reader.sees(TIMELINE, token=token))["homeTimeline"]) == ["Newest", "Older"]
    async with socket(closed.url, reader.headers) as live:
        await live.init()
        await live.subscribe("subscription { homeTimelinePosted { text author { displayName } } }")
        assert (await live.next())["data"]["homeTimelinePosted"]["text"] == "Newest"
        await live.subscribe(
            f'subscription {{ homeTimelinePosted(profileId: "{ada.profile_id}") {{ text }} }}', id="others"
        )
        assert (await live.next(id="others"))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert (await live.receive())["type"] == "complete"
        await reader.accepted("follow", authorId=grace.profile_id)
        for author, text in ((ada, "One"), (grace, "Two"), (ada, "Three")):
            await author.accepted("publishPost", text=text)
            told = (await live.next())["data"]["homeTimelinePosted"]
            assert told["text"] == text


@pytest.mark.parametrize("name", ["homeTimeline", "notifications", "posts"])
@pytest.mark.parametrize("wrong", ["first: -1", 'after: "?"', 'token: "?"', 'profileId: "post_x"'])
async def test_bad_input_is_told(http: httpx.AsyncClient, name: str, wrong: str) -> None:
    code = code_of(await ask(http, f"{{ {name}({wrong}) {{ pageInfo {{ hasNextPage }} }} }}"))
    assert code in {"INVALID_VALUE", "MALFORMED_CURSOR", "MALFORMED_TOKEN", "MALFORMED_ID"}


@pytest.mark.parametrize(
    ("name", "given", "code", "field"),
    [
        ("changeProfile", {"handle": "No!", "displayName": "X"}, "INVALID_VALUE", "handle"),
        ("publishPost", {"text": " "}, "INVALID_VALUE", "text"),
        ("publishPost", {"text": "Hi", "profileId": "profile_x"}, "MALFORMED_ID", "profileId"),
        ("like", {"postId": "x"}, "MALFORMED_ID", "postId"),
        ("follow", {"authorId": "post_01k00000000000000000000000"}, "MALFORMED_ID", "authorId"),
        ("follow", {"authorId": "profile_01k00000000000000000000000"}, "PROFILE_NOT_FOUND", "authorId"),
        ("comment", {"postId": "post_01k00000000000000000000000", "text": "Hi"}, "POST_NOT_FOUND", "postId"),
    ],
)
async def test_refusals_say_what_is_wrong(ada: Person, name: str, given: dict[str, Any], code: str, field: str) -> None:
    assert await ada.does(name, **given) == {"__typename": "CommandRejected", "code": code, "field": field}


async def test_nobody_follows_themselves(ada: Person) -> None:
    assert (await ada.does("follow", authorId=ada.profile_id))["code"] == "CANNOT_FOLLOW_YOURSELF"
