"""How a programme is assembled: tasks, calendars, and what facts and decisions add."""
