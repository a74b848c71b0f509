/** Passkeys: the browser's own functions with JSON in and out, also where the browser has no such functions itself. */

import { call } from "./api.js";

/** Whether this browser can make and use passkeys at this address. */
export function hasPasskeys() {
  // Browsers keep passkeys for names, and for no address of numbers.
  const isNamed = !/^[\d.]+$|:/.test(location.hostname);
  return isNamed && "PublicKeyCredential" in window && "credentials" in navigator;
}

/** Let the device make a passkey for what the service asks; what the service is told of it. */
export async function makePasskey(options, signal) {
  const made = await navigator.credentials.create({ publicKey: creation(options), signal });
  const { clientDataJSON, attestationObject } = made.response;
  const response = { clientDataJSON: encoded(clientDataJSON), attestationObject: encoded(attestationObject) };
  return { id: encoded(made.rawId), response };
}

/** Ask the service under `path` for a challenge, let a passkey sign it, and send that: what the service answers. */
export async function provePasskey(path, signal) {
  const options = await call("POST", `${path}/options`, { signal });
  const got = await navigator.credentials.get({ publicKey: request(options), signal });
  const { clientDataJSON, authenticatorData, signature, userHandle } = got.response;
  const response = {
    clientDataJSON: encoded(clientDataJSON),
    authenticatorData: encoded(authenticatorData),
    signature: encoded(signature),
    userHandle: userHandle === null ? "" : encoded(userHandle),
  };
  return call("POST", path, { body: { id: encoded(got.rawId), response }, signal });
}

/** Whether a failure means that the person closed the device's dialog, or that there is no passkey of theirs. */
export function isDeclined(fault) {
  return fault.name === "NotAllowedError" || fault.name === "InvalidStateError";
}

function creation(options) {
  return {
    ...options,
    challenge: decoded(options.challenge),
    user: { ...options.user, id: decoded(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(reference),
  };
}

function request(options) {
  return {
    ...options,
    challenge: decoded(options.challenge),
    allowCredentials: options.allowCredentials.map(reference),
  };
}

function reference(each) {
  return { ...each, id: decoded(each.id) };
}

function decoded(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function encoded(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
