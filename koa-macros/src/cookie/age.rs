//! Ages as text, in the forms of the `ms` package: `"1d"`, `"30m"`, `"1.5h"`.

/// Units, each with its other names and its length in milliseconds.
const UNITS: [(&[&str], u128); 7] = [
    (&["ms", "msec", "msecs", "millisecond", "milliseconds"], 1),
    (&["s", "sec", "secs", "second", "seconds"], 1000),
    (&["m", "min", "mins", "minute", "minutes"], 60 * 1000),
    (&["h", "hr", "hrs", "hour", "hours"], 60 * 60 * 1000),
    (&["d", "day", "days"], DAY),
    (&["w", "week", "weeks"], 7 * DAY),
    (&["y", "yr", "yrs", "year", "years"], 365 * DAY + DAY / 4),
];

const DAY: u128 = 24 * 60 * 60 * 1000;

/// The forms, for a message.
pub(crate) const FORMS: &str = "write a number and its unit: `\"30s\"`, `\"30m\"`, `\"1.5h\"`, `\"1d\"`, `\"2w\"`, `\"500ms\"`";

/// The milliseconds that a text says; what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let not_an_age = || format!("`\"{text}\"` is no age\n{FORMS}");
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit.trim_start().to_ascii_lowercase();
    if unit.is_empty() && !number.is_empty() {
        return Err(format!(
            "`\"{text}\"` has no unit: is it `\"{number}ms\"`, `\"{number}s\"`?\n{FORMS}"
        ));
    }
    let (_, length) = UNITS
        .iter()
        .find(|(names, _)| names.contains(&unit.as_str()))
        .ok_or_else(not_an_age)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || whole.len() > 15 || fraction.len() > 9 {
        return Err(not_an_age());
    }
    let digits = |digits: &str| match digits {
        "" => Ok(0),
        digits => digits.parse::<u128>().map_err(|_| not_an_age()),
    };
    let scale = u32::try_from(fraction.len()).map_err(|_| not_an_age())?;
    let millis = digits(whole)? * length + digits(fraction)? * length / 10_u128.pow(scale);
    u64::try_from(millis).map_err(|_| not_an_age())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_ms_reads() {
        for (text, millis) in [
            ("1d", 86_400_000),
            ("30m", 1_800_000),
            ("1.5h", 5_400_000),
            (".5h", 1_800_000),
            ("2 days", 172_800_000),
            ("100ms", 100),
            ("1y", 31_557_600_000),
            ("1W", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(millis), "{text}");
        }
        for text in [
            "",
            "d",
            ".",
            "1x",
            "1 dya",
            "-1d",
            "1d2",
            "99999999999999999d",
            "1.2.3h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let said = parse("60").unwrap_err();
        assert!(said.starts_with("`\"60\"` has no unit"), "{said}");
    }
}
