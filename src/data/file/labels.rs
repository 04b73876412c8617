//! Labels among the features: a column of class numbers that was saved beside the samples.

use std::collections::BTreeMap;

use super::Table;

/// Most classes that are looked for.
const MAX_CLASSES: usize = 100;

/// The first or last column of a matrix, where it looks like labels and some other column does not.
///
/// Labels are whole numbers that follow each other, from 0 or 1 on, or ±1; each occurs at least twice, and no class is
/// smaller than an eighth of what equal classes would have. Where all columns are so, as of binary data, they are features.
pub(super) fn column(table: &Table) -> Option<usize> {
    if table.layout.shape.len() != 2 || table.layout.label_column.is_some() {
        return None;
    }
    let last = table.dim - 1;
    let found = [last, 0].into_iter().find(|&column| are_labels(table, column))?;
    (0..table.dim).any(|column| !are_labels(table, column)).then_some(found)
}

fn are_labels(table: &Table, column: usize) -> bool {
    let mut classes: BTreeMap<i64, usize> = BTreeMap::new();
    for value in table.values.iter().skip(column).step_by(table.dim) {
        if value.fract() != 0.0 || value.abs() > MAX_CLASSES as f64 {
            return false;
        }
        *classes.entry(*value as i64).or_default() += 1;
    }
    let (numbers, count): (Vec<i64>, usize) = (classes.keys().copied().collect(), classes.len());
    let follow = |from: i64| numbers.iter().copied().eq(from..from + count as i64);
    let min = (table.samples / (8 * count)).max(2);
    count > 1 && (follow(0) || follow(1) || numbers == [-1, 1]) && classes.values().all(|&size| size >= min)
}

#[cfg(test)]
mod tests {
    use super::super::Format;

    fn label_like(rows: &[&str]) -> Option<usize> {
        Format::Csv.parse(rows.join("\n").as_bytes()).unwrap().layout.label_like_column
    }

    #[test]
    fn class_numbers_at_either_end_are_found() {
        assert_eq!(label_like(&["0.1,2.5,0", "0.3,2.0,0", "0.2,7.5,1", "0.9,1.5,1"]), Some(2));
        assert_eq!(label_like(&["1,0.1,2.5", "3,0.3,2.0", "2,7,1", "2,5,1.5", "3,1,0", "1,0,0"]), Some(0));
        assert_eq!(label_like(&["0.5,-1", "0.1,-1", "0.3,1", "0.2,1"]), Some(1));
    }

    #[test]
    fn features_are_left_alone() {
        // Fractions; gaps; a class of one; a class far too small; a constant; all columns alike; too few.
        assert_eq!(label_like(&["0.1,0.5", "0.3,0.5", "0.2,1", "0.9,1"]), None);
        assert_eq!(label_like(&["0.1,0", "0.3,0", "0.2,2", "0.9,2"]), None);
        assert_eq!(label_like(&["0.1,0", "0.3,1", "0.2,1", "0.9,1"]), None);
        let sparse = [vec!["0.5,0"; 98], vec!["0.5,1"; 2]].concat();
        assert_eq!(label_like(&sparse), None);
        assert_eq!(label_like(&["0.1,1", "0.3,1", "0.2,1", "0.9,1"]), None);
        assert_eq!(label_like(&["0,1", "1,0", "0,1", "1,0"]), None);
        assert_eq!(label_like(&["3,4,0", "0,0,2", "1,1,1"]), None);
    }
}
