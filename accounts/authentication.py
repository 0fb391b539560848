"""How a program says who it is: `Authorization: Token palm_...` or `Bearer palm_...`.

That a read-only token never writes is kept here and not by a permission, so that no view can forget it.
"""

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts import tokens
from accounts.models import ApiToken, User

SCHEMES = ("token", "bearer")


class TokenAuthentication(BaseAuthentication):
    """Signs in the person whose token is shown; without such a header the next way is tried."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Find the person and the token, or refuse with the reason."""
        scheme, _space, rest = get_authorization_header(request).partition(b" ")
        if scheme.lower().decode("latin-1") not in SCHEMES:
            return None
        token = tokens.find(rest.strip().decode("latin-1"))
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(
                _("This token is not known. It may have been revoked; make a new one.")
            )
        if token.is_expired:
            raise AuthenticationFailed(
                _("This token ended on %(day)s. Make a new one.") % {"day": f"{token.expires_at:%Y-%m-%d}"},
                code="token_expired",
            )
        if token.read_only and request.method not in SAFE_METHODS:
            raise PermissionDenied(
                _("This token may only read. Use one that may write."), code="token_read_only"
            )
        tokens.note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Make a request without credentials a 401 that says what would do."""
        return 'Bearer realm="palmsite"'
