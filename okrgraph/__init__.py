"""okrgraph: the GraphQL collaboration server for OKR alignment."""

__version__ = "0.1.0"
