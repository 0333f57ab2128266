# All that leasepool asks of Vault with the token of a login, and nothing else: no default policy is needed beside it.

# A database user.
path "database/creds/app" {
  capabilities = ["read"]
}

# Its lease: longer, and back when its last connection is closed. Vault has no rule for "only its own leases"; who revokes one must know its
# id, which ends in 24 random characters.
path "sys/leases/renew" {
  capabilities = ["update"]
}
path "sys/leases/revoke" {
  capabilities = ["update"]
}

# The token itself: longer, and back at the end, with everything that it was given.
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# Whether it may read the role, for its max_ttl: it is not in here, so leasepool learns that from the first renewal that Vault cuts short.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
