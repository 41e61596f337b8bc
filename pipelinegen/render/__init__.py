"""From a template and a context to text; the only room that knows Jinja."""
