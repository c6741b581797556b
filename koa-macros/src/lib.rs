//! The procedural macros of koa.
