"""One programme as one immutable value, joined from the core, and the questions that rules and reports ask of it."""
