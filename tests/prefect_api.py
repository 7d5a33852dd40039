"""Questions to the API of a Prefect server behind a password."""

from __future__ import annotations

import base64
import json
import urllib.request


def asked(url: str, login: str, body: dict | None = None, method: str = "POST"):
    """What a server answers. login: user and password, with a colon between."""
    password = base64.b64encode(login.encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {password}"}
    data = None if method == "GET" else json.dumps(body or {}).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")
