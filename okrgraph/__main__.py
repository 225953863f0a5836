"""`python -m okrgraph`: the command line."""

from okrgraph.cli import main

main()
