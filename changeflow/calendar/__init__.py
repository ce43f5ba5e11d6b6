"""Working time: layered calendars compiled to sorted arrays, periods, and UK public holidays."""
