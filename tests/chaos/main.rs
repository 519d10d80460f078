//! Faults at random: processes are killed, stored files damaged, disks fill up, servers misbehave and writers collide.
//! Afterwards the same command is given again. Its result must have the bytes of an undisturbed run, or a message must
//! say what is damaged. A third outcome, another number without a message, fails the test.
//!
//! Without settings each test makes a few faults. `SPARSEGATE_CHAOS=N` makes N of each kind, `SPARSEGATE_CHAOS_SEED`
//! draws others, and `just chaos N` prints the counts. `docs/reliability.md` has those of a long run.

#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "a test")]

mod disk;
mod flips;
mod half_done;
mod http;
mod kills;
mod subject;
mod syscalls;
mod tally;
mod writers;
