//! bayes.
