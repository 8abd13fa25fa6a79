"""Where the stand-in is, and who is known there: from the environment, as the test set it."""

import os
from pathlib import Path

import requests

AUTHORITY = os.environ["STAND_IN"]
CA = os.environ["STAND_IN_CA"]
TENANT = os.environ["TENANT"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
PUBLIC_CLIENT_ID = os.environ["PUBLIC_CLIENT_ID"]
REDIRECT_URI = os.environ["REDIRECT_URI"]
USERNAME = os.environ["USERNAME_AT_MICROSOFT"]
USER_ID = os.environ["USER_ID"]
PASSWORD = os.environ["PASSWORD"]
KEY = Path(os.environ["CLIENT_KEY"]).read_text()
CERTIFICATE = Path(os.environ["CLIENT_CERTIFICATE"]).read_text()

DEFAULT = "https://graph.microsoft.com/.default"


def graph(path, token):
    """Asks the stand-in's Graph."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{AUTHORITY}/v1.0{path}", headers=headers, verify=CA, timeout=30)


def happens(change):
    """Lets an administrator change something in the directory."""
    requests.post(f"{AUTHORITY}/_mock/directory", json=change, verify=CA, timeout=30).raise_for_status()
