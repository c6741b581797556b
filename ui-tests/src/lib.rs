//! Programs that must not compile, with the messages they draw, and programs that must.
