"""One module for each family of clients; each turns what its client sees into `observed.Dataset`."""
