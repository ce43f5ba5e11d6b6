"""What processes that work apart have imported before they begin."""

import duckdb
import lxml.etree
import python_calamine

import changeflow.__main__
import changeflow.cli
import changeflow.intake.folder
import changeflow.intake.mspdi
import changeflow.intake.tables
import changeflow.reconciliation.compare
import changeflow.usecases.definitions
import changeflow.usecases.dispatch
import changeflow.usecases.ticks
import changeflow.web.server
import tests.storage.test_storage

__all__ = ["changeflow", "duckdb", "lxml", "python_calamine", "tests"]
