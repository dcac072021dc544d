"""How fast one venue connection becomes Redis: our ingest beside a bare reader of the same frames."""
