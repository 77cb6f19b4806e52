"""How the catalog's tables came to be, one numbered step each, run by Alembic when it opens."""
