"""Working time: calendars in layers, compiled to sorted arrays; periods; UK public holidays."""
