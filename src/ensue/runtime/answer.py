"""
Answer: a record to come. Joined by a thread, awaited by a coroutine, and given for a whole batch at once.

The standard library's future takes a condition each and wakes its event loop once for every result; with thousands of
answers a second that costs more than deciding does. Here a batch wakes each loop once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]

# Held for moments only: while a waiter is added, and while a batch's outcomes are put in.
_giving: Final = threading.Lock()


class Answer(Generic[T]):
    """What `submit_soon` gives: `.result()` waits in a thread, `await` in a coroutine; both give the record or raise the error."""

    __slots__ = ("_arrived", "_callbacks", "_outcome", "_waiters")

    def __init__(self) -> None:
        self._outcome: tuple[T | None, BaseException | None] | None = None
        self._arrived = threading.Lock()  # held until the outcome is there
        self._arrived.acquire()
        self._waiters: list[Waiter] | None = None
        self._callbacks: list[Callable[[Answer[T]], object]] | None = None

    def done(self) -> bool:
        """Whether the outcome is known."""
        return self._outcome is not None

    def result(self, timeout: float | None = None) -> T:
        """
        Wait for the record, at most *timeout* seconds.

        Raises:
            TimeoutError: it is not known yet; the request goes on.
            EnsueError: what `submit` would have raised.
        """
        if self._outcome is None:
            if not self._arrived.acquire(timeout=-1 if timeout is None else timeout):
                raise TimeoutError(f"No answer within {timeout} s; the request goes on, ask again.")
            self._arrived.release()
        assert self._outcome is not None, "the lock is released when the outcome is there"
        value, error = self._outcome
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # an outcome without an error has a value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the outcome; the error, or None where there is a record."""
        try:
            self.result(timeout)
        except TimeoutError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever the error is, it is the outcome that was asked for
            return error
        return None

    def add_done_callback(self, callback: Callable[[Answer[T]], object]) -> None:
        """Call *callback* with this answer when its outcome is known: in the writer's thread, so be short; at once where it is known."""
        with _giving:
            if self._outcome is None:
                self._callbacks = [*(self._callbacks or ()), callback]
                return
        callback(self)

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done():
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            with _giving:
                if not self.done():
                    self._waiters = [*(self._waiters or ()), (loop, future)]
                else:
                    future.set_result(None)
            yield from future
        return self.result()

    def give(self, value: T) -> None:
        """The outcome is this record."""
        give_all([(self, value, None)])

    def fail(self, error: BaseException) -> None:
        """The outcome is this error."""
        give_all([(self, None, error)])


def give_all(outcomes: Iterable[tuple[Answer[Any], Any, BaseException | None]]) -> None:
    """Give many answers their outcomes (record or error) and wake each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    called: list[tuple[Callable[[Answer[Any]], object], Answer[Any]]] = []
    with _giving:
        for answer, value, error in outcomes:
            if answer._outcome is not None:
                continue
            answer._outcome = (value, error)
            answer._arrived.release()
            for loop, future in answer._waiters or ():
                loops.setdefault(loop, []).append(future)
            called.extend((callback, answer) for callback in answer._callbacks or ())
    for loop, futures in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_wake, futures)
    for callback, answer in called:
        callback(answer)


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():  # its coroutine may have been cancelled
            future.set_result(None)
