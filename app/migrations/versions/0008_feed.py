"""The feed's write model in third normal form: profiles, posts, likes, comments, follows."""

from alembic import op

from app.migrations.statements import statements

revision = "0008"
down_revision = "0007"

STATEMENTS = """
create table write.profiles (
    profile_id uuid primary key,
    handle text not null constraint profiles_handle_key unique,
    display_name text not null check (display_name <> ''),
    bio text not null,
    following integer not null check (following >= 0),
    followers integer not null check (followers >= 0),
    version bigint not null check (version > 0)
) with (fillfactor = 70);

create table write.follows (
    follow_id uuid primary key,
    person_id uuid not null references write.profiles,
    author_id uuid not null references write.profiles check (author_id <> person_id),
    followed_at timestamptz not null,
    unique (person_id, author_id)
);
grant delete on write.follows to counterfoil_command;

create table write.posts (
    post_id uuid primary key,
    author_id uuid not null references write.profiles,
    text text not null check (text <> ''),
    published_at timestamptz not null,
    edited_at timestamptz,
    deleted boolean not null,
    version bigint not null check (version > 0)
);

create table write.likes (
    like_id uuid primary key,
    post_id uuid not null references write.posts,
    person_id uuid not null references write.profiles,
    liked boolean not null,
    version bigint not null check (version > 0),
    unique (post_id, person_id)
);

create table write.comments (
    comment_id uuid primary key,
    post_id uuid not null references write.posts,
    person_id uuid not null references write.profiles,
    text text not null check (text <> ''),
    commented_at timestamptz not null
);
"""


def upgrade() -> None:
    """Applies the revision."""
    for statement in statements(STATEMENTS):
        op.execute(statement)
