#!/bin/sh
# Sets Vault up for an app: a database engine with one PostgreSQL and one MySQL connection, a role for each, a policy, and an AppRole.
# Everything is written again as it stands here, so it can be run any number of times. What it does goes to stderr; stdout is what an
# app on this machine needs, for a shell.
set -eu

: "${VAULT_ADDR:?}" "${VAULT_TOKEN:?}"
: "${POSTGRES_ADDRESS:?}" "${POSTGRES_ADMIN:?}" "${POSTGRES_PASSWORD:?}"
: "${MYSQL_ADDRESS:?}" "${MYSQL_ADMIN:?}" "${MYSQL_PASSWORD:?}"

say() { echo "init: $*" >&2; }

# Not piped into grep -q: it would end before vault has written everything, and vault would fail.
mounts=$(vault secrets list -format=json)
case $mounts in
*'"database/"'*) say 'the database engine is there' ;;
*) vault secrets enable database >&2 ;;
esac

say 'PostgreSQL: connection and role app'
vault write database/config/postgres \
  plugin_name=postgresql-database-plugin \
  allowed_roles=app \
  connection_url="postgresql://{{username}}:{{password}}@$POSTGRES_ADDRESS/app?sslmode=disable" \
  username="$POSTGRES_ADMIN" \
  password="$POSTGRES_PASSWORD" >&2
vault write database/roles/app \
  db_name=postgres \
  default_ttl=1m \
  max_ttl=10m \
  creation_statements="CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO \"{{name}}\";
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO \"{{name}}\";" >&2

say 'MySQL: connection and role app-mysql'
vault write database/config/mysql \
  plugin_name=mysql-database-plugin \
  allowed_roles=app-mysql \
  connection_url="{{username}}:{{password}}@tcp($MYSQL_ADDRESS)/" \
  username="$MYSQL_ADMIN" \
  password="$MYSQL_PASSWORD" >&2
vault write database/roles/app-mysql \
  db_name=mysql \
  default_ttl=1m \
  max_ttl=10m \
  creation_statements="CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}';
    GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO '{{name}}'@'%';" >&2

say 'policy and AppRole app'
vault policy write app - >&2 <<'POLICY'
path "database/creds/app" { capabilities = ["read"] }
path "database/creds/app-mysql" { capabilities = ["read"] }
path "sys/leases/revoke" { capabilities = ["update"] }
POLICY
logins=$(vault auth list -format=json)
case $logins in
*'"approle/"'*) say 'AppRole is there' ;;
*) vault auth enable approle >&2 ;;
esac
vault write auth/approle/role/app token_policies=app token_ttl=1h >&2

role_id=$(vault read -field=role_id auth/approle/role/app/role-id)
secret_id=$(vault write -force -field=secret_id auth/approle/role/app/secret-id)
cat <<VARIABLES
export VAULT_ADDR=http://127.0.0.1:8200
export VAULT_TOKEN=$VAULT_TOKEN
export VAULT_ROLE_ID=$role_id
export VAULT_SECRET_ID=$secret_id
export PGHOST=127.0.0.1 PGPORT=5432 PGDATABASE=app
export MYSQL_HOST=127.0.0.1 MYSQL_TCP_PORT=3306 MYSQL_DATABASE=app
VARIABLES
