"""The working workbook: a module for each sheet, `layout` for their look, `writing` for the file."""
