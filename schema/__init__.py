"""The GraphQL face: one folder a bounded context; resolvers wait if told to, ask the view, and shape."""
