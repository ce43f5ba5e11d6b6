"""The tables, one file for each family. `programme` is always loaded, because the others refer to it.

Import a family where its rows are used, and `metadata` from `every_table` where all tables are needed.
"""

from changeflow.storage.tables import programme

__all__ = ["programme"]
