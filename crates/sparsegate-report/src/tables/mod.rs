//! The tables of a report, one file each.

mod backends;
mod best;
mod claims;
mod classes;
mod efficiency;
mod ground_truth;
mod patterns;
mod points;
mod recommended;
mod results;
mod settings;
mod speed;
mod statistics;
mod words;

pub use backends::backends;
pub use best::best;
pub use claims::{epochs, orders, values};
pub use classes::{class_words, classes, confusion};
pub use efficiency::efficiency;
pub use ground_truth::{ground_truth, precision, recall};
pub use patterns::patterns;
pub use points::over_seeds;
pub use recommended::recommended;
pub use results::{results, weight_counts};
pub use settings::settings;
pub use speed::speed;
pub use words::{SHOWN as SHOWN_WORDS, words};
