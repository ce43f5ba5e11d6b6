"""Compare the old and the new payroll of a parallel run: ledgers in, differences out."""
