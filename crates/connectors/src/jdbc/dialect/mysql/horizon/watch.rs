//! Names for the transactions of a server, which last as long as they do.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::jdbc::dialect::Open;

/// How long nobody may have read InnoDB's list before the server renews it, and a little more.
const RENEWAL: Duration = Duration::from_millis(105);
/// The longest that the list is left alone where others read it, too.
const SPACING_MAX: Duration = Duration::from_secs(2);

/// A statement that runs.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// The connection it runs on.
    pub(super) thread: i64,
    /// Its number, or the second in which it began.
    pub(super) identity: i64,
    /// How far `identity` may be off.
    pub(super) tolerance: i64,
    /// Whether it is about to write.
    pub(super) writer: bool,
}

/// A transaction of InnoDB.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// The connection it belongs to; 0: none (prepared for a two-phase commit).
    pub(super) thread: i64,
    /// Its number, which changes when it begins to write.
    pub(super) id: String,
    /// When it began.
    pub(super) started: String,
    /// Whether it has written, or is about to.
    pub(super) writer: bool,
}

/// What both lists of the server hold.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) statements: Vec<Statement>,
    pub(super) transactions: Vec<Transaction>,
}

/// What was last seen of a server.
#[derive(Debug)]
pub(super) struct Watch {
    /// When the last reading of InnoDB's list ended.
    read: Option<Instant>,
    /// How long InnoDB's list is left alone between two readings.
    spacing: Duration,
    /// When the reading began that `works` is from.
    begun: Option<Instant>,
    works: HashMap<Owner, Named>,
    name_next: u64,
}

/// Whose work it is: that of a connection, or a transaction that has lost its own.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Owner {
    Thread(i64),
    Prepared(String),
}

/// A transaction, or a statement that may become one.
#[derive(Clone, Debug)]
struct Named {
    name: u64,
    work: Work,
    writer: bool,
}

#[derive(Clone, Debug)]
enum Work {
    Statement(Statement),
    Transaction(Transaction),
}

impl Work {
    /// Whether this, seen later on the same connection, may be the same as `earlier`. Wrongly saying so only delays.
    fn may_be(&self, earlier: &Self) -> bool {
        match (earlier, self) {
            (Self::Statement(earlier), Self::Statement(later)) => {
                (later.identity - earlier.identity).abs() <= earlier.tolerance
            }
            // Its own, unless it has ended and another one began.
            (Self::Statement(_), Self::Transaction(_)) => true,
            (Self::Transaction(earlier), Self::Transaction(later)) => {
                let numbered = earlier.writer && later.writer;
                if numbered { earlier.id == later.id } else { earlier.started == later.started }
            }
            (Self::Transaction(_), Self::Statement(_)) => false,
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self { read: None, spacing: RENEWAL, begun: None, works: HashMap::new(), name_next: 0 }
    }
}

impl Watch {
    /// Until when the list is to be left alone.
    pub(super) fn quiet_until(&self) -> Option<Instant> {
        Some(self.read? + self.spacing)
    }

    /// Notes when the list was read.
    pub(super) fn read_at(&mut self, moment: Instant) {
        self.read = Some(moment);
    }

    /// Says that a list was an old one: others read it, too. Returns how long to wait, out of step with them.
    pub(super) fn crowded(&mut self, random: u64) -> Duration {
        self.spacing = (self.spacing * 3 / 2).min(SPACING_MAX);
        let spread = u64::try_from(self.spacing.as_millis()).unwrap_or(u64::MAX).max(1);
        RENEWAL + Duration::from_millis(random % spread)
    }

    /// Says that a list was young enough after so long.
    pub(super) fn calm(&mut self, waited: Duration) {
        if waited < RENEWAL {
            self.spacing = (self.spacing * 3 / 4).max(RENEWAL);
        }
    }

    /// Whether what is known may miss a transaction that was there at a moment.
    pub(super) fn begun_before(&self, moment: Instant) -> bool {
        self.begun.is_none_or(|begun| begun < moment)
    }

    /// Takes what was read, beginning at a moment.
    pub(super) fn update(&mut self, begun: Instant, listing: &Listing) {
        let statements = listing.statements.iter();
        let mut works: HashMap<Owner, (Work, bool)> = statements
            .map(|statement| {
                (Owner::Thread(statement.thread), (Work::Statement(statement.clone()), statement.writer))
            })
            .collect();
        for transaction in &listing.transactions {
            let owner = match transaction.thread {
                0 => Owner::Prepared(transaction.id.clone()),
                thread => Owner::Thread(thread),
            };
            works.insert(owner, (Work::Transaction(transaction.clone()), transaction.writer));
        }
        let earlier = std::mem::take(&mut self.works);
        self.works = works
            .into_iter()
            .map(|(owner, (work, writer))| {
                let named = match earlier.get(&owner).filter(|earlier| work.may_be(&earlier.work)) {
                    Some(earlier) => Named { name: earlier.name, work: later(&earlier.work, work), writer },
                    None => Named { name: self.new_name(), work, writer },
                };
                (owner, named)
            })
            .collect();
        self.begun = Some(begun);
    }

    /// The transactions under their names.
    pub(super) fn open(&self) -> Open {
        let mut open = Open::default();
        for named in self.works.values() {
            let side = if named.writer { &mut open.writers } else { &mut open.others };
            side.insert(named.name.to_string());
        }
        open
    }

    fn new_name(&mut self) -> u64 {
        self.name_next += 1;
        self.name_next
    }
}

/// What to compare with next: of a statement what was seen first, so that what is off does not add up.
fn later(earlier: &Work, later: Work) -> Work {
    match (earlier, &later) {
        (Work::Statement(_), Work::Statement(_)) => earlier.clone(),
        _ => later,
    }
}

#[cfg(test)]
mod tests;
