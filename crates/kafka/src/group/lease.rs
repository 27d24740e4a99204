//! How long a coordinator counts on a member, as far as the member can know.

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// What a member may go by: until it has run out, nobody else is given what the member has.
///
/// The coordinator counts from when a request of the member arrives, the member from when it was sent, so a lease
/// runs out before the coordinator gives the member up. The clock goes on while the process is stopped: one that
/// wakes up finds its lease run out before it does anything else. Once the membership is lost its lease never holds
/// again, and what is begun after that goes by another one. The owner ends the lease when it has taken note of that.
#[derive(Clone, Debug)]
pub struct Lease(Arc<watch::Sender<Term>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Term {
    Until(Option<Instant>),
    Ended,
}

impl Lease {
    /// A lease that does not hold yet.
    pub fn new() -> Lease {
        Lease(Arc::new(watch::Sender::new(Term::Until(None))))
    }

    /// Lets the lease hold until then at least, unless it has ended.
    pub fn extend(&self, until: Instant) {
        self.0.send_if_modified(|term| match term {
            Term::Until(before) if before.is_none_or(|before| before < until) => {
                *before = Some(until);
                true
            }
            Term::Until(_) | Term::Ended => false,
        });
    }

    /// Lets the lease hold no longer.
    pub(super) fn suspend(&self) {
        self.0.send_if_modified(|term| {
            let held = *term != Term::Ended;
            if held {
                *term = Term::Until(None);
            }
            held
        });
    }

    /// Ends the lease for good.
    pub fn end(&self) {
        self.0.send_replace(Term::Ended);
    }

    /// Whether the lease holds now.
    pub fn holds(&self) -> bool {
        matches!(*self.0.borrow(), Term::Until(Some(until)) if Instant::now() < until)
    }

    /// Whether the lease has ended for good.
    pub fn ended(&self) -> bool {
        *self.0.borrow() == Term::Ended
    }

    /// Waits until the lease holds, or has ended for good; cancel safe.
    pub async fn settled(&self) {
        let mut terms = self.0.subscribe();
        while !self.holds() && !self.ended() {
            // The sender lives as long as `self`.
            let _ = terms.changed().await;
        }
    }

    /// Waits until the lease does not hold; cancel safe.
    pub async fn over(&self) {
        loop {
            let term = *self.0.borrow();
            match term {
                Term::Until(Some(until)) if Instant::now() < until => sleep_until(until).await,
                Term::Until(_) | Term::Ended => return,
            }
        }
    }
}

impl Default for Lease {
    fn default() -> Lease {
        Lease::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_holds_until_it_runs_out_and_again_when_it_is_extended() {
        let lease = Lease::new();
        assert!(!lease.holds());
        lease.extend(Instant::now() + Duration::from_secs(10));
        assert!(lease.holds());
        lease.over().await;
        assert!(!lease.holds() && !lease.ended());
        let waiting = tokio::spawn({
            let lease = lease.clone();
            async move { lease.settled().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        lease.extend(Instant::now() + Duration::from_secs(10));
        waiting.await.unwrap();
        assert!(lease.holds());
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_term_takes_nothing_away() {
        let lease = Lease::new();
        let start = Instant::now();
        lease.extend(start + Duration::from_secs(10));
        lease.extend(start + Duration::from_secs(5));
        lease.over().await;
        assert_eq!(Instant::now() - start, Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_lease_that_has_ended_never_holds_again() {
        let lease = Lease::new();
        lease.end();
        lease.extend(Instant::now() + Duration::from_secs(10));
        assert!(!lease.holds() && lease.ended());
        lease.settled().await;
        lease.over().await;
    }
}
