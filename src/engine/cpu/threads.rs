//! Work shared between threads, each with a workspace of its own.

use super::batch::Batch;
use super::network::Network;
use super::tile::Workspace;
use crate::error::{Error, Result};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Mutex, PoisonError};

/// The threads of an engine.
#[derive(Debug)]
pub(super) struct Threads {
    /// None where the caller's thread does everything, as it must in a browser.
    pool: Option<ThreadPool>,
}

/// A workspace for each thread.
#[derive(Debug, Default)]
pub(super) struct Workspaces(Vec<Mutex<Workspace>>);

impl Workspaces {
    /// Makes them serve a batch; allocates only where the last one was of another length.
    pub fn prepare(
        &mut self,
        threads: &Threads,
        network: &Network,
        lanes: usize,
        batch: &Batch<'_>,
        keep_tape: bool,
    ) -> &Self {
        let fits = |workspace: &Workspace| workspace.steps == batch.steps() && workspace.keep_tape == keep_tape;
        let first = self.0.first_mut().map(|first| first.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !first.is_some_and(|first| fits(first)) {
            // The old ones go first, so that both are never in memory together.
            self.0.clear();
            let new = || Mutex::new(Workspace::new(network, lanes, batch.steps(), keep_tape));
            self.0 = (0..threads.count()).map(|_| new()).collect();
        }
        self
    }
}

impl Threads {
    /// So many threads.
    pub fn new(count: usize) -> Result<Self> {
        let pool = match count {
            1 => None,
            _ => Some(ThreadPoolBuilder::new().num_threads(count).build().map_err(|error| Error::Device {
                adapter: "the CPU engine".into(),
                message: format!("{count} threads could not be started: {error}; ask for 1"),
            })?),
        };
        Ok(Threads { pool })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.pool.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// Runs `work` on a thread of the pool, so that [`Threads::each`] within it starts without a switch of threads.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            None => work(),
            Some(pool) => pool.install(work),
        }
    }

    /// Does `work` for each item, with the workspace of the thread that does it. Which thread that is, is left to chance: the
    /// result may depend on the item alone.
    pub fn each<T: Send>(
        &self,
        workspaces: &Workspaces,
        items: &mut [T],
        work: impl Fn(&mut T, &mut Workspace) + Send + Sync,
    ) {
        let run = |item: &mut T| {
            let thread = rayon::current_thread_index().filter(|_| self.pool.is_some()).unwrap_or(0);
            // A panic in another thread ends this call anyway.
            let mut workspace = workspaces.0[thread].lock().unwrap_or_else(PoisonError::into_inner);
            work(item, &mut workspace);
        };
        if self.pool.is_none() {
            items.iter_mut().for_each(run);
        } else {
            self.within(|| items.par_iter_mut().with_max_len(1).for_each(run));
        }
    }
}
