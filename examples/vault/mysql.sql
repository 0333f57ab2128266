-- As root, once. MySQL 8 or newer, or MariaDB.

-- Who makes the users: it can give them what it has itself in the app's database, and nothing beyond.
CREATE USER 'vault'@'%' IDENTIFIED BY 'change me';
GRANT CREATE USER ON *.* TO 'vault'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO 'vault'@'%' WITH GRANT OPTION;
