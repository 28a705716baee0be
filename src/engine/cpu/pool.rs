//! Where threads come from: natively each engine starts its own; in a browser JavaScript does, one pool for all engines.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use rayon::ThreadPool;

/// A pool of `count` threads.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn started(count: usize) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(count).build()
}

/// The threads that JavaScript has started, under the names of rayon's own.
#[cfg(target_arch = "wasm32")]
#[derive(Debug)]
pub(super) struct ThreadPool;

/// The pool, which is to have `count` threads.
#[cfg(target_arch = "wasm32")]
pub(super) fn started(count: usize) -> Result<ThreadPool, String> {
    let found = rayon::current_num_threads();
    if found == count { Ok(ThreadPool) } else { Err(format!("the page has {found}")) }
}

#[cfg(target_arch = "wasm32")]
impl ThreadPool {
    pub fn current_num_threads(&self) -> usize {
        rayon::current_num_threads()
    }

    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        rayon::scope(|_| work())
    }

    pub fn in_place_scope<'scope, T>(&self, work: impl FnOnce(&rayon::Scope<'scope>) -> T) -> T {
        rayon::in_place_scope(work)
    }
}
