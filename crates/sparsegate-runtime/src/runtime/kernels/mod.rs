//! Inner loops, compiled for the processor's vector unit by whoever calls them: all are inlined into one function that
//! [`pulp::Arch::dispatch`] chose.

pub(crate) mod dense_lanes;
pub(crate) mod dense_panel;
#[cfg(target_arch = "x86_64")]
pub(crate) mod expand;
pub(crate) mod sparse;
pub(crate) mod transpose;
