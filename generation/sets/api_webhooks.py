"""The API of webhooks: addresses that are told when an order ends. Thin: parse, call, answer."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.idempotency import idempotent
from generation.sets import selectors, webhooks
from generation.sets.api_base import ETAG, KEY, LOCATION, RoomListView, RoomView, conditional
from generation.sets.models import Delivery, Webhook
from generation.sets.serializers_webhooks import DeliverySerializer, WebhookSerializer, WebhookWish


@extend_schema(tags=["webhooks"])
class WebhooksView(RoomListView[Webhook]):
    """One's own webhooks."""

    serializer_class = WebhookSerializer
    queryset = Webhook.objects.none()
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Webhook]:
        """The oldest first."""
        return webhooks.webhooks_of(self.person)

    @extend_schema(operation_id="webhooks_list", parameters=[ETAG])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List them."""
        return self.page(request)

    @extend_schema(
        operation_id="webhooks_create",
        parameters=[KEY, LOCATION],
        request=WebhookWish,
        responses={201: WebhookSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have an address told when an order of yours ends. The secret in the answer is shown this once."""
        asked = WebhookWish(data=request.data)
        asked.is_valid(raise_exception=True)
        webhook, secret = webhooks.create(by=self.person, **asked.validated_data)
        data = WebhookSerializer(webhook, context={"secret": secret}).data
        answer = Response(data, status=status.HTTP_201_CREATED)
        answer["Location"] = reverse("api-webhook", [webhook.pk], request=request)
        return answer


@extend_schema(tags=["webhooks"])
class WebhookView(RoomView):
    """One webhook."""

    @extend_schema(operation_id="webhooks_retrieve", parameters=[ETAG], responses=WebhookSerializer)
    def get(self, request: Request, webhook_id: Any) -> Response:
        """Where it leads."""
        return conditional(request, WebhookSerializer(selectors.webhook_for(self.person, webhook_id)).data)

    @extend_schema(operation_id="webhooks_delete", responses={204: None})
    def delete(self, request: Request, webhook_id: Any) -> Response:
        """Tell this address nothing more."""
        webhooks.delete(by=self.person, webhook=selectors.webhook_for(self.person, webhook_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["webhooks"])
class WebhookTestView(RoomView):
    """Sends a message that says nothing."""

    @extend_schema(operation_id="webhooks_test", request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, webhook_id: Any) -> Response:
        """Send it, once; `deliveries` shows whether it arrived."""
        delivery = webhooks.test(by=self.person, webhook=selectors.webhook_for(self.person, webhook_id))
        return Response(DeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED)


@extend_schema(tags=["webhooks"])
class DeliveriesView(RoomListView[Delivery]):
    """What was sent to a webhook."""

    serializer_class = DeliverySerializer
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        """The latest first."""
        return selectors.deliveries_of(selectors.webhook_for(self.person, self.kwargs["webhook_id"]))

    @extend_schema(operation_id="webhooks_deliveries", parameters=[ETAG])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the messages of the last thirty days, latest first."""
        return self.page(request)
