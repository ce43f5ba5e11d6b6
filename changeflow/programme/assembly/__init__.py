"""How a programme is put together: tasks, calendars, and what facts and decisions add to them."""
