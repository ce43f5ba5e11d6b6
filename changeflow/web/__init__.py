"""The web application: pages for people who sign in, pages behind links in messages, and an API."""
