//! What is refused, in which words.
