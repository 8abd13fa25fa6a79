// A person at a browser: the sign-in and consent pages of the stand-in, filled in and sent.

const unescape = (text) =>
  text
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&gt;", ">")
    .replaceAll("&lt;", "<")
    .replaceAll("&amp;", "&");

/** Signs in and accepts, and gives the parameters that the browser brings back. */
export async function signIn(url, username, password) {
  let page = await fetch(url, { redirect: "manual" });
  while (page.status !== 302) {
    const html = await page.text();
    const [, action, step] = html.match(/<form [^>]*action="([^"]*)"[^>]*data-step="([^"]*)"/) ?? [];
    const fields = new URLSearchParams();
    for (const [, name, value] of html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
      fields.append(name, unescape(value));
    }
    if (step === "sign-in") {
      fields.append("username", username);
      fields.append("password", password);
    } else if (step === "consent") {
      fields.append("answer", "accept");
    } else {
      throw new Error(`an unexpected page, status ${page.status}:\n${html}`);
    }
    page = await fetch(new URL(unescape(action), url), { method: "POST", body: fields, redirect: "manual" });
  }
  return Object.fromEntries(new URL(page.headers.get("location")).searchParams);
}
