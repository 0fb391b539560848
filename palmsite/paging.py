"""How the API cuts long lists: {next, previous, results}. Named in settings: no room imports this."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Pages(CursorPagination):
    """Lists by key: constant cost at any depth, and nothing twice when rows come or go while one reads."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-pk"
    # Among equals one is found by its place: with a limit to that, more than so many equals would never end.
    offset_cutoff = 0

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: "APIView") -> tuple[str, ...]:
        """The order the request asks for, else the view's `ordering`, else the model's own."""
        chosen = getattr(view, "ordering", None) or queryset.model._meta.ordering or self.ordering
        self.ordering = chosen if isinstance(chosen, str) else tuple(chosen)  # type: ignore[assignment]
        found: tuple[str, ...] = tuple(super().get_ordering(request, queryset, view))
        return found

    def paginate_queryset(
        self, queryset: Any, request: Request, view: "APIView | None" = None
    ) -> list[Any] | None:
        """One page; a cursor that was made up is refused like one that cannot be decoded."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, OverflowError, ValidationError) as error:
            raise NotFound(self.invalid_cursor_message) from error
