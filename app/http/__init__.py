"""GraphQL over HTTP and WebSockets: what a request passes, who is asking, how it is answered."""
