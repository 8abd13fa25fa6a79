"""msal for Python: the authorization code flow with PKCE, refresh, and the application alone."""

import msal
from sign_in import parameters_of, redirect_of
from stand_in import (
    AUTHORITY, CA, CERTIFICATE, CLIENT_ID, CLIENT_SECRET, DEFAULT, KEY, PASSWORD, REDIRECT_URI, TENANT,
    USER_ID, USERNAME, graph, happens,
)

SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"]


def application(credential):
    return msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=credential,
        authority=f"{AUTHORITY}/{TENANT}",
        instance_discovery=False,
        verify=CA,
    )


def signed_in(app):
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT_URI)
    back = parameters_of(redirect_of(flow["auth_uri"], USERNAME, PASSWORD, CA))
    result = app.acquire_token_by_auth_code_flow(flow, back)
    assert "access_token" in result, result
    return flow, back, result


def a_person_signs_in_and_the_token_is_renewed():
    app = application(CLIENT_SECRET)
    flow, back, result = signed_in(app)
    claims = result["id_token_claims"]
    assert (claims["oid"], claims["tid"]) == (USER_ID, TENANT), claims
    assert graph("/me", result["access_token"]).json()["id"] == USER_ID
    again = app.acquire_token_by_auth_code_flow(flow, back)
    assert again["error_codes"] == [54005], again

    (account,) = app.get_accounts()
    assert account["username"] == USERNAME
    renewed = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert renewed["access_token"] != result["access_token"], renewed
    assert graph("/me", renewed["access_token"]).status_code == 200


def a_code_is_good_only_with_the_verifier_of_who_asked():
    app = application(CLIENT_SECRET)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT_URI)
    back = parameters_of(redirect_of(flow["auth_uri"], USERNAME, PASSWORD, CA))
    refused = app.acquire_token_by_auth_code_flow({**flow, "code_verifier": "x" * 43}, back)
    assert refused["error_codes"] == [501481], refused


def a_revoked_grant_is_reported_as_one():
    app = application(CLIENT_SECRET)
    signed_in(app)
    happens({"revoke_sessions": USERNAME})
    (account,) = app.get_accounts()
    refused = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert (refused["error"], refused["suberror"]) == ("invalid_grant", "bad_token"), refused


def the_application_alone_by_secret_and_by_certificate():
    # With the certificate MSAL signs PS256 and names it by x5t#S256; with a SHA-1 thumbprint only,
    # RS256 and x5t.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    sha1 = x509.load_pem_x509_certificate(CERTIFICATE.encode()).fingerprint(hashes.SHA1()).hex()
    for credential in [
        CLIENT_SECRET,
        {"private_key": KEY, "public_certificate": CERTIFICATE},
        {"private_key": KEY, "thumbprint": sha1},
    ]:
        app = application(credential)
        first = app.acquire_token_for_client([DEFAULT])
        assert "access_token" in first, first
        assert graph(f"/users/{USER_ID}", first["access_token"]).json()["id"] == USER_ID
        assert graph("/me", first["access_token"]).status_code == 400
        # From its cache: the test counts what arrived.
        assert app.acquire_token_for_client([DEFAULT])["access_token"] == first["access_token"]


def a_wrong_secret_and_an_unknown_tenant_are_refused():
    refused = application("wrong").acquire_token_for_client([DEFAULT])
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215]), refused
    try:
        msal.ConfidentialClientApplication(
            CLIENT_ID, client_credential=CLIENT_SECRET, authority=f"{AUTHORITY}/nowhere.example",
            instance_discovery=False, verify=CA,
        ).acquire_token_for_client([DEFAULT])
    except ValueError as error:
        assert "nowhere.example" in str(error), error
    else:
        raise AssertionError("an unknown tenant was found")


TESTS = [
    a_person_signs_in_and_the_token_is_renewed,
    a_code_is_good_only_with_the_verifier_of_who_asked,
    a_revoked_grant_is_reported_as_one,
    the_application_alone_by_secret_and_by_certificate,
    a_wrong_secret_and_an_unknown_tenant_are_refused,
]
