//! The numbers: every figure against what the market was told to be, for each role, through every door.

pub mod market;
