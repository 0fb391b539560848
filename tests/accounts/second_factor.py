"""A second factor for tests: turned on, and asked for its code of now."""

import itertools
import time

from allauth.mfa.totp.internal import auth

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def turn_on(user):
    """Give a person a second factor."""
    return auth.TOTP.activate(user, SECRET).instance


def code_of_now(secret=SECRET):
    """What the app on the telephone shows."""
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))


def wrong_code(secret=SECRET):
    """A code that fits none of the counters allowed now."""
    now = int(time.time()) // 30
    fitting = {auth.format_hotp_value(auth.hotp_value(secret, now + step)) for step in (-2, -1, 0, 1, 2)}
    return next(code for code in map("{:06}".format, itertools.count()) if code not in fitting)
