"""What the API reads and writes about tokens."""

from typing import Any

from rest_framework import serializers

from accounts import tokens
from accounts.models import ApiToken


class TokenRequest(serializers.Serializer[Any]):
    """Who asks for a token, and what it shall be."""

    username = serializers.CharField(
        max_length=254, help_text="Your name or e-mail address. Short: `name`.", required=False
    )
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)
    code = serializers.CharField(
        max_length=32, required=False, help_text="The one-time code, where a second factor is on."
    )
    name = serializers.CharField(
        max_length=254,
        required=False,
        help_text="What the token is called; where `username` is missing, who you are.",
    )
    read_only = serializers.BooleanField(default=False)  # type: ignore[assignment]  # a field, not the option
    days = serializers.IntegerField(min_value=1, max_value=tokens.MOST_DAYS, default=tokens.DEFAULT_DAYS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Sort out which of the two names is whose."""
        person, name = attrs.pop("username", ""), attrs.pop("name", "")
        if not person:
            person, name = name, ""
        if not person:
            raise serializers.ValidationError({"name": ["Write your name or e-mail address."]})
        return {**attrs, "person": person, "token_name": name or "API"}


class TokenAnswer(serializers.ModelSerializer[ApiToken]):
    """A token and, this once, its key."""

    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta:
        model = ApiToken
        fields = ("token", "id", "name", "read_only", "expires_at")
        read_only_fields = fields
