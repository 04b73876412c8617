//! The script of an array of which each task does a part of a study.

use std::path::Path;

use itertools::Itertools;

use super::options::{Keep, SubmitOptions};
use super::slurm::job_name;
use crate::error::{Error, Result};
use crate::persist::Beside;
use crate::persist::shards::Shard;
use crate::text;

/// Where the log of a part is.
pub(super) fn log(shard: Shard) -> String {
    format!("{}-of-{}.log", shard.number, shard.count)
}

/// The script. `program` are the words that start `sweep`, and `study` the file with the study.
///
/// # Errors
/// [`Error::Usage`] if a path or an option of `sbatch` cannot stand in a script.
pub(super) fn script(
    options: &SubmitOptions,
    parts: &[Shard],
    beside: &Beside,
    (program, study): (&[String], &str),
) -> Result<String> {
    let (jobs, name) = (options.jobs, job_name(beside.run(), options.jobs));
    let theirs: String = options.sbatch.iter().map(|line| directive(line)).collect::<Result<_>>()?;
    let output = format!("{}/%a-of-{jobs}.log", plain(beside.path())?.replace('%', "%%"));
    let at_most = options.at_most.map(|most| format!("%{most}")).unwrap_or_default();
    let mut words: Vec<String> = program.iter().map(|word| text::quoted(word).into()).collect();
    for path in [&beside.path().join(study), Path::new("--out"), beside.run()] {
        words.push(text::quoted(plain(path)?).into());
    }
    words.extend(options.asked.keep.map(|Keep::Runs| "--keep runs".into()));
    words.extend(options.asked.output.no_page.then(|| "--no-page".into()));
    Ok(format!(
        r#"#!/bin/bash
# Each task does a part of the study in {out}. Written by `sweep submit`.
#SBATCH --cpus-per-task=1
#SBATCH --signal=B:USR1@120
{theirs}#SBATCH --job-name={name}
#SBATCH --array={array}{at_most}
#SBATCH --output={output}
#SBATCH --open-mode=append
#SBATCH --requeue
export RAYON_NUM_THREADS="${{SLURM_CPUS_PER_TASK:-1}}"
task="${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
echo "task $task on $SLURMD_NODENAME"

# Before the time limit Slurm sends USR1 to this script alone. The program, which it is passed on to, keeps the state of its runs and exits with 138.
# TERM (scancel, preemption) reaches the program by itself, and the script waits for its end.
trap 'kill -USR1 $! 2>/dev/null' USR1
trap : TERM
{command} --shard "$SLURM_ARRAY_TASK_ID/{jobs}" &
while kill -0 $! 2>/dev/null; do wait $!; done
wait $!
code=$?
if [ $code -eq 138 ]; then
    # Not $SLURM_JOB_ID, which in the last task is the number of the whole array.
    scontrol requeue "$task" && exit 0
fi
exit $code
"#,
        out = plain(beside.run())?,
        array = ranges(parts),
        output = text::quoted(&output),
        command = words.join(" "),
    ))
}

/// A line of options for `sbatch`, which takes it apart as a shell would.
fn directive(line: &str) -> Result<String> {
    if line.trim().is_empty() || line.contains(text::is_unsafe) {
        return Err(Error::Usage(format!("--sbatch '{line}': expected options of sbatch on one line")));
    }
    Ok(format!("#SBATCH {line}\n"))
}

/// A path as it may stand in a script.
fn plain(path: &Path) -> Result<&str> {
    path.to_str().filter(|path| !path.contains(text::is_unsafe)).ok_or_else(|| {
        Error::Usage(format!("{}: a script can name no such path; choose another", text::path(path)))
    })
}

/// Numbers of parts in order, as `1-4,7`.
fn ranges(parts: &[Shard]) -> String {
    let ranges = parts
        .iter()
        .map(|part| (part.number, part.number))
        .coalesce(|one, next| if one.1 + 1 == next.0 { Ok((one.0, next.1)) } else { Err((one, next)) });
    let text = |(first, last): (u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.map(text).join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        let parts: Vec<Shard> = [1, 2, 3, 5, 8, 9].map(|k| Shard { count: 9, number: k }).into();
        assert_eq!(ranges(&parts), "1-3,5,8-9");
    }
}
