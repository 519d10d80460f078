//! `run --executor slurm`, `status`, `cancel`: against scripts that stand for Slurm's commands, and, where one runs,
//! against a real Slurm. `.ci/run slurm` starts one and runs the ignored tests.
#![cfg(target_os = "linux")]

mod faults;
mod jobs;
mod project;
mod real;
mod scripts;
mod stand_in;
