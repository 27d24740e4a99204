//! Work that blocks, off the runtime, with a state that outlives a call which is dropped.

use api::{Error, Result};
use tokio::sync::oneshot;

/// A state that is worked on by one blocking call at a time.
///
/// A future of [`Offload::finish`] may be dropped: the call goes on, and the next `finish` has its result.
pub(super) struct Offload<T, R> {
    idle: Option<T>,
    running: Option<oneshot::Receiver<(T, R)>>,
}

impl<T: Send + 'static, R: Send + 'static> Offload<T, R> {
    pub(super) fn new(state: T) -> Self {
        Self { idle: Some(state), running: None }
    }

    /// The state; `None` while a call works on it.
    pub(super) fn idle(&self) -> Option<&T> {
        self.idle.as_ref()
    }

    /// Whether a call was started whose result nobody has had.
    pub(super) fn running(&self) -> bool {
        self.running.is_some()
    }

    /// The call to be run where blocking is allowed; the one before is finished.
    pub(super) fn start(
        &mut self,
        work: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<impl FnOnce() + Send + 'static> {
        // The state is gone where a call panicked: nothing is known about the file any more.
        let mut state = self.idle.take().ok_or_else(|| Error::fail("a call on the file has panicked"))?;
        let (sender, receiver) = oneshot::channel();
        self.running = Some(receiver);
        Ok(move || {
            let result = work(&mut state);
            // Nobody waits for it where the task is gone.
            let _unwanted = sender.send((state, result));
        })
    }

    /// The result of the call that was started; `None`: none is waited for.
    pub(super) async fn finish(&mut self) -> Result<Option<R>> {
        let Some(running) = &mut self.running else { return Ok(None) };
        let finished = running.await;
        self.running = None;
        let (state, result) =
            finished.map_err(|error| Error::fail("a call on the file has panicked").caused_by(error))?;
        self.idle = Some(state);
        Ok(Some(result))
    }
}
