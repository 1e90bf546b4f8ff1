use super::*;

fn score(encoder: &str, task: &str, values: &[f64]) -> Score {
    let (encoder, task) = (encoder.to_owned(), task.to_owned());
    Score { encoder, task, galaxies: 10, measure: "auc".to_owned(), values: values.to_vec() }
}

#[test]
fn a_verdict_marks_the_best_of_each_line_and_who_wins_them_all() {
    let scores = vec![
        score("a", "rings", &[0.7, 0.8]),
        score("a", "odd", &[0.9, 0.9]),
        score("b", "rings", &[0.6, 0.6]),
        score("b", "odd", &[0.95, 0.85]),
    ];
    let mut verdict = Verdict { scores };
    verdict.scores[3].values = vec![0.8, 0.8];
    assert_eq!(verdict.winner(), Some("a"));
    verdict.scores[3].values = vec![0.95, 0.95];
    assert_eq!(verdict.winner(), None);
    let text = verdict.markdown();
    assert!(text.contains("| rings | auc | 10 | **0.750 ± 0.071** | 0.600 ± 0.000 |"), "{text}");
    assert!(text.contains("| odd | auc | 10 | 0.900 ± 0.000 | **0.950 ± 0.000** |"), "{text}");
    assert!(text.ends_with("Best in: a 1 of 2, b 1 of 2.\n"), "{text}");
    let table = verdict.table().unwrap();
    assert_eq!((table.height(), table.width()), (2, 8));
    assert_eq!(Verdict { scores: Vec::new() }.winner(), None);
}
