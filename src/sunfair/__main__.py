"""`python -m sunfair`."""

from sunfair.cli import main

main()
