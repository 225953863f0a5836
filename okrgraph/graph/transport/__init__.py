"""HTTP, WebSocket and server-sent events over a GraphQL schema: knows the protocols, no OKR word."""
