"""What the API reads and writes of webhooks and their messages."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from generation.sets import examples, sending
from generation.sets.examples import asked, shown
from generation.sets.fields import StrictSerializer, Text
from generation.sets.models import Delivery, Webhook


@extend_schema_serializer(examples=[asked("A program of yours", {"url": examples.WEBHOOK["url"]})])
class WebhookWish(StrictSerializer):
    """An address that is told when an order ends."""

    url = Text(max_length=sending.LONGEST)


@extend_schema_serializer(examples=[shown("Just made", examples.WEBHOOK)])
class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook. `secret` is shown once, when it is made: with it the receiver checks `Palmsite-Signature`."""

    secret = serializers.SerializerMethodField()

    class Meta:
        model = Webhook
        fields: ClassVar = ["id", "url", "secret", "created_at"]
        read_only_fields = fields

    def get_secret(self, webhook: Webhook) -> str | None:
        """Only in the answer that made it."""
        found: str | None = self.context.get("secret")
        return found


@extend_schema_serializer(examples=[shown("Arrived", examples.DELIVERY)])
class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A message to a webhook. `state` is waiting (tried, or tried again, at `next_at`), delivered or failed."""

    message = serializers.CharField(source="text", read_only=True)

    class Meta:
        model = Delivery
        fields: ClassVar = [
            "id", "event", "state", "attempts", "status", "message", "created_at", "next_at",
        ]  # fmt: skip
        read_only_fields = fields
