# shellcheck shell=bash
# The database servers of a run, besides the PostgreSQL that tests start from npm: MariaDB, PgBouncer and Oracle's MySQL. All of them must
# be there. Sourced by `run`; uses its run_folder.
# shellcheck disable=SC2154

# Installs MariaDB and PgBouncer where this run may.
install_databases() {
  find_mariadb || install_package mariadb-server
  find_mariadb || { missing MariaDB mariadb-server LEASEPOOL_MARIADB_URL; return 1; }
  find_pgbouncer || install_package pgbouncer
  find_pgbouncer || { missing PgBouncer pgbouncer LEASEPOOL_PGBOUNCER_BIN; return 1; }
}

missing() { echo "There is no $1: install the package $2, or set $3"; }

# A package must not start a server of its own.
install_package() {
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
  local policy=/usr/sbin/policy-rc.d made=false status=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=true
  fi
  echo "Installing $1"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1" >"$run_folder/apt.txt" 2>&1 || status=$?
  [ "$made" = false ] || rm -f "$policy"
  [ "$status" -eq 0 ] || tail -20 "$run_folder/apt.txt"
}

find_mariadb() { [ -n "${LEASEPOOL_MARIADB_URL:-}" ] || PATH="$PATH:/usr/sbin:/usr/libexec" command -v mariadbd >/dev/null; }

find_pgbouncer() { PATH="$PATH:/usr/sbin" command -v "${LEASEPOOL_PGBOUNCER_BIN:-pgbouncer}" >/dev/null; }

# One server for all tests of the run, so that users that any of them leaves are seen at the end.
start_mariadb() {
  [ -z "${LEASEPOOL_MARIADB_URL:-}" ] || return 0
  local folder="$run_folder/mariadb" port as_user=()
  port=$(free_port) || return 1
  [ "$(id -u)" -ne 0 ] || as_user=(--user=mysql)
  mkdir -p "$folder" && chmod 755 "$folder"
  PATH="$PATH:/usr/sbin:/usr/libexec"
  mariadb-install-db --no-defaults --datadir="$folder/data" --auth-root-authentication-method=normal --skip-test-db \
    --skip-name-resolve "${as_user[@]}" >"$folder/install.txt" 2>&1 || { tail -20 "$folder/install.txt"; return 1; }
  mariadbd --no-defaults "${as_user[@]}" --datadir="$folder/data" --port="$port" --bind-address=127.0.0.1 \
    --socket="$folder/data/m.sock" --pid-file="$folder/data/m.pid" --skip-name-resolve --skip-log-bin \
    --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M --max-connections=500 >"$folder/server.txt" 2>&1 &
  mariadb_pid=$!
  wait_for_port "$port" || { tail -20 "$folder/server.txt"; return 1; }
  export LEASEPOOL_MARIADB_URL="mysql://root@127.0.0.1:$port"
}

# Oracle's MySQL, unpacked beside the system.
start_mysql() {
  [ -z "${LEASEPOOL_MYSQL_URL:-}" ] || return 0
  local port data="$run_folder/mysql-data" cache="${XDG_CACHE_HOME:-$HOME/.cache}/leasepool/mysql"
  mkdir -p "$cache"
  if ! MYSQL_HOME="$cache" scripts/mysql-server.sh fetch >"$run_folder/mysql.txt" 2>&1; then
    tail -20 "$run_folder/mysql.txt"
    echo 'There is no MySQL: scripts/mysql-server.sh could not fetch it, for the reason above; or set LEASEPOOL_MYSQL_URL'
    return 1
  fi
  port=$(free_port) || return 1
  MYSQL_HOME="$cache" scripts/mysql-server.sh init "$data" >>"$run_folder/mysql.txt" 2>&1 || { tail -20 "$run_folder/mysql.txt"; return 1; }
  mysql_pid=$(MYSQL_HOME="$cache" scripts/mysql-server.sh start "$data" "$port" --max-connections=500) || return 1
  export LEASEPOOL_MYSQL_URL="mysql://root@127.0.0.1:$port"
}

start_databases() { start_mariadb && start_mysql; }

stop_databases() {
  [ -z "${mariadb_pid:-}" ] || kill -9 "$mariadb_pid" 2>/dev/null
  [ -z "${mysql_pid:-}" ] || kill -9 "$mysql_pid" 2>/dev/null
  mariadb_pid=''
  mysql_pid=''
}

# Users of leases on the servers of this run, one a line.
users_left() {
  node -e '
    const { createConnection } = require("mysql2/promise")
    const urls = [process.env.LEASEPOOL_MARIADB_URL, process.env.LEASEPOOL_MYSQL_URL].filter(Boolean)
    const look = async (uri) => {
      const connection = await createConnection({ uri })
      const [rows] = await connection.query("SELECT user AS name FROM mysql.user WHERE user LIKE \"v-%\"")
      await connection.end()
      return rows.map(({ name }) => name)
    }
    Promise.all(urls.map(look)).then((found) => console.log(found.flat().join("\n")))
  '
}

free_port() {
  node -e '
    const { createServer } = require("net")
    const attempt = () => {
      const port = 20000 + Math.floor(Math.random() * 12000)
      const server = createServer().once("error", attempt)
      server.listen(port, "127.0.0.1", () => server.close(() => console.log(port)))
    }
    attempt()
  '
}

wait_for_port() {
  local try
  for ((try = 0; try < 300; try++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  return 1
}
