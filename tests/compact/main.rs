//! The compact model computes the same as the masked network: on random structures of every cell and task, from
//! everything pruned to nothing pruned, in double and in single precision.

mod agreement;
mod bench_cli;
#[path = "../../crates/sparsegate-nn/tests/engine/coupled_lstm.rs"]
mod coupled_lstm;
mod network;
mod new_cell;
mod stored_metric;
