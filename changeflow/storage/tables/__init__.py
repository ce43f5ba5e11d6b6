"""The tables, one file for each family, to which the tables of one programme refer.

Import a family where its rows are used, and `metadata` from `every_table` where all tables are needed: the command that
reads one programme loads half of them.
"""

from changeflow.storage.tables import programme

__all__ = ["programme"]
