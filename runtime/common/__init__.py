"""What the programs of the runtime share: names, settings, S3, logs, pseudonyms. Declared once, here."""
