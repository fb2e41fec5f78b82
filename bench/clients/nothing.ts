// A program that does nothing: what is left of a start-up time is the runtime's own.
