"""A breadth-first executor of GraphQL queries behind Strawberry's own door: knows GraphQL and Strawberry, no OKR word.

README.md says how it works. To be used: `BatchField` and `ColumnField` declare how a field is read for many sources
at once, `Loader` runs batch functions, `Engine` executes.
"""
