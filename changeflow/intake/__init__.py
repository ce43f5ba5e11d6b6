"""Files in: folders, CSV, Microsoft Project files, rulepacks. Mistakes come out as `Problem`s, all at once."""
