//! Inner loops, compiled for the processor's vector unit by whoever calls them: all are inlined into one function that
//! [`pulp::Arch::dispatch`] chose.

pub(crate) mod dense_lanes;
pub(crate) mod dense_panel;
#[cfg(target_arch = "x86_64")]
pub(crate) mod expand;
pub(crate) mod sparse;
pub(crate) mod transpose;

/// A closure as it is: an attribute may stand before an argument, but not before what a variable is set to. A closure in a kernel must
/// be marked as inlined, or it is compiled for the oldest processor.
#[inline(always)]
pub(crate) fn inlined<F>(closure: F) -> F {
    closure
}
