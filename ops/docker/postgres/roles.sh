#!/bin/sh
# Run once by the container's entry point, on an empty data folder.
set -eu
psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d template1 -c 'create extension if not exists vector'
psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -v db=sluice \
  -v admin_password="$SLUICE_DB_ADMIN_PASSWORD" -v service_password="$SLUICE_DB_PASSWORD" -f /opt/sluice/roles.sql
