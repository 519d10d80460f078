//! `explore.html`: one file with the compact models of several runs, in which one types a text and watches every unit
//! of the networks read it. It needs no network and no installed program: the models are inside, and so is the
//! arithmetic.
//!
//! ```text
//! compact.safetensors --CompactModel--> ExplorerRun --page--> explore.html
//!                                          js/*.js ---------------^
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `run` | a run's compact model, with what the page shows beside it |
//! | `page` | which models the page has, and its HTML |
//! | `script` | the scripts as one, for a page without further files |
//! | `js/` | the scripts: ES modules with types in comments |
//!
//! | script | contents |
//! |---|---|
//! | `cell`, `format`, `network` | the step of a cell as a list of operations; the file of a compact model; running it |
//! | `pattern`, `tokens` | a text as symbols, by the rules of the data set |
//! | `draws`, `predict` | random numbers; predictions, effects of words, drawn texts |
//! | `colors`, `table`, `heat`, `pinned`, `words`, `explore` | what is seen: colours, tables, the heat map, one step, the text, the page |

mod page;
mod run;
mod script;

pub use page::{DEFAULT_BUDGET, ExplorerPage, page};
pub use run::ExplorerRun;

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
