//! Work shared between threads, each with a workspace of its own.

use super::Level;
use super::memory;
use super::network::Network;
use super::pool::{ThreadPool, started};
use super::tile::{Workspace, WorkspaceShape};
use super::way::Way;
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an engine runs on.
#[derive(Debug)]
pub(super) struct Machine {
    pub level: Level,
    /// Lanes of a vector.
    pub vector: usize,
    /// Rows of a tile: the lanes of all its vectors.
    pub lanes: usize,
    pub threads: Threads,
    /// Processors that there are.
    pub cores: usize,
    /// The most times of which a training step keeps the tape at once.
    pub recompute: Option<usize>,
    /// The way that all passes take, where it is not chosen.
    pub way: Option<Way>,
}

/// The threads of an engine.
#[derive(Debug)]
pub(super) struct Threads {
    /// None where the caller's thread does everything.
    pool: Option<ThreadPool>,
}

/// A workspace for each thread.
#[derive(Debug, Default)]
pub(super) struct Workspaces(Vec<Mutex<Workspace>>);

impl Workspaces {
    /// Makes each fit `shape`; allocates only where it was made for another shape.
    ///
    /// # Errors
    /// [`Error::Limit`] where all of them together need more memory than there is.
    pub fn prepare(&mut self, machine: &Machine, network: &Network, shape: WorkspaceShape) -> Result<&Self> {
        let Machine { lanes, threads, .. } = machine;
        let first = self.0.first_mut().map(|first| first.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !first.is_some_and(|first| first.shape == shape) {
            // The old ones are freed first, so that both are never in memory together.
            self.0.clear();
            let bytes = Workspace::bytes(network, *lanes, &shape).saturating_mul(threads.count());
            memory::check(bytes, shape.steps, threads.count())?;
            let new = || Mutex::new(Workspace::new(network, *lanes, shape));
            self.0 = (0..threads.count()).map(|_| new()).collect();
        }
        Ok(self)
    }
}

impl Threads {
    /// A pool of `count` threads.
    ///
    /// # Errors
    /// [`Error::Device`] where the operating system starts no more threads.
    pub fn new(count: usize) -> Result<Self> {
        let pool = match count {
            1 => None,
            _ => Some(started(count).map_err(|error| Error::Device {
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

    /// Runs `work` for each item, with the workspace of the thread that runs it. The thread is not determined, so that
    /// the result must depend on the item alone. A single item stays on the caller's thread, which costs no switch.
    pub fn each<T: Send>(
        &self,
        workspaces: &Workspaces,
        items: &mut [T],
        work: impl Fn(&mut T, &mut Workspace) + Send + Sync,
    ) {
        let alone = self.pool.is_none() || items.len() < 2;
        let run = |item: &mut T| {
            let thread = rayon::current_thread_index().filter(|_| !alone).unwrap_or(0);
            let mut workspace = lock(&workspaces.0[thread]);
            work(item, &mut workspace);
        };
        if alone {
            items.iter_mut().for_each(run);
        } else {
            self.within(|| items.par_iter_mut().with_max_len(1).for_each(run));
        }
    }
}

impl Threads {
    /// Runs `work` for each of `members` members of a team at once, on a thread each: the first on the caller's, which
    /// a system then need not find another processor for.
    pub fn team(&self, members: usize, work: impl Fn(usize) + Sync) {
        let work = &work;
        match &self.pool {
            Some(pool) if members > 1 => pool.in_place_scope(|scope| {
                (1..members).for_each(|index| scope.spawn(move |_| work(index)));
                work(0);
            }),
            _ => work(0),
        }
    }
}

/// The value that a mutex guards. A panic in another thread ends the call anyway, so that poisoning is ignored.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the value out of a mutex.
pub(super) fn unlock<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
