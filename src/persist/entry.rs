//! Whether a job begins at its place, goes on there, or has come to its end.
//!
//! In the place there may be a finished run, and beside it the checkpoint of one that was broken off; either is of the job or of another
//! one. The finished run decides first:
//!
//! | in the place | | `--resume` | `--force` | both |
//! |---|---|---|---|---|
//! | nothing | ↓ | ↓ | begins | ↓ |
//! | all of the job | refused | **complete**, if it is whole | begins | **complete**, if it is whole |
//! | less, with what going on takes | refused | ↓ | begins | ↓ |
//! | less, without that | refused | refused | begins | ↓ |
//! | another job | refused | refused | begins | ↓ |
//!
//! and where it leaves that open (↓), the checkpoint:
//!
//! | beside it | | `--resume` | both |
//! |---|---|---|---|
//! | nothing | begins | begins | begins |
//! | of the job | refused | goes on | goes on |
//! | of another job | refused | refused | refused |
//!
//! A job that begins throws away the checkpoint that is there, and begins with the less of it that stands in the place. One that is complete leaves the
//! checkpoint of another job alone.

use super::exchange::GivesWay;
use super::run_dir::RunDir;
use super::store::Store;
use crate::error::{Error, Result};

/// What the finished run in the place is to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing that it could go on from: there is no run, or it lacks what that takes.
    Nothing,
    /// Less than the job, with what going on takes.
    Begun,
    /// All of the job.
    Complete,
    /// It is of another job, which differs in this.
    Other(String),
}

/// What the user asks for besides the job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub resume: bool,
    pub force: bool,
}

/// What a job is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Begin, with what stands in the place if that is less of the job.
    Begins,
    /// Go on from the store.
    GoesOn,
    /// Nothing is left to be done.
    Complete,
}

impl RunDir {
    /// Decides by what is there whether a job begins, goes on or is complete, and makes room for its run; the store is its own.
    ///
    /// # Errors
    /// [`Error::OtherJob`], [`Error::RunExists`], [`Error::CheckpointExists`]: the refusals of the tables, in this order.
    /// [`Error::Damaged`] if a file of a run or checkpoint is not as it was written; [`Error::NotARun`], [`Error::InTheWay`],
    /// [`Error::NotOurs`] if there is something that is not the program's; whatever the end of the run would fail for.
    pub fn enter(&mut self, store: &Store, standing: Standing, request: Request) -> Result<Entry> {
        let Request { resume, force } = request;
        let goes_on = resume && store.exists();
        let gives_way = force || (resume && standing == Standing::Begun);
        match standing {
            Standing::Complete if resume => {
                self.in_place().map_or(Ok(()), |run| run.check_whole())?;
                // Ended in the last thing it does, or before, a run leaves its checkpoint behind, or what is left of it without its job.
                if !store.exists() || store.check_job().is_ok() {
                    store.remove()?;
                }
                return Ok(Entry::Complete);
            }
            Standing::Other(differences) if resume && !force && !goes_on => {
                return Err(Error::OtherJob { path: self.target().into(), differences });
            }
            _ if goes_on => store.check_job()?,
            _ => {}
        }
        self.make_room(if gives_way { GivesWay::Run } else { GivesWay::No })?;
        if goes_on {
            return Ok(Entry::GoesOn);
        }
        if store.exists() && !force {
            return Err(Error::CheckpointExists { path: store.directory() });
        }
        store.remove()?;
        Ok(Entry::Begins)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;

    fn job(seed: u64) -> Value {
        json!({ "version": "0.0.1", "seed": seed })
    }

    /// A directory with the finished run and the checkpoint of jobs with these seeds.
    fn laid_out(run: Option<u64>, checkpoint: Option<u64>) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let claim = || RunDir::claim(Some(&directory.path().join("run")), "run").unwrap();
        if let Some(seed) = run {
            let run_dir = claim();
            run_dir.write_json("config.json", &job(seed)).unwrap();
            run_dir.commit().unwrap();
        }
        if let Some(seed) = checkpoint {
            claim().store(job(seed)).unwrap().write("part-0", &seed).unwrap();
        }
        directory
    }

    /// What the job with seed 1 does in a directory, or why not.
    fn entered(directory: &Path, standing: Option<Standing>, request: Request) -> String {
        let mut run_dir = RunDir::claim(Some(&directory.join("run")), "run").unwrap();
        let store = run_dir.store(job(1)).unwrap();
        let read = || run_dir.in_place().unwrap().standing("config.json", store.job());
        let standing = standing.unwrap_or_else(read);
        match run_dir.enter(&store, standing, request) {
            Ok(entry) => format!("{entry:?}"),
            Err(Error::OtherJob { path, differences }) => {
                assert_eq!(differences, "seed was 2, is 1");
                let name = path.file_name().unwrap().to_string_lossy();
                format!("OtherJob in {name}")
            }
            Err(error) => format!("{error:?}").split(' ').next().unwrap().into(),
        }
    }

    #[test]
    fn what_is_there_decides() {
        const RUN: &str = "RunExists";
        const KEPT: &str = "CheckpointExists";
        const OTHER: &str = "OtherJob in .run.checkpoint";
        let (this, other) = (Some(1), Some(2));
        let (less, none) = (Some(Standing::Begun), Some(Standing::Nothing));
        // In the place and beside it; then without options, with --resume, with --force, with both.
        let table = [
            (None, &none, None, ["Begins"; 4]),
            (None, &none, this, [KEPT, "GoesOn", "Begins", "GoesOn"]),
            (None, &none, other, [KEPT, OTHER, "Begins", OTHER]),
            (this, &None, None, [RUN, "Complete", "Begins", "Complete"]),
            (this, &None, this, [RUN, "Complete", "Begins", "Complete"]),
            (this, &None, other, [RUN, "Complete", "Begins", "Complete"]),
            (this, &less, None, [RUN, "Begins", "Begins", "Begins"]),
            (this, &less, this, [RUN, "GoesOn", "Begins", "GoesOn"]),
            (this, &less, other, [RUN, OTHER, "Begins", OTHER]),
            (this, &none, None, [RUN, RUN, "Begins", "Begins"]),
            (this, &none, this, [RUN, RUN, "Begins", "GoesOn"]),
            (this, &none, other, [RUN, OTHER, "Begins", OTHER]),
            (other, &None, None, [RUN, "OtherJob in run", "Begins", "Begins"]),
            (other, &None, this, [RUN, RUN, "Begins", "GoesOn"]),
            (other, &None, other, [RUN, OTHER, "Begins", OTHER]),
        ];
        for (run, standing, checkpoint, expected) in table {
            for (k, expected) in expected.into_iter().enumerate() {
                let directory = laid_out(run, checkpoint);
                let request = Request { resume: k % 2 == 1, force: k >= 2 };
                let at = format!("{run:?}, {standing:?}, {checkpoint:?}, {request:?}");
                assert_eq!(entered(directory.path(), standing.clone(), request), expected, "{at}");
                // Nothing is lost but a checkpoint that is begun anew, or of no more use.
                let is_over = expected == "Begins" || (expected == "Complete" && checkpoint == this);
                let stays = checkpoint.is_some() && !is_over;
                assert_eq!(directory.path().join(".run.checkpoint/part-0").exists(), stays, "{at}");
                assert_eq!(directory.path().join("run/config.json").exists(), run.is_some(), "{at}");
            }
        }
    }

    #[test]
    fn what_a_removal_left_is_cleared_away() {
        let directory = laid_out(Some(1), Some(1));
        fs::remove_file(directory.path().join(".run.checkpoint/job.json")).unwrap();
        let request = Request { resume: true, force: false };
        assert_eq!(entered(directory.path(), None, request), "Complete");
        assert!(!directory.path().join(".run.checkpoint").exists());
    }

    #[test]
    fn what_was_changed_is_not_called_complete() {
        let directory = laid_out(Some(1), Some(1));
        fs::write(directory.path().join("run/config.json"), job(1).to_string()).unwrap();
        let request = Request { resume: true, force: false };
        assert_eq!(entered(directory.path(), None, request), "Damaged");
        assert!(directory.path().join(".run.checkpoint/part-0").exists());
        fs::write(directory.path().join("run/config.json"), "x").unwrap();
        let run_dir = RunDir::claim(Some(&directory.path().join("run")), "run").unwrap();
        let standing = run_dir.in_place().unwrap().standing("config.json", &job(1));
        assert_eq!(standing, Standing::Other("it is none of this program".into()));
    }
}
