"""The feed context's enums, with what GraphQL says about them."""

import strawberry

from read_model.feed.notifications import NotificationKind

__all__ = ["NotificationKind"]

strawberry.enum(NotificationKind, description="What somebody did.")
