//! Small networks on Burn, matrices, inputs of the recurrence, and a cell that the program lacks.

pub mod case;
pub mod coupled_lstm;
pub mod matrix;
pub mod small_model;
pub mod tiny;
