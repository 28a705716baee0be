//! Threads that work on one pass together: they wait for one another, and hand each other what they made.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, RwLock};

/// How often a waiting thread looks before it sleeps: some tens of microseconds. Where each has a core, a step ends
/// within microseconds of the others'. Where another program has the core of the one that is waited for, sleeping soon
/// lets it run; to yield instead would hand that program whole slices of time, step after step.
const LOOKS: usize = 2000;

/// What the members of a team share.
#[derive(Debug)]
pub(super) struct Team {
    barrier: Barrier,
    /// Of each member, what it handed out last and the time before: who is slow may still read that.
    mail: Vec<[Mail; 2]>,
}

/// On cache lines of its own, since another thread writes the next.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Mail(RwLock<Vec<f32>>);

impl Team {
    pub fn new(members: usize) -> Self {
        Team { barrier: Barrier::new(members), mail: (0..members).map(|_| Default::default()).collect() }
    }

    /// How many.
    pub fn members(&self) -> usize {
        self.mail.len()
    }

    /// Hands out what `put` makes, and waits until every member has handed out its own in this turn of its work. Every
    /// member calls it at the same point, and [`Team::take`] after it. Nothing happens where there is no other member.
    pub fn give(&self, me: usize, turn: usize, put: impl FnOnce(&mut Vec<f32>)) {
        if self.members() == 1 {
            return;
        }
        {
            let mut mine = self.mail[me][turn % 2].0.write().unwrap_or_else(PoisonError::into_inner);
            mine.clear();
            put(&mut mine);
        }
        self.barrier.wait();
    }

    /// Gives to `take` what each other member handed out in this turn, with that member's number.
    pub fn take(&self, me: usize, turn: &mut usize, mut take: impl FnMut(usize, &[f32])) {
        let side = *turn % 2;
        *turn += 1;
        for (member, mail) in self.mail.iter().enumerate().filter(|&(member, _)| member != me) {
            take(member, &mail[side].0.read().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What a member holds while it works: where it panics, the others do too instead of waiting for it.
    pub fn join(&self) -> Membership<'_> {
        Membership(&self.barrier)
    }
}

/// See [`Team::join`].
pub(super) struct Membership<'a>(&'a Barrier);

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::SeqCst);
            self.0.wake();
        }
    }
}

/// Where each of `count` threads waits until all have come.
#[derive(Debug)]
struct Barrier {
    count: usize,
    arrived: AtomicUsize,
    /// How often all have come.
    rounds: AtomicUsize,
    sleepers: AtomicUsize,
    broken: AtomicBool,
    lock: Mutex<()>,
    awake: Condvar,
}

impl Barrier {
    fn new(count: usize) -> Self {
        Barrier {
            count,
            arrived: AtomicUsize::new(0),
            rounds: AtomicUsize::new(0),
            sleepers: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
            lock: Mutex::new(()),
            awake: Condvar::new(),
        }
    }

    fn wait(&self) {
        let round = self.rounds.load(Ordering::SeqCst);
        if self.arrived.fetch_add(1, Ordering::SeqCst) + 1 == self.count {
            self.arrived.store(0, Ordering::SeqCst);
            self.rounds.store(round + 1, Ordering::SeqCst);
            if self.sleepers.load(Ordering::SeqCst) > 0 {
                self.wake();
            }
            return;
        }
        let over = || {
            assert!(!self.broken.load(Ordering::SeqCst), "another thread of the team panicked");
            self.rounds.load(Ordering::SeqCst) != round
        };
        for _ in 0..LOOKS {
            if over() {
                return;
            }
            std::hint::spin_loop();
        }
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !over() {
            guard = self.awake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whoever counted itself a sleeper has either looked after this round began, or holds the lock until it sleeps.
    fn wake(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.awake.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `work` as each of `members` at once.
    fn each(team: &Team, work: impl Fn(usize) + Sync) {
        std::thread::scope(|scope| {
            for me in 0..team.members() {
                let work = &work;
                scope.spawn(move || work(me));
            }
        });
    }

    #[test]
    fn every_turn_brings_what_the_others_handed_out_in_it() {
        let team = Team::new(3);
        each(&team, |me| {
            let mut turn = 0;
            for step in 0..2000 {
                // A slow member: the others sleep, and must not go on to where it still reads.
                if step % 500 == me * 100 {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                team.give(me, turn, |mail| mail.extend([me as f32, step as f32]));
                let mut seen = 0;
                team.take(me, &mut turn, |member, values| {
                    assert_eq!(values, [member as f32, step as f32]);
                    seen += 1;
                });
                assert_eq!(seen, 2);
            }
        });
    }

    #[test]
    fn a_member_that_panics_keeps_nobody_waiting() {
        let team = Team::new(2);
        let both = std::thread::scope(|scope| {
            let members = [0, 1].map(|me| {
                let team = &team;
                scope.spawn(move || {
                    let _membership = team.join();
                    assert!(me == 1, "the first member fails");
                    team.give(me, 0, |_| ());
                })
            });
            members.map(|member| member.join().is_err())
        });
        assert_eq!(both, [true, true]);
    }

    #[test]
    fn one_member_is_alone() {
        let team = Team::new(1);
        team.give(0, 0, |_| panic!("nobody takes it"));
        team.take(0, &mut 0, |_, _| panic!("nobody gave it"));
    }
}
