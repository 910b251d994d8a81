"""State in PostgreSQL: one module and one .sql file per table, migrations, and the views of the CRM."""
