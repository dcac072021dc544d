"""The usual answers on the same stack, written as their users write them, tuned where it costs nothing."""
