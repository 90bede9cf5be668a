"""What operators do from a terminal: they ask by the commands that GraphQL sends as well, and see what comes of it."""
