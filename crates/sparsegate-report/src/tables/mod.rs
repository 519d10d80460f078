//! The tables of a report, one file each.

mod backends;
mod claims;
mod ground_truth;
mod patterns;
mod results;
mod speed;
mod words;

pub use backends::backends;
pub use claims::{epochs, orders, values};
pub use ground_truth::{ground_truth, precision, recall};
pub use patterns::patterns;
pub use results::{results, weight_counts};
pub use speed::speed;
pub use words::words;
