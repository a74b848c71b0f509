// A certified OpenID provider on loopback, made into the broker that a test asks for. Its persons sign in by an
// address: /interaction/<uid>?person=<sub>&acr=<acr>, or ?error=<code>.
//
// With `tenant` it is a tenant of Entra ID: its issuer has the tenant in its path, the discovery document is that of all
// tenants and states a pattern in place of the issuer, and ?amr= says by what somebody signed in.
//
// What it is comes as JSON in OIDC_PROVIDER: clients, keys, persons, and switches of the package. The process ends
// with its standard input (local/end_with_parent.cjs).
import { createServer } from "node:http";

import Provider from "oidc-provider";

const { clients, jwks, persons, claims, scopes, acrValues, features, conformIdTokenClaims, tenant } = JSON.parse(
  process.env.OIDC_PROVIDER,
);

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const path = tenant ? `/${tenant}/v2.0` : "";
const issuer = `${origin}${path}`;

const provider = new Provider(issuer, {
  clients,
  jwks,
  claims,
  scopes,
  acrValues,
  conformIdTokenClaims,
  features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true }, ...features },
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  ttl: { IdToken: 300, Interaction: 600, Session: 600, Grant: 600, AccessToken: 300, AuthorizationCode: 60 },
  findAccount: (_, sub) => persons[sub] && { accountId: sub, claims: () => ({ sub, ...persons[sub] }) },
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope(scopes.join(" "));
    grant.addOIDCClaims(Object.values(claims).flat());
    await grant.save();
    return grant;
  },
  interactions: { url: (_, interaction) => `${path}/interaction/${interaction.uid}` },
});

const answer = provider.callback();
server.on("request", async (request, response) => {
  const url = new URL(request.url, origin);
  if (tenant && url.pathname === "/organizations/v2.0/.well-known/openid-configuration") {
    const own = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...own, issuer: `${origin}/{tenantid}/v2.0` }));
    return;
  }
  if (tenant && url.pathname.startsWith(path)) {
    // Mounted in a path: the package makes its own addresses from what was before it (koa-mount and express do so, too).
    request.originalUrl = request.url;
    request.url = request.url.slice(path.length);
    url.pathname = url.pathname.slice(path.length);
  }
  if (!url.pathname.startsWith("/interaction/")) {
    answer(request, response);
    return;
  }
  const { person, acr, error, amr } = Object.fromEntries(url.searchParams);
  const result = error
    ? { error, error_description: "says more than anyone should read" }
    : { login: { accountId: person, acr, remember: false, ...(amr && { amr: amr.split(" ") }) } };
  try {
    await provider.interactionFinished(request, response, result);
  } catch (fault) {
    response.writeHead(500).end(String(fault));
  }
});
console.log(`successfully listening at ${origin}`);
