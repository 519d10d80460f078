//! Number formats, shared by all tables, figures and pages.

/// A measured value with about four significant digits: `25,345`, `1,204.5`, `24.46`, `1.429`, `0.0312`, `2e-5`.
pub fn value(x: f64) -> String {
    if !x.is_finite() {
        return if x.is_nan() { "not a number".into() } else { "infinite".into() };
    }
    let size = x.abs();
    if size >= 10_000.0 {
        fixed(x, 0)
    } else if size >= 100.0 {
        fixed(x, 1)
    } else if size >= 10.0 {
        format!("{x:.2}")
    } else if size >= 0.1 || size == 0.0 {
        format!("{x:.3}")
    } else if size >= TINY {
        format!("{x:.4}")
    } else {
        tiny(x)
    }
}

/// Below this, four decimals are all zeros.
pub const TINY: f64 = 5e-5;

/// A number too small for decimals, with two significant digits at most: `2e-5`, `1.5e-7`.
pub fn tiny(x: f64) -> String {
    format!("{x:.1e}").replace(".0e", "e")
}

/// A number with so many decimals, and commas between thousands.
pub fn fixed(x: f64, places: usize) -> String {
    let text = format!("{:.places$}", x.abs());
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let Ok(whole) = whole.parse() else { return format!("{x:.places$}") };
    let sign = if x < 0.0 { "-" } else { "" };
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{decimals}", count(whole))
}

/// A time with three significant digits, at most six decimals: `130`, `4.17`, `0.0271`.
pub fn time(x: f64) -> String {
    let places = (2.0 - x.abs().max(1e-9).log10().floor()).clamp(0.0, 6.0);
    format!("{x:.*}", places as usize)
}

/// A count with commas between thousands.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio, such as a compression: `1.00x`, `24.46x`, `639.6x`.
pub fn ratio(x: f64) -> String {
    if x.abs() < 10.0 { format!("{x:.2}x") } else { format!("{}x", value(x)) }
}

/// A ratio; a dash if there is none, as for a network of which nothing is left.
pub fn ratio_or_dash(x: Option<f64>) -> String {
    x.map_or_else(|| "-".to_owned(), ratio)
}

/// A metric or a count: integers without decimals, other numbers as [`value`].
pub fn published(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 {
        let whole = count(x.abs() as u64);
        return if x < 0.0 { format!("-{whole}") } else { whole };
    }
    value(x)
}

/// A fraction in percent: `46 %`, `3.1 %`, `<0.1 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 99.95 && percent < 100.0 {
        ">99.9 %".into()
    } else if percent > 99.0 && percent < 100.0 {
        format!("{percent:.1} %")
    } else if percent >= 10.0 || percent == 0.0 {
        format!("{percent:.0} %")
    } else if percent >= 0.1 {
        format!("{percent:.1} %")
    } else {
        "<0.1 %".into()
    }
}

/// A signed relative difference, such as `+3.2 %`; empty if it is undefined.
pub fn relative(ours: f64, theirs: f64) -> String {
    if theirs == 0.0 || !ours.is_finite() || !theirs.is_finite() {
        return String::new();
    }
    format!("{:+.1} %", (ours - theirs) / theirs.abs() * 100.0)
}

/// A duration in a suitable unit: `48 s`, `12 min`, `3.4 h`.
pub fn seconds(s: f64) -> String {
    if s < 100.0 {
        format!("{s:.0} s")
    } else if s < 6000.0 {
        format!("{:.0} min", s / 60.0)
    } else {
        format!("{:.1} h", s / 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_the_digits_worth_reading() {
        let shown: Vec<String> = [25345.6, 9839.3, 116.47, 24.4613, 1.42904, 0.0, 0.0312, -12.5].map(value).into();
        assert_eq!(shown, ["25,346", "9,839.3", "116.5", "24.46", "1.429", "0.000", "0.0312", "-12.50"]);
        assert_eq!(value(f64::NAN), "not a number");
        // Not zeros where there is something.
        assert_eq!([5e-4, 5e-5, 4e-5, -1.52e-7].map(value), ["0.0005", "0.0001", "4e-5", "-1.5e-7"]);
        assert_eq!(published(2e-10), "2e-10");
    }

    #[test]
    fn counts_shares_and_times() {
        assert_eq!([count(7), count(1024), count(13_062_144)], ["7", "1,024", "13,062,144"]);
        assert_eq!(
            [percent(0.457), percent(0.031), percent(0.0001), percent(0.999)],
            ["46 %", "3.1 %", "<0.1 %", "99.9 %"]
        );
        assert_eq!(published(201.0), "201");
        assert_eq!([ratio(1.0), ratio(24.4613)], ["1.00x", "24.46x"]);
        assert_eq!([ratio_or_dash(Some(2.0)), ratio_or_dash(None)], ["2.00x", "-"]);
        assert_eq!([fixed(9960.33, 1), fixed(-1234.5, 0), fixed(0.25, 3)], ["9,960.3", "-1,234", "0.250"]);
        assert_eq!(relative(116.0, 120.0), "-3.3 %");
        assert_eq!(relative(1.0, 0.0), "");
        assert_eq!([seconds(48.2), seconds(720.0), seconds(12_240.0)], ["48 s", "12 min", "3.4 h"]);
    }
}
