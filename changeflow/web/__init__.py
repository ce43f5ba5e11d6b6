"""The pages behind the links in messages. They work without script, and opening one changes nothing."""
