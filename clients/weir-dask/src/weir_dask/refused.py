"""The one error whose message goes to clients of weir."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["bad_request", "too_large", "unavailable", "unsupported", "corrupt", "internal"]
KINDS: tuple[str, ...] = get_args(Kind)


class Refused(Exception):
    """Why there is no result: whose fault it is, and words without secrets, addresses or paths.

    Lower case, no full stop, as weir's own messages are. It crosses from workers to the client of the cluster, so its arguments are all it has.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        """Of a kind, with words for people."""
        super().__init__(kind, message)
        self.kind: Kind = kind
        self.message = message

    def __str__(self) -> str:
        """The words alone."""
        return self.message
