//! A jar of cookies for one host, and what servers set in it.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use crate::program::Answer;

/// Who is asked with the cookies of a jar.
pub(crate) trait Answers {
    /// Asks with more header lines, each ended.
    fn ask(&self, path: &str, headers: &str) -> Answer;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Jar {
    cookies: BTreeMap<String, String>,
}

impl Jar {
    /// What a server sets when it is asked for it.
    pub(crate) fn set_by(side: &impl Answers, query: &str) -> Self {
        let mut jar = Self::default();
        let answer = jar.ask(side, &format!("/set?{query}"));
        assert_eq!(answer.code(), "200", "{query}: {}", answer.body);
        jar
    }

    /// The value that a server finds in it; what the server sets is kept.
    pub(crate) fn read_by(&mut self, side: &impl Answers, query: &str) -> Option<String> {
        let answer = self.ask(side, &format!("/get?{query}"));
        (answer.code() == "200").then_some(answer.body)
    }

    pub(crate) fn ask(&mut self, side: &impl Answers, path: &str) -> Answer {
        let answer = side.ask(path, &self.header());
        self.keep(&answer);
        answer
    }

    /// What an answer sets.
    pub(crate) fn keep(&mut self, answer: &Answer) {
        for line in set_cookies(answer) {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a name and a value");
            if attributes.contains("expires=Thu, 01 Jan 1970") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// What someone else puts there.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.cookies.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.cookies.remove(name);
        self
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }

    /// The line by which a browser sends it, ended; nothing if there is nothing in it.
    pub(crate) fn header(&self) -> String {
        if self.cookies.is_empty() {
            return String::new();
        }
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("Cookie: {}\r\n", pairs.join("; "))
    }
}

/// The cookies that an answer sets, line for line.
pub(crate) fn set_cookies(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.iter();
    lines
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect()
}
