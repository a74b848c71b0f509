/** Staff at Entra ID: how one gets to the organisation's own sign-in page, and for what. */

import { call } from "./api.js";
import { button, element, fill } from "./dom.js";
import { problemNotice } from "./problems.js";

/** A button that leaves for it. `path` is the route that begins: to sign in, to accept an invitation, or to prove anew. */
export function entraButton({ label, path = "/staff/entra/start", body, signal, look = "secondary" }) {
  const outcome = element("div");
  const leave = async () => {
    fill(outcome);
    try {
      const { authorization_url: address } = await call("POST", path, { body, signal });
      location.assign(address);
    } catch (problem) {
      if (problem.name !== "AbortError") fill(outcome, problemNotice(problem));
    }
  };
  return element("div", { class: "apart" }, outcome, button(label, leave, look));
}

/** A place for such a button, which comes when the service says that it is registered there. The page does not wait. */
export function entraOffer(options) {
  const place = element("div");
  const offer = async () => {
    try {
      const { entra } = await call("GET", "/sign-in/providers", { signal: options.signal });
      if (entra) fill(place, entraButton(options));
    } catch {
      // Without an answer the page does what it does without Entra ID.
    }
  };
  offer();
  return place;
}
