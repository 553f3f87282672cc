"""Lists that come in pages: read as a whole, page by page, or for their first item."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import msgspec
from elluminate_api.types import Request

if TYPE_CHECKING:
    from elluminate._transport import Transport

T = TypeVar("T")

PAGES_IN_FLIGHT = 8
"""Of a list that is read as a whole."""

PAGES_HELD = 3
"""Of a list that is read item by item, so that it need not fit in memory; a page may have a thousand items."""


class Page(msgspec.Struct, Generic[T]):
    """The envelope of every list: one page of items, and how many there are over all pages."""

    items: list[T]
    count: int


class Paging:
    """Mixin of what sends requests."""

    if TYPE_CHECKING:

        @property
        def transport(self) -> Transport: ...
        @overload
        async def call(self, request: Request[T]) -> T: ...
        @overload
        async def call(self, request: Request[Any], into: type[T]) -> T: ...
        async def call(self, request: Request[Any], into: Any = None) -> Any: ...

    async def pages(self, build: Callable[[int], Request[Any]], item: type[T]) -> list[T]:
        """All items of a list: the first page tells how many pages there are, the others are fetched together."""
        first, reads = await self._first_and_others(build, item)
        items = list(first.items)
        for page in await self.transport.gather(reads, PAGES_IN_FLIGHT) if reads else []:
            items.extend(page.items)
        return items

    async def iterate(self, build: Callable[[int], Request[Any]], item: type[T]) -> AsyncGenerator[T]:
        """The items of a list in order, no more than a few pages held at a time."""
        async with aclosing(self.iterate_pages(build, item)) as pages:
            async for page in pages:
                for element in page:
                    yield element

    async def iterate_pages(
        self, build: Callable[[int], Request[Any]], item: type[T]
    ) -> AsyncGenerator[list[T]]:
        """The pages of a list in order, a bounded number of them in flight."""
        first, reads = await self._first_and_others(build, item)
        yield first.items
        for start in range(0, len(reads), PAGES_HELD):
            for page in await self.transport.gather(reads[start : start + PAGES_HELD], PAGES_HELD):
                yield page.items

    async def _first_and_others(
        self, build: Callable[[int], Request[Any]], item: type[T]
    ) -> tuple[Page[T], list[Callable[[], Awaitable[Page[T]]]]]:
        page_type: Any = Page[item]  # type: ignore[valid-type]  # the item is known when this runs
        first: Page[T] = await self.call(build(1), page_type)
        size = len(first.items)
        numbers = range(2, -(-first.count // size) + 1) if size else ()
        return first, [partial(self.call, build(number), page_type) for number in numbers]

    async def first(self, request: Request[Any], item: type[T]) -> T | None:
        """The first item that a lookup by name finds, None when there is none."""
        page_type: Any = Page[item]  # type: ignore[valid-type]
        page: Page[T] = await self.call(request, page_type)
        return page.items[0] if page.items else None
