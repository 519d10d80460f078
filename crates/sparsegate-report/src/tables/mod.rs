//! The tables of a report, one file each.

mod backends;
mod claims;
mod patterns;
mod planted;
mod results;
mod speed;
mod words;

pub use backends::backends;
pub use claims::{epochs, orders, values};
pub use patterns::patterns;
pub use planted::{planted, precision, recall};
pub use results::{counting, results};
pub use speed::speed;
pub use words::words;
