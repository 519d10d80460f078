//! The compact model computes the same as the masked network: on random structures of every cell and task, from
//! everything pruned to nothing pruned, in double and in single precision.

mod agreement;
mod bench_cli;
mod network;
mod new_cell;
mod stored_metric;
