//! The tests.
fn _x() {}
