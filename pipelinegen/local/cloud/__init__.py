"""Inside the server process: moto 5.2.5 with what it lacks or gets wrong put right, one module per concern."""
