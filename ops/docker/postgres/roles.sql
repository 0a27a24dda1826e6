-- Roles and database, for ops/services.sh and for the container of compose.yaml. Run as superuser; may run again.
-- psql variables: db, admin_password, service_password.
--
-- sluice_admin    owns the database and the schema; `sluice migrate` uses it, the service never does.
-- sluice_service  what the service connects as: row-level security holds for it.
set client_min_messages = warning;
select 'create role sluice_admin' where not exists (select from pg_roles where rolname = 'sluice_admin') \gexec
select 'create role sluice_service' where not exists (select from pg_roles where rolname = 'sluice_service') \gexec
alter role sluice_admin with login nosuperuser createdb createrole nobypassrls password :'admin_password';
alter role sluice_service with login nosuperuser nocreatedb nocreaterole nobypassrls password :'service_password';
grant sluice_service to sluice_admin with admin option;

select format('create database %I owner sluice_admin', :'db') where not exists (select from pg_database where datname = :'db') \gexec
\connect :"db"
set client_min_messages = warning;
create extension if not exists vector;
