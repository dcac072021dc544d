"""`python -m tapecast` is the same as `tapecast`."""

from tapecast.cli import main

main()
