"""The pages that the API serves to a browser: GraphiQL, from local files, with example operations."""
