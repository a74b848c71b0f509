"""A Key Vault for the laptop: the part of the REST API that our adapters use, spoken over HTTPS.

``python -m local.key_vault --port 8943 --data DIR`` serves one vault on 127.0.0.1 and prints one line when it is
ready. DIR keeps ``ca.pem`` (what a client trusts), the server certificate, one file per key and per secret, and
``control-token``; everything but the certificates is readable by its owner alone. A restart over the same DIR loses
nothing. Port 0 takes a free port; the address of a key holds the port, so wrapped keys outlive a restart only on a
fixed one.

Simulated, so that the real client runs unchanged:

- challenge authentication: 401 with ``WWW-Authenticate``, then a bearer token whose audience is
  ``https://vault.azure.net``. Nobody signs tokens here: any well-formed, unexpired, *unsigned* one will do, and a
  signed one is refused, so that a real token never belongs here.
- RSA keys of 2048, 3072 and 4096 bits (``RSA`` and ``RSA-HSM``): create, get (current or by version), list keys and
  versions in pages, rotate, enable and disable, wrapKey and unwrapKey with RSA-OAEP-256, soft delete, recover and
  purge, purge protection, and Key Vault's error bodies and statuses.
- secrets: set and get (current or by version), with content type, tags, and disabled ones that cannot be read; what
  stands behind a certificate is put here as the secret of its name.
- on request (``/emulator/``, see ``faults.py``): refused access, throttling, outages, delays; counts of calls.

Not simulated: who may do what (any token may do everything), hardware, expiry and not-before dates, rotation
policies, import, backup, release, encrypt, decrypt, sign, verify, other algorithms and key types, listing and deleting
secrets, certificates themselves, the seconds that Azure takes to delete, and its real limits of load. What is not
there answers 501.
A request to read a disabled key is answered, one to wrap or unwrap with it is refused; reports differ on whether
Azure refuses wrapKey too, so nothing of ours may lean on that.
"""
