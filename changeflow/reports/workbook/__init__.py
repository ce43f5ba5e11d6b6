"""The workbook that people work in: one module a sheet, `layout` for how all of them look, `writing` for the file."""
