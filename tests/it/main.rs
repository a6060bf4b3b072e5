//! The product as a whole, from outside. One binary, because each would link everything again.

mod architecture;
