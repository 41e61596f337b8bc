"""What the compiler knows of a pipeline once every question is answered; frozen, complete, free of YAML."""
