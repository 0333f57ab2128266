-- In the app's database, as a superuser, once. PostgreSQL 16 or newer.

-- What an app may do. Its users are members of this: rights that are given to a user itself keep it from being dropped.
CREATE ROLE app_rw NOLOGIN;
GRANT USAGE ON SCHEMA public TO app_rw;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app_rw;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO app_rw;

-- Who makes the users, no superuser: it can drop its own only, and end their sessions.
CREATE ROLE vault LOGIN PASSWORD 'change me' CREATEROLE;
GRANT app_rw TO vault WITH ADMIN OPTION, INHERIT FALSE, SET FALSE;
GRANT pg_signal_backend TO vault;
