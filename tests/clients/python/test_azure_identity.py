"""azure-identity for Python: a browser's sign-in with PKCE, and the application alone."""

import threading
import webbrowser

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential, InteractiveBrowserCredential
from sign_in import redirect_of
from stand_in import (
    AUTHORITY, CA, CERTIFICATE, CLIENT_ID, CLIENT_SECRET, DEFAULT, KEY, PASSWORD, PUBLIC_CLIENT_ID, TENANT,
    USER_ID, USERNAME, graph,
)

HERE = dict(authority=AUTHORITY, disable_instance_discovery=True, connection_verify=CA)


class Person(webbrowser.BaseBrowser):
    """Opens what the library wants opened, signs in, and brings the answer to where it listens."""

    def open(self, url, new=0, autoraise=True):
        # The library listens only once this has returned; it asks for the answer as a posted form.
        threading.Thread(target=redirect_of, args=(url, USERNAME, PASSWORD, CA)).start()
        return True


def a_person_signs_in_with_a_browser_and_the_token_is_renewed():
    webbrowser.register("person", None, Person(), preferred=True)
    credential = InteractiveBrowserCredential(tenant_id=TENANT, client_id=PUBLIC_CLIENT_ID, timeout=60, **HERE)
    first = credential.get_token("User.Read")
    assert graph("/me", first.token).json()["id"] == USER_ID
    # Another scope that was consented to is a refresh, not another sign-in: the test counts them.
    other = credential.get_token("User.Read", "OnlineMeetings.ReadWrite")
    assert other.token != first.token


def the_application_alone_by_secret_and_by_certificate():
    for credential in [
        ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, **HERE),
        CertificateCredential(TENANT, CLIENT_ID, certificate_data=(KEY + CERTIFICATE).encode(), **HERE),
    ]:
        token = credential.get_token(DEFAULT).token
        assert graph(f"/users/{USER_ID}", token).json()["id"] == USER_ID


def a_wrong_secret_is_refused():
    try:
        ClientSecretCredential(TENANT, CLIENT_ID, "wrong", **HERE).get_token(DEFAULT)
    except ClientAuthenticationError as error:
        assert "AADSTS7000215" in str(error), error
    else:
        raise AssertionError("a wrong secret was taken")


TESTS = [
    a_person_signs_in_with_a_browser_and_the_token_is_renewed,
    the_application_alone_by_secret_and_by_certificate,
    a_wrong_secret_is_refused,
]
