//! Tokens: runs of text between `:`, `,`, `"`, brackets and braces, which are tokens themselves.

use std::ops::Range;

/// What is left of a text, one token ahead.
pub(super) struct Tokens<'a> {
    original: &'a str,
    at: usize,
    next: Option<Range<usize>>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        Self { original, at: 0, next: None }
    }

    pub(super) fn original(&self) -> &'a str {
        self.original
    }

    /// The place of the next token, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.next.as_ref().map_or(self.at, |next| next.start)
    }

    pub(super) fn rewind(&mut self, mark: usize) {
        self.at = mark;
        self.next = None;
    }

    pub(super) fn has_next(&self) -> bool {
        self.next.is_some() || self.at < self.original.len()
    }

    pub(super) fn next(&mut self) -> &'a str {
        let next = self.next.take().unwrap_or_else(|| self.scan());
        &self.original[next]
    }

    /// The text of the next tokens, if there are so many.
    pub(super) fn next_many(&mut self, count: usize) -> Option<&'a str> {
        let start = self.mark();
        for _ in 0..count {
            if !self.has_next() {
                self.rewind(start);
                return None;
            }
            self.next();
        }
        Some(&self.original[start..self.at])
    }

    /// Takes the next token if it is this one; blank tokens before it are passed over, even if it is not.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        if self.next.is_none() {
            if !self.has_next() {
                return false;
            }
            self.next = Some(self.scan());
        }
        while self.next.as_ref().is_some_and(|next| is_blank(&self.original[next.clone()]))
            && self.at < self.original.len()
        {
            self.next = Some(self.scan());
        }
        let taken = self.next.as_ref().is_some_and(|next| trim(&self.original[next.clone()]) == expected);
        if taken {
            self.next = None;
        }
        taken
    }

    fn scan(&mut self) -> Range<usize> {
        let start = self.at;
        let mut escaped = false;
        for (place, byte) in self.original.bytes().enumerate().skip(start) {
            match byte {
                b'\\' => escaped = !escaped,
                b':' | b',' | b'{' | b'}' | b'[' | b']' | b'"' if !escaped => {
                    // The delimiter ends the token before it, or is one.
                    self.at = if place > start { place } else { place + 1 };
                    return start..self.at;
                }
                _ => escaped = false,
            }
        }
        self.at = self.original.len();
        start..self.at
    }
}

/// Java's `String.trim`: everything up to the space goes, and no other white space.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|char| char <= ' ')
}

pub(super) fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}
