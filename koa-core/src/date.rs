//! Dates in headers: written as HTTP has them, read as leniently as Koa does.
//!
//! [RFC 9110 section 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7). The httpdate crate does not serve
//! here: it refuses a wrong day of the week, a 31st of February and ISO 8601, all of which `Date.parse`, and so Koa's
//! freshness check and [`response.lastModified=`](https://koajs.com/#response-lastmodified-), take; and it panics on
//! dates before 1970 and after 9999.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // from 1970-01-01 on

const DAY: i64 = 86_400;

/// Writes a date as headers have it, `Thu, 01 Jan 1970 00:00:00 GMT`, without fractions of a second. `None` for years
/// that do not have four digits.
pub(crate) fn format(date: SystemTime) -> Option<String> {
    let seconds = match date.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).ok()?,
        Err(before) => {
            let before = before.duration();
            let partial = i64::from(before.subsec_nanos() > 0);
            i64::try_from(before.as_secs())
                .ok()?
                .checked_neg()?
                .checked_sub(partial)?
        }
    };
    let days = seconds.div_euclid(DAY);
    let time = seconds.rem_euclid(DAY);
    let (year, month, day) = civil(days)?;
    if !(0..=9999).contains(&year) {
        return None;
    }
    let weekday = WEEKDAYS.get(usize::try_from(days.rem_euclid(7)).ok()?)?;
    let month = MONTHS.get(month)?;
    let (hour, minute, second) = (
        time.div_euclid(3600),
        time.div_euclid(60).rem_euclid(60),
        time.rem_euclid(60),
    );
    // `format!` would take three times as long.
    let mut text = String::with_capacity(LENGTH);
    text.push_str(weekday);
    text.push_str(", ");
    push_two(&mut text, day);
    text.push(' ');
    text.push_str(month);
    text.push(' ');
    push_two(&mut text, year / 100);
    push_two(&mut text, year % 100);
    for (before, number) in [(' ', hour), (':', minute), (':', second)] {
        text.push(before);
        push_two(&mut text, number);
    }
    text.push_str(" GMT");
    Some(text)
}

/// How long a date is that is written as headers have it.
const LENGTH: usize = 29;

/// A date as headers have it, without an allocation.
pub(crate) struct Written([u8; LENGTH]);

impl Written {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Writes a date as [`format`] does. Cookies of one second mostly end in the same one, which then is not written anew.
pub(crate) fn write(date: SystemTime) -> Option<Written> {
    thread_local! {
        static LAST: Cell<(u64, [u8; LENGTH])> = const { Cell::new((u64::MAX, [0; LENGTH])) };
    }
    let written = || format(date)?.into_bytes().try_into().ok();
    let Ok(since) = date.duration_since(SystemTime::UNIX_EPOCH) else {
        return written().map(Written);
    };
    let (last, text) = LAST.get();
    if last == since.as_secs() {
        return Some(Written(text));
    }
    let text = written()?;
    LAST.set((since.as_secs(), text));
    Some(Written(text))
}

/// Adds a number of two digits.
fn push_two(text: &mut String, number: i64) {
    let digit = |digit: i64| char::from(b'0' + u8::try_from(digit).unwrap_or(0));
    text.push(digit(number / 10));
    text.push(digit(number % 10));
}

/// Reads a date: the three forms of HTTP, with the weekday not looked at and optionally an offset such as `+0100` for
/// `GMT`, and ISO 8601. Without a zone it is UTC; a day too many runs over into the next month. Fractions of a second
/// are dropped. `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let seconds = iso(text.trim()).or_else(|| words(text))?;
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// `2026-01-01`, `2026-01`, `2026`, each optionally followed by `T00:00`, `:00`, `.000` and a zone.
fn iso(text: &str) -> Option<i64> {
    let (date, clock) = text
        .split_once(['T', ' '])
        .map_or((text, None), |(date, clock)| (date, Some(clock)));
    let mut parts = date.splitn(3, '-');
    let year = number(parts.next()?, 4, 4)?;
    let month = parts.next().map_or(Some(1), |month| number(month, 2, 2))?;
    let day = parts.next().map_or(Some(1), |day| number(day, 2, 2))?;
    let (clock, zone) = match clock {
        None => (0, 0),
        Some(clock) => match clock.find(['Z', '+', '-']) {
            None => (time(clock)?, 0),
            Some(at) => {
                let (clock, zone) = clock.split_at_checked(at)?;
                (time(clock)?, if zone == "Z" { 0 } else { offset(zone)? })
            }
        },
    };
    instant(year, month.checked_sub(1)?, day, clock, zone)
}

/// The forms of HTTP, word by word: a name is a weekday, a month or a zone, a number the day and then the year.
fn words(text: &str) -> Option<i64> {
    let (mut day, mut month, mut year, mut clock, mut zone) = (None, None, None, None, None);
    let mut number_or_month = |word: &str, longest: usize| -> Option<()> {
        if let Some(found) = MONTHS.iter().position(|month| is_name(word, month)) {
            month = Some(i64::try_from(found).ok()?);
        } else if day.is_none() {
            day = Some(number(word, 1, longest.min(2))?);
        } else if year.is_none() {
            year = Some(if word.len() == 2 {
                century(number(word, 2, 2)?)
            } else {
                number(word, 4, 4)?
            });
        } else {
            return None;
        }
        Some(())
    };
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        if word.contains(':') {
            clock = Some(time(word)?);
        } else if word.starts_with(['+', '-']) && clock.is_some() {
            zone = Some(offset(word)?);
        } else if ["GMT", "UTC", "UT", "Z"]
            .iter()
            .any(|name| word.eq_ignore_ascii_case(name))
        {
            zone = Some(0);
        } else if !WEEKDAYS.iter().any(|name| is_name(word, name)) {
            word.split('-')
                .try_for_each(|part| number_or_month(part, part.len()))?;
        }
    }
    instant(year?, month?, day?, clock.unwrap_or(0), zone.unwrap_or(0))
}

/// Whether a word begins with the three letters of a month or weekday and has only letters.
fn is_name(word: &str, name: &str) -> bool {
    word.get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The year that two digits mean.
fn century(year: i64) -> i64 {
    year.saturating_add(if year < 50 { 2000 } else { 1900 })
}

/// `00:00`, `00:00:00` or `00:00:00.000` as seconds.
fn time(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hour = number(parts.next()?, 2, 2)?;
    let minute = number(parts.next()?, 2, 2)?;
    let second = match parts.next() {
        None => 0,
        Some(second) => {
            let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
            fraction
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| number(second, 2, 2))??
        }
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(
        hour.saturating_mul(3600)
            .saturating_add(minute.saturating_mul(60))
            .saturating_add(second),
    )
}

/// `+0100` or `+01:00` as seconds.
fn offset(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+')?),
    };
    let (hour, minute) = text.split_at_checked(2)?;
    let hour = number(hour, 2, 2)?.saturating_mul(60);
    let minutes = hour.saturating_add(number(minute.strip_prefix(':').unwrap_or(minute), 2, 2)?);
    Some(minutes.saturating_mul(60).saturating_mul(sign))
}

fn number(text: &str, shortest: usize, longest: usize) -> Option<i64> {
    let fits = (shortest..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Seconds since 1970 of a date whose month counts from 0.
fn instant(year: i64, month: i64, day: i64, time: i64, zone: i64) -> Option<i64> {
    if !(0..12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March end with the day that leap years add.
    let year = if month < 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let months_since_march = month.checked_add(10)?.rem_euclid(12);
    let days_since_march = months_since_march
        .checked_mul(153)?
        .checked_add(2)?
        .div_euclid(5);
    let leap_days = year
        .div_euclid(4)
        .checked_sub(year.div_euclid(100))?
        .checked_add(year.div_euclid(400))?;
    let days = year
        .checked_mul(365)?
        .checked_add(leap_days)?
        .checked_add(days_since_march)?
        .checked_add(day)?;
    days.checked_sub(MARCH_OF_YEAR_0)?
        .checked_mul(DAY)?
        .checked_add(time)?
        .checked_sub(zone)
}

/// Days from the day before the 1st of March of year 0 to 1970-01-01.
const MARCH_OF_YEAR_0: i64 = 719_469;

/// Year, month from 0, and day of the month of a number of days since 1970.
fn civil(days: i64) -> Option<(i64, usize, i64)> {
    const FOUR_CENTURIES: i64 = 146_097;
    let days = days.checked_add(MARCH_OF_YEAR_0)?.checked_sub(1)?;
    let cycle = days.div_euclid(FOUR_CENTURIES);
    let day = days.rem_euclid(FOUR_CENTURIES);
    // Take away the leap days that are behind, so that all years have 365.
    let plain = day
        .checked_sub(day.div_euclid(1_460))?
        .checked_add(day.div_euclid(36_524))?
        .checked_sub(day.div_euclid(FOUR_CENTURIES.checked_sub(1)?))?;
    let year_of_cycle = plain.div_euclid(365);
    let leap_days = year_of_cycle
        .div_euclid(4)
        .checked_sub(year_of_cycle.div_euclid(100))?;
    let day_of_year = day.checked_sub(year_of_cycle.checked_mul(365)?.checked_add(leap_days)?)?;
    let months_since_march = day_of_year.checked_mul(5)?.checked_add(2)?.div_euclid(153);
    let days_since_march = months_since_march
        .checked_mul(153)?
        .checked_add(2)?
        .div_euclid(5);
    let month = months_since_march.checked_add(2)?.rem_euclid(12);
    let year = cycle
        .checked_mul(400)?
        .checked_add(year_of_cycle)?
        .checked_add(i64::from(month < 2))?;
    Some((
        year,
        usize::try_from(month).ok()?,
        day_of_year.checked_sub(days_since_march)?.checked_add(1)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use std::time::{Duration, SystemTime};

    fn read(text: &str) -> Option<String> {
        parse(text).and_then(format)
    }

    #[test]
    fn the_three_forms_of_http() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                read(text).as_deref(),
                Some("Sun, 06 Nov 1994 08:49:37 GMT"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_else_koa_reads() {
        for (text, date) in [
            ("2026-01-01", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("2013-09-13T10:20:30.500Z", "Fri, 13 Sep 2013 10:20:30 GMT"),
            ("2026-12-25T00:00:00-08:00", "Fri, 25 Dec 2026 08:00:00 GMT"),
            (
                "Thu, 01 Jan 2026 01:00:00 +0100",
                "Thu, 01 Jan 2026 00:00:00 GMT",
            ),
            (
                "Mon, 01 Jan 2026 00:00:00 GMT",
                "Thu, 01 Jan 2026 00:00:00 GMT",
            ),
            (
                "Thu, 31 Feb 2026 00:00:00 GMT",
                "Tue, 03 Mar 2026 00:00:00 GMT",
            ),
            ("1960-02-29", "Mon, 29 Feb 1960 00:00:00 GMT"),
        ] {
            assert_eq!(read(text).as_deref(), Some(date), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "garbage",
            "Thu",
            "01 Jan",
            "32 Jan 2026",
            "2026-13-01",
            "Thu, 01 Jan 2026 24:00:00 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let start = SystemTime::UNIX_EPOCH;
        for day in 0..146_097_u64 {
            let date = start + Duration::from_secs(day * 86_400 + 3_661);
            let text = format(date).unwrap();
            assert_eq!(parse(&text), Some(date), "{text}");
        }
    }

    #[test]
    fn the_ends_of_time() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(500);
        assert_eq!(
            format(before).as_deref(),
            Some("Wed, 31 Dec 1969 23:59:59 GMT")
        );
        let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        assert_eq!(
            format(last).as_deref(),
            Some("Fri, 31 Dec 9999 23:59:59 GMT")
        );
        assert_eq!(format(last + Duration::from_secs(1)), None);
    }
}
