"""Bearer tokens of the common stack: HS256 by a secret of the run, checked by PyJWT at each request."""

import datetime as dt
import uuid
from typing import Annotated, Any

import jwt
from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

VARIABLE = "BENCH_COMMON_KEY"
_CLAIMS = ["exp", "iat", "sub", "aud", "iss"]
_ISSUER, _AUDIENCE = "https://common.example", "common"
_bearer = HTTPBearer()


def issue(secret: str) -> str:
    """Return a token that is good for an hour."""
    now = dt.datetime.now(dt.UTC)
    claims = {"sub": str(uuid.uuid4()), "iss": _ISSUER, "aud": _AUDIENCE, "iat": now, "roles": ["admin"]}
    return jwt.encode({**claims, "exp": now + dt.timedelta(hours=1)}, secret, algorithm="HS256")


async def caller(request: Request, given: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]) -> str:
    """Return the id of who calls; refuse who has no good token, or not the role."""
    try:
        claims: dict[str, Any] = jwt.decode(
            given.credentials,
            request.app.state.secret,
            algorithms=["HS256"],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            options={"require": _CLAIMS},
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "The token is not good.") from error
    if "admin" not in claims.get("roles", []):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "The role is missing.")
    return str(claims["sub"])


Caller = Annotated[str, Depends(caller)]
