//! The results of a study so far, run by run. They stay in memory while they are few and lie in a temporary file beyond: a study of a million runs
//! takes the memory of one of a hundred thousand.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use tempfile::SpooledTempFile;

use super::ledger::number;
use super::measures::{OUTCOMES, Record};
use crate::error::{Error, Result};
use crate::job::MEASURES;
use crate::persist::store::Store;

/// Bytes up to which results stay in memory.
const IN_MEMORY: usize = 1 << 24;

/// Bytes of a number, and of a run: its steps, its outcome, its measures.
const NUMBER: usize = 8;
const WIDTH: usize = NUMBER * (2 + MEASURES.len());

/// Which runs are there and, if they are wanted, their results at their places, those of a run after those of the run before.
pub(super) struct Done {
    is_there: Vec<bool>,
    rows: Option<RefCell<SpooledTempFile>>,
}

impl Done {
    /// Of a study with so many runs: takes down which are there, and no results.
    pub fn marks(runs: u64) -> Self {
        Self { is_there: vec![false; runs as usize], rows: None }
    }

    /// The same, with their results.
    pub fn results(runs: u64) -> Self {
        Self { rows: Some(SpooledTempFile::new(IN_MEMORY).into()), ..Self::marks(runs) }
    }

    /// Takes over what a store holds. Another process may remove it meanwhile: what is gone then is in the tables.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read(&mut self, store: &Store) -> Result<()> {
        for name in store.files().iter().filter(|name| number(name).is_some()) {
            match store.read(name, |records: &Vec<Record>| self.flaw(records)) {
                Ok(records) => self.extend(&records)?,
                Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Why these are no results of runs of the study.
    pub fn flaw(&self, records: &[Record]) -> Option<String> {
        let count = self.is_there.len() as u64;
        let is_none_of_it = |record: &Record| record.run >= count || record.measures.len() != MEASURES.len();
        records.iter().any(is_none_of_it).then(|| "the study has no such run".into())
    }

    /// Takes over results without a flaw.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn extend(&mut self, records: &[Record]) -> Result<()> {
        records.iter().try_for_each(|record| self.add(record))
    }

    /// Takes over the rows of `runs.csv`, which hold all that is known of a run, to the bit.
    ///
    /// # Errors
    /// Which row is none of this study, or that there is no room for it.
    pub fn read_table(&mut self, csv: &str) -> Result<(), String> {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().map_err(|e| e.to_string())?.clone();
        for (k, row) in reader.records().enumerate() {
            let record = row.ok().and_then(|row| Record::of_row(&header, &row));
            match record.filter(|record| (record.run as usize) < self.is_there.len()) {
                Some(record) => self.add(&record).map_err(|e| e.to_string())?,
                None => return Err(format!("row {} is no run of the study", k + 1)),
            }
        }
        Ok(())
    }

    fn add(&mut self, Record { run, outcome, steps, measures }: &Record) -> Result<()> {
        self.is_there[*run as usize] = true;
        let Some(rows) = &mut self.rows else { return Ok(()) };
        let outcome = OUTCOMES.iter().position(|other| other == outcome).expect("one of all") as u64;
        let numbers = [*steps, outcome].into_iter().chain(measures.iter().map(|x| x.to_bits()));
        let row: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
        let (rows, place) = (rows.get_mut(), SeekFrom::Start(run * WIDTH as u64));
        rows.seek(place).and_then(|_| rows.write_all(&row)).map_err(no_room)
    }

    /// The results of runs that are all there.
    ///
    /// # Errors
    /// [`Error::Io`].
    ///
    /// # Panics
    /// If only marks were taken down.
    pub fn of(&self, runs: Range<u64>) -> Result<Vec<Record>> {
        let mut bytes = vec![0; (runs.end - runs.start) as usize * WIDTH];
        let mut rows = self.rows.as_ref().expect("results, not marks").borrow_mut();
        let place = SeekFrom::Start(runs.start * WIDTH as u64);
        rows.seek(place).and_then(|_| rows.read_exact(&mut bytes)).map_err(no_room)?;
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("as many bytes as it has"));
        let record = |(run, row): (u64, &[u8])| {
            let mut numbers = row.chunks_exact(NUMBER).map(number);
            let mut next = || numbers.next().expect("two numbers before the measures");
            let (steps, outcome) = (next(), OUTCOMES[next() as usize]);
            Record { run, outcome, steps, measures: numbers.map(f64::from_bits).collect() }
        };
        Ok(runs.zip(bytes.chunks_exact(WIDTH)).map(record).collect())
    }

    /// Runs that are missing.
    pub fn missing(&self) -> impl Iterator<Item = u64> {
        (0u64..).zip(&self.is_there).filter(|(_, is_there)| !**is_there).map(|(run, _)| run)
    }
}

fn no_room(source: io::Error) -> Error {
    Error::Io { path: std::env::temp_dir(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_as_they_were_from_memory_and_from_a_file() {
        // 200,000 runs are 35 MB, more than stays in memory.
        let runs = 200_000;
        let record = |run: u64| {
            let mut measures: Vec<f64> =
                (0..MEASURES.len()).map(|k| 1.0 / (run + k as u64 + 1) as f64).collect();
            measures[(run % 7) as usize] = f64::NAN;
            Record { run, outcome: OUTCOMES[(run % 5) as usize], steps: run * run, measures }
        };
        let mut done = Done::results(runs);
        // In an order of no kind; some are not there.
        let order = (0..runs).map(|k| k * 7919 % runs).filter(|run| run % 1000 != 13);
        order.for_each(|run| done.add(&record(run)).unwrap());
        assert_eq!(done.missing().collect::<Vec<_>>(), (0..200).map(|k| k * 1000 + 13).collect::<Vec<_>>());
        assert!(done.rows.as_ref().unwrap().borrow().is_rolled());
        for first in [0, 20, 199_994] {
            let read = done.of(first..first + 6).unwrap();
            // NaN is as it was, too.
            assert_eq!(
                format!("{read:?}"),
                format!("{:?}", (first..first + 6).map(record).collect::<Vec<_>>())
            );
        }
    }
}
