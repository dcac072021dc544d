"""What the venue says to an order, or a question, that it does not take: HTTP status, code and words."""

from __future__ import annotations

from typing import Any, Final

MALFORMED: Final = 40010001
FORBIDDEN: Final = 40310000
NOT_FOUND: Final = 40410000
UNPROCESSABLE: Final = 42210000


class Refusal(Exception):
    """One answer that is an error. `more` stands beside code and message, as text."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message} | more


def malformed(message: str) -> Refusal:
    """The request makes no sense."""
    return Refusal(422, MALFORMED, message)


def unprocessable(message: str) -> Refusal:
    """The request makes sense, and cannot be done."""
    return Refusal(422, UNPROCESSABLE, message)


def forbidden(message: str, **more: Any) -> Refusal:
    """The account has not what it takes."""
    return Refusal(403, FORBIDDEN, message, **more)


def not_found(message: str) -> Refusal:
    """There is no such order, position or asset."""
    return Refusal(404, NOT_FOUND, message)
