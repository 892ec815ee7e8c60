//! journey
fn main() {}
