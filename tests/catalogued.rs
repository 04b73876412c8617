//! Every study of the catalogue against README, book and tests: it is shown, its errors are planted, and what its checks would notice is said.

use std::fs;

use puremix::catalogue;
use puremix::plot::Sheet;
use puremix::study::Kind;
use puremix::text::number;
use serde_json::Value;

use crate::documents::{claims, hold, path, rows, text};

/// Checks by the smallest relative error of their prediction that they would notice: below each of these, above all of them, and checks
/// of which no relative error is known.
const ERRORS: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.5];

#[test]
fn the_table_of_what_checks_would_notice_is_that_of_the_archive() {
    let claims = claims();
    let (mut expected, mut weak) = (Vec::new(), Vec::new());
    for study in catalogue::ALL.iter().filter(|study| study.kind.has_verdict()) {
        let checks = claims[study.id]["checks"].as_array().unwrap();
        let mut counts = [0; ERRORS.len() + 2];
        for check in checks {
            let (predicted, detects) = (check["predicted"].as_f64(), check["detects"].as_f64());
            let relative = predicted.zip(detects).filter(|(p, _)| check["relation"] == "equal" && *p != 0.0);
            let class = relative.map_or(ERRORS.len() + 1, |(p, error)| {
                ERRORS.iter().position(|bound| error / p.abs() <= *bound).unwrap_or(ERRORS.len())
            });
            counts[class] += 1;
            let code = format!("`{}`", study.id);
            if (4..=ERRORS.len()).contains(&class) {
                let percent =
                    format!("{:.0} %", 100.0 * relative.map_or(f64::NAN, |(p, error)| error / p.abs()));
                let name = check["name"].as_str().unwrap();
                weak.push(vec![code, name.into(), percent]);
            }
        }
        let mut row = vec![format!("`{}`", study.id), checks.len().to_string()];
        row.extend(counts.map(|count| if count == 0 { String::new() } else { count.to_string() }));
        expected.push(row);
    }
    let numbers =
        |row: &Vec<String>| -> Vec<usize> { row[1..].iter().map(|n| n.parse().unwrap_or(0)).collect() };
    let total =
        expected.iter().map(numbers).reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect()).unwrap();
    expected.push(["all".to_string()].into_iter().chain(total.iter().map(usize::to_string)).collect());
    hold("docs/verdicts.md", "| claim | check | would notice |", &weak);
    hold(
        "docs/verdicts.md",
        "| claim | checks | ≤ 2 % | ≤ 5 % | ≤ 10 % | ≤ 20 % | ≤ 50 % | above | absolute, one-sided |",
        &expected,
    );
}

/// Tests of a law that look at the means of several cells: the check, and the table with standard errors and predictions.
const OF_CELLS: [[&str; 5]; 6] = [
    ["odds_identity", "E[e^{A/2}; i* = j] against", "odds_identity", "se_weight", "cosine"],
    ["odds_identity", "E e^{A/2} |c_j|/‖c‖ at τ = 0.7", "odds_identity", "se_early_weight", "cosine"],
    ["unequal_data", "against I_p", "unequal_odds", "standard_error", "predicted"],
    ["subspace_lottery", "E[e^{A/2}; S wins]", "subspace_identity", "se_weight", "cosine"],
    ["depth", "mean of (2/π) arctan", "depth_pair", "se_odds", "predicted_odds"],
    ["depth", "mean of A, told from the norm", "depth_pair", "se_impurity", "predicted_impurity"],
];

/// What such a test states is of the cell with the largest error; of the others it notices as much less as their errors are smaller.
#[test]
fn the_table_of_what_tests_of_cells_would_notice_is_that_of_the_archive() {
    let claims = claims();
    let mut expected = Vec::new();
    for [id, name, table, error, predicted] in OF_CELLS {
        let checks = claims[id]["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"].as_str().unwrap().contains(name)).unwrap();
        let file = path(&format!("experiments/results/standard/{table}.csv"));
        let sheet = Sheet::read(&file, &[error, predicted]).unwrap();
        let cells: Vec<[f64; 2]> =
            sheet.rows().map(|row| [row.number(error), row.number(predicted)]).collect();
        let largest = cells.iter().map(|[error, _]| *error).fold(0.0, f64::max);
        let detects = check["detects"].as_f64().unwrap() / largest;
        let mut percents: Vec<f64> = cells.iter().map(|[error, of]| 100.0 * detects * error / of).collect();
        percents.sort_by(f64::total_cmp);
        let percent = |k: usize| format!("{:.0} %", percents[k]);
        expected.push(vec![
            format!("`{id}`"),
            check["name"].as_str().unwrap().to_string(),
            cells.len().to_string(),
            percent(0),
            percent(cells.len() / 2),
            percent(cells.len() - 1),
        ]);
    }
    hold("docs/verdicts.md", "| claim | check | cells | least | median | most |", &expected);
}

/// In the unit of what is compared, as the archive has it.
#[test]
fn the_table_of_what_one_sided_checks_would_notice_is_that_of_the_archive() {
    let claims = claims();
    let mut expected = Vec::new();
    for study in catalogue::ALL.iter().filter(|study| study.kind.has_verdict()) {
        let checks = claims[study.id]["checks"].as_array().unwrap().iter();
        for (check, detects) in checks.filter_map(|check| Some((check, check["detects"].as_f64()?))) {
            if check["relation"] != "equal" {
                let name = check["name"].as_str().unwrap();
                expected.push(vec![format!("`{}`", study.id), name.into(), number(detects)]);
            }
        }
    }
    hold("docs/verdicts.md", "| claim | one-sided check | would notice |", &expected);
}

#[test]
fn the_book_says_how_often_checks_erred() {
    let of = |name: &str, effort: &str| -> Value {
        let summary = text(&format!("experiments/results/calibration-{name}.json"));
        let summary: Value = serde_json::from_str(&summary).unwrap();
        assert_eq!((&summary["refuted"], &summary["undecided"]), (&0.into(), &0.into()), "{name}");
        assert_eq!(summary["options"]["effort"], effort);
        summary
    };
    let counted = [("quick", "quick"), ("standard", "standard"), ("full", "full"), ("quick-f32", "quick")];
    let [quick, standard, full, single] = counted.map(|(name, effort)| of(name, effort));
    let page = text("docs/verdicts.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let reports = |summary: &Value| summary["reports"].as_u64().unwrap();
    let says = |line: String| assert!(page.contains(&line), "the book lacks: {line}");
    says(format!(
        "none of them in {} reports at quick effort, none in {} at standard effort, none in {} at full effort.",
        reports(&quick),
        reports(&standard),
        reports(&full)
    ));
    says(format!("there was none in {} reports at quick effort", reports(&single)));
    // The share p of which none in n is seen with a probability of 5 %: (1 − p)ⁿ = 0.05.
    let [at_quick, at_standard, at_full] = [&quick, &standard, &full].map(|summary| {
        let percent = 100.0 * (1.0 - 0.05f64.powf(1.0 / reports(summary) as f64));
        if percent < 10.0 { format!("{percent:.1}") } else { format!("{percent:.0}") }
    });
    says(format!("by {at_quick}, {at_standard} and {at_full} % (at 95 %)"));
    for (effort, summary) in [("quick", &quick), ("standard", &standard)] {
        let (found, checks) = (&summary["distribution"], summary["checks"].as_array().unwrap());
        let number = |name: &str| found[name].as_f64().unwrap();
        let named = ["shifted", "too_wide", "too_narrow"].map(|list| found[list].as_array().unwrap().len());
        let largest = checks.iter().filter_map(|check| check["z_largest"].as_f64()).fold(0.0, f64::max);
        assert_eq!(number("level"), 0.01);
        says(format!(
            "| {effort} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {largest:.2} |",
            reports(summary),
            found["intervals"],
            named.map(|count| count.to_string()).join(", "),
            number("notices_shift"),
            number("notices_deviation"),
            number("variance"),
            (2.0 / (reports(summary) - 1) as f64 / number("intervals")).sqrt(),
        ));
    }
}

/// Of every two-sided interval, and of every test of the largest of many deviations, of six claims: the largest over the seeds of their newest calibration.
#[test]
fn the_table_of_largest_deviations_is_that_of_the_archive() {
    let claims = claims();
    let [beyond, standard] = ["beyond", "standard"].map(|name| -> Vec<Value> {
        let summary = text(&format!("experiments/results/calibration-{name}.json"));
        let summary: Value = serde_json::from_str(&summary).unwrap();
        summary["checks"].as_array().unwrap().clone()
    });
    let mut expected = Vec::new();
    for study in catalogue::ALL {
        let of = |rows: &[Value]| -> Vec<Value> {
            rows.iter().filter(|row| row["claim"] == study.id).cloned().collect()
        };
        let (older, newer) = (of(&beyond), of(&standard));
        let counted = if older.is_empty() || newer.is_empty() { older } else { newer };
        for row in &counted {
            let checks = claims[study.id]["checks"].as_array().unwrap();
            let judged = checks.iter().find(|check| check["name"] == row["name"]).unwrap();
            let name = row["name"].as_str().unwrap();
            let (largest, bound) = match row["z_largest"].as_f64() {
                Some(z) => (z, puremix::stats::normal_quantile(puremix::stats::CHECK_LEVEL)),
                None if name.contains("standard errors") && judged["relation"] == "at_most" => {
                    (row["measured"][1].as_f64().unwrap(), judged["predicted"].as_f64().unwrap())
                }
                None => continue,
            };
            expected.push(vec![
                format!("`{}`", study.id),
                name.into(),
                format!("{largest:.2}"),
                format!("{bound:.2}"),
            ]);
        }
    }
    hold("docs/verdicts.md", "| claim | check | largest | bound |", &expected);
}

#[test]
fn every_study_is_shown_every_claim_has_planted_errors_and_every_law_beyond_the_paper_a_page() {
    let (main_job, planted) = (text("docs/main_job.md"), text("tests/planted_errors/mod.rs"));
    let claims: Vec<String> = rows("README.md", 5).into_iter().map(|cells| cells[0].clone()).collect();
    let pages = fs::read_dir(path("docs/findings")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    let examined: Vec<String> = pages
        .flat_map(|page| {
            let text = fs::read_to_string(page).unwrap();
            text.lines()
                .filter(|line| line.starts_with("*Examined by*"))
                .map(String::from)
                .collect::<Vec<_>>()
        })
        .collect();
    for study in catalogue::ALL {
        let (id, code) = (study.id, format!("`{}`", study.id));
        if study.kind.has_verdict() {
            assert!(claims.contains(&code), "README's table has no row for {code}");
            assert!(planted.contains(&format!("\nmod {id};\n")), "no errors are planted in {code}");
            let errors = text(&format!("tests/planted_errors/{id}.rs"));
            assert!(
                errors.contains(".complete()"),
                "nothing asserts that every check of {code} can be turned"
            );
        } else {
            assert!(main_job.contains(&code), "the page of the main job does not name {code}");
        }
        // The map shows where the laws of the paper end, and states none of its own.
        if study.kind == Kind::Beyond && id != "hypothesis_map" {
            assert!(
                examined.iter().any(|line| line.contains(&code)),
                "no page of the findings is examined by {code}"
            );
        }
    }
}
