// @azure/msal-node and the Graph client: the authorization code flow with PKCE, refresh, and the
// application alone. The first failure ends it.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

import { ConfidentialClientApplication, CryptoProvider, InteractionRequiredAuthError } from "@azure/msal-node";
import { Client } from "@microsoft/microsoft-graph-client";

import { signIn } from "./sign_in.mjs";

const { STAND_IN, TENANT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERNAME_AT_MICROSOFT, USER_ID, PASSWORD } =
  process.env;
const SCOPES = ["User.Read", "OnlineMeetings.ReadWrite"];
const DEFAULT = ["https://graph.microsoft.com/.default"];
const key = readFileSync(process.env.CLIENT_KEY, "utf8");
const certificate = new X509Certificate(readFileSync(process.env.CLIENT_CERTIFICATE));

const application = (credential) =>
  new ConfidentialClientApplication({
    auth: {
      clientId: CLIENT_ID,
      authority: `${STAND_IN}/${TENANT}`,
      knownAuthorities: [new URL(STAND_IN).host],
      ...credential,
    },
  });

const graph = (token) =>
  Client.init({
    baseUrl: `${STAND_IN}/`,
    customHosts: new Set([new URL(STAND_IN).hostname]),
    authProvider: (done) => done(null, token),
  });

async function signedIn(app) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const url = await app.getAuthCodeUrl({
    scopes: SCOPES,
    redirectUri: REDIRECT_URI,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
    state: "the-state",
    nonce: "the-nonce",
  });
  const back = await signIn(url, USERNAME_AT_MICROSOFT, PASSWORD);
  assert.equal(back.state, "the-state");
  // The library refuses an id token with a nonce unless it is told which one to expect.
  return { code: back.code, codeVerifier: verifier, scopes: SCOPES, redirectUri: REDIRECT_URI, nonce: "the-nonce" };
}

const happens = async (change) => {
  const body = JSON.stringify(change);
  assert.equal((await fetch(`${STAND_IN}/_mock/directory`, { method: "POST", body })).status, 204);
};

const tests = {
  async a_person_signs_in_and_the_token_is_renewed() {
    const app = application({ clientSecret: CLIENT_SECRET });
    const result = await app.acquireTokenByCode(await signedIn(app));
    assert.equal(result.account.localAccountId, USER_ID);
    assert.equal(result.account.tenantId, TENANT);
    assert.equal((await graph(result.accessToken).api("/me").get()).id, USER_ID);

    const renewed = await app.acquireTokenSilent({ account: result.account, scopes: SCOPES, forceRefresh: true });
    assert.notEqual(renewed.accessToken, result.accessToken);
    assert.equal((await graph(renewed.accessToken).api("/me").select("id").get()).id, USER_ID);
  },

  async a_code_is_good_only_with_the_verifier_of_who_asked() {
    const app = application({ clientSecret: CLIENT_SECRET });
    const forged = app.acquireTokenByCode({ ...(await signedIn(app)), codeVerifier: "x".repeat(43) });
    await assert.rejects(forged, /AADSTS501481/);
  },

  async a_revoked_grant_asks_for_the_person() {
    const app = application({ clientSecret: CLIENT_SECRET });
    const { account } = await app.acquireTokenByCode(await signedIn(app));
    await happens({ revoke_sessions: USERNAME_AT_MICROSOFT });
    const silent = app.acquireTokenSilent({ account, scopes: SCOPES, forceRefresh: true });
    await assert.rejects(silent, InteractionRequiredAuthError);
  },

  async the_application_alone_by_secret_and_by_certificate() {
    const thumbprintSha256 = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    for (const credential of [
      { clientSecret: CLIENT_SECRET },
      { clientCertificate: { thumbprintSha256, privateKey: key } },
    ]) {
      const { accessToken } = await application(credential).acquireTokenByClientCredential({ scopes: DEFAULT });
      assert.equal((await graph(accessToken).api(`/users/${USER_ID}`).get()).id, USER_ID);
    }
  },

  async a_wrong_secret_is_refused() {
    const refused = application({ clientSecret: "wrong" }).acquireTokenByClientCredential({ scopes: DEFAULT });
    await assert.rejects(refused, (error) => error.errorCode === "invalid_client" && /7000215/.test(error.message));
  },
};

for (const [name, test] of Object.entries(tests)) {
  await test();
  console.log(`ok ${name}`);
}
