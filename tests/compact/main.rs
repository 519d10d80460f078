//! The compact model computes what the masked network does: on random structures of every cell and kind of task, from
//! nothing left to nothing taken out, in double and in single precision.

mod agreement;
mod network;
mod stored;
mod timed;
