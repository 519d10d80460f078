//! Number formats, shared by all tables, figures and pages.

/// A measured value with about four significant digits: `25,345`, `116.5`, `24.46`, `1.429`, `0.0312`.
pub fn value(x: f64) -> String {
    if !x.is_finite() {
        return if x.is_nan() { "not a number".into() } else { "infinite".into() };
    }
    let size = x.abs();
    if size >= 10_000.0 {
        let rounded = count(size.round() as u64);
        if x < 0.0 { format!("-{rounded}") } else { rounded }
    } else if size >= 100.0 {
        format!("{x:.1}")
    } else if size >= 10.0 {
        format!("{x:.2}")
    } else if size >= 0.1 || size == 0.0 {
        format!("{x:.3}")
    } else {
        format!("{x:.4}")
    }
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

/// A mean with its standard deviation, such as `201.4 ± 3.21`.
pub fn spread(mean: f64, sd: f64) -> String {
    format!("{} ± {}", published(mean), published(sd))
}

/// A mean with its standard deviation, both rounded to two significant digits of the deviation, such as `201.4 ± 3.2`.
/// A deviation of 10 or more is rounded to whole numbers.
pub fn rounded(mean: f64, sd: f64) -> String {
    // The deviation of equal values may be a rounding error.
    if sd <= 1e-12 * mean.abs() || !sd.is_finite() {
        return spread(mean, if sd.is_finite() { 0.0 } else { sd });
    }
    let places = (1.0 - sd.log10().floor()).clamp(0.0, 6.0) as usize;
    let one = |x: f64| if places == 0 && x >= 0.0 { count(x.round() as u64) } else { format!("{x:.places$}") };
    format!("{} ± {}", one(mean), one(sd))
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
        let shown: Vec<String> = [25345.6, 116.47, 24.4613, 1.42904, 0.0, 0.0312, -12.5].map(value).into();
        assert_eq!(shown, ["25,346", "116.5", "24.46", "1.429", "0.000", "0.0312", "-12.50"]);
        assert_eq!(value(f64::NAN), "not a number");
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
        assert_eq!(
            [rounded(201.43, 3.21), rounded(0.8412, 0.00137), rounded(25_345.6, 812.0), rounded(7.0, 1e-16)],
            ["201.4 ± 3.2", "0.8412 ± 0.0014", "25,346 ± 812", "7 ± 0"]
        );
        assert_eq!(relative(116.0, 120.0), "-3.3 %");
        assert_eq!(relative(1.0, 0.0), "");
        assert_eq!([seconds(48.2), seconds(720.0), seconds(12_240.0)], ["48 s", "12 min", "3.4 h"]);
    }
}
