"""POST /token: a person's name and password for a token. Attempts count together with those of the sign-in page."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.authentication import TokenAuthentication
from accounts.errors import DomainError
from accounts.models import User
from accounts.serializers import TokenAnswer, TokenRequest


class Nobody(TokenAuthentication):
    """Signs nobody in, whatever the headers and cookies say; only makes refusals a 401 that says what would do."""

    def authenticate(self, request: Request) -> None:
        """Look at nothing: an old token must not keep anybody from a new one."""


class TokenView(APIView):
    """Makes API tokens for programs that know a password."""

    # Who asks is told by the body.
    authentication_classes = [Nobody]
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="token_create",
        request=TokenRequest,
        responses={201: TokenAnswer},
        auth=[],
        tags=["token"],
    )
    def post(self, request: Request) -> Response:
        """Make a token and show its key, once."""
        asked = TokenRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        user = _person(request, data)
        token, key = tokens.create(
            by=user, name=data["token_name"], read_only=data["read_only"], days=data["days"]
        )
        token.token = key  # type: ignore[attr-defined]  # shown this once, never kept
        return Response(TokenAnswer(token).data, status=status.HTTP_201_CREATED)


def _person(request: Request, data: dict[str, Any]) -> User:
    found = get_adapter().authenticate(request._request, username=data["person"], password=data["password"])
    if found is None:
        raise AuthenticationFailed(_("Name and password do not match."), code="wrong_password")
    user = cast(User, found)
    if not user.is_active:
        raise DomainError(
            _("This account is not open yet: an administrator has to let you in.")
            if user.approval == User.Approval.WAITING
            else _("This account is closed. Ask an administrator."),
            code=f"account_{user.approval}",
            status=403,
        )
    if is_mfa_enabled(user):
        _check_code(user, data.get("code"))
    return user


def _check_code(user: User, code: str | None) -> None:
    if not code:
        raise AuthenticationFailed(
            _("Send the one-time code of your second factor as well, as `code`."), code="code_needed"
        )
    if not AuthenticateForm({"code": code}, user=user).is_valid():
        raise AuthenticationFailed(
            _("This code does not fit. Codes change every 30 seconds; send the one shown now."),
            code="wrong_code",
        )
