//! A page of runs that are still training, which the browser reads again after a while.

/// The page `html`, read again every `seconds`; unchanged without them.
pub(super) fn reloading(html: String, seconds: Option<u64>) -> String {
    match seconds {
        Some(seconds) => {
            html.replacen("<head>", &format!("<head><meta http-equiv=\"refresh\" content=\"{seconds}\">"), 1)
        }
        None => html,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_an_interval_is_read_again() {
        let page = "<!DOCTYPE html><html><head><title>a &lt;head></title></head><body><head></body></html>";
        assert_eq!(reloading(page.to_owned(), None), page);
        let reloaded = reloading(page.to_owned(), Some(30));
        assert!(reloaded.starts_with("<!DOCTYPE html><html><head><meta http-equiv=\"refresh\" content=\"30\"><title>"));
        assert_eq!(reloaded.matches("refresh").count(), 1);
    }
}
