use super::*;
use crate::train::{HeadConfig, Rule, Shape, Watch};
use tch::{Device, Kind, nn};

/// Fits a line to noisy data, with dropout.
struct Line {
    store: VarStore,
    head: crate::train::Head,
    x: Tensor,
    y: Tensor,
    /// Simulates a kill: returns an error at this step.
    fail_at: Option<usize>,
    seen: usize,
    /// The bias at the last validation.
    validated: f64,
}

/// Normally distributed numbers, three per row.
fn random(rows: usize, seed: u64) -> Tensor {
    use rand::{SeedableRng, rngs::StdRng};
    use rand_distr::{Distribution, StandardNormal};
    let mut rng = StdRng::seed_from_u64(seed);
    let numbers: Vec<f32> = (0..3 * rows).map(|_| StandardNormal.sample(&mut rng)).collect();
    Tensor::from_slice(&numbers).view([-1, 3])
}

impl Line {
    /// Avoids libtorch's generator, which all tests share.
    fn new() -> Self {
        let store = VarStore::new(Device::Cpu);
        let head = HeadConfig::numbers(1).dropout(0.2).build(&store.root(), 3, 0).unwrap();
        no_grad(|| {
            let [mut weight, mut bias] =
                ["weight", "bias"].map(|name| store.variables()[name].shallow_clone());
            weight.copy_(&Tensor::from_slice(&[0.3f32, -0.4, 0.4]).view([1, 3]));
            bias.copy_(&Tensor::from_slice(&[0.4f32]));
        });
        let x = random(50, 1);
        let y = x.matmul(&Tensor::from_slice(&[1.0f32, -2.0, 0.5]).view([3, 1])) + 0.3;
        Self { store, head, x, y, fail_at: None, seen: 0, validated: 0.0 }
    }

    fn bias(&self) -> f64 {
        self.store.variables()["bias"].double_value(&[0])
    }

    fn weights(&self) -> Vec<f32> {
        let mut variables: Vec<_> = self.store.variables().into_iter().collect();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        let flat = |(_, it): (String, Tensor)| Vec::<f32>::try_from(it.flatten(0, -1)).unwrap();
        variables.into_iter().flat_map(flat).collect()
    }
}

impl Task for Line {
    fn store(&self) -> &VarStore {
        &self.store
    }

    fn galaxies(&self) -> usize {
        40
    }

    fn loss(&mut self, galaxies: &[usize], seed: u64) -> Result<Tensor> {
        if self.fail_at == Some(self.seen) {
            return Err(Error::unsuitable("the power is off", "Switch it on"));
        }
        self.seen += 1;
        let places: Vec<i64> = galaxies.iter().map(|it| *it as i64).collect();
        let places = Tensor::from_slice(&places);
        let x = self.x.index_select(0, &places) + 0.1 * random(galaxies.len(), seed);
        let y = self.y.index_select(0, &places);
        Ok(self.head.forward(&x, Some(seed))?.mse_loss(&y, tch::Reduction::Mean))
    }

    fn validate(&mut self) -> Result<f64> {
        let (x, y) = (self.x.slice(0, 40, 50, 1), self.y.slice(0, 40, 50, 1));
        self.validated = self.bias();
        Ok(self.head.forward(&x, None)?.mse_loss(&y, tch::Reduction::Mean).double_value(&[]))
    }

    fn parts(&self) -> Vec<(String, f64)> {
        vec![("bias".to_owned(), self.validated)]
    }
}

fn config() -> FitConfig {
    FitConfig {
        epochs: 6,
        batch: 8,
        rate: 0.05,
        schedule: Schedule { warmup: 3, shape: Shape::default() },
        optimizer: OptimizerConfig { clip: Some(1.0), ..OptimizerConfig::default() },
        average: Some(0.9),
        save_every: 2,
        keep: 2,
        seed: 1,
        ..FitConfig::default()
    }
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap().flatten().filter(|it| it.path().is_dir());
    let mut names: Vec<String> = entries.map(|it| it.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_run_learns_and_reports_every_step_and_epoch() {
    let mut task = Line::new();
    let before = no_grad(|| task.validate()).unwrap();
    let mut events = Vec::new();
    let run = FitConfig { epochs: 40, average: None, ..config() };
    let fitted = fit(&mut task, &run, None, &mut |event| events.push(event)).unwrap();
    let after = no_grad(|| task.validate()).unwrap();
    assert!(after < 0.1 * before, "{before} became {after}");
    assert_eq!((fitted.steps, fitted.epochs.len(), fitted.end), (200, 40, End::Complete));
    assert_eq!(fitted.epochs[39].validation, after);
    assert_eq!(events.len(), 240);
    assert_eq!(fitted.epochs[39].parts, [("bias".to_owned(), task.bias())]);
    assert_eq!(fitted.table().shape(), (40, 5));
    assert!(fitted.history().svg().contains("validation"));
    let Event::Step { step, steps, rate, .. } = events[0] else { panic!("{:?}", events[0]) };
    assert_eq!((step, steps), (1, 200));
    assert!((rate - 0.05 / 3.0).abs() < 1e-15);
}

#[test]
fn a_run_that_breaks_anywhere_ends_with_the_weights_of_one_that_does_not() {
    let mut whole = Line::new();
    let whole_folder = tempfile::tempdir().unwrap();
    let expected = fit(&mut whole, &config(), Some(whole_folder.path()), &mut |_| ()).unwrap();
    for breaks in [vec![0], vec![1], vec![7, 4], vec![13], vec![3, 3, 3, 3, 29]] {
        let folder = tempfile::tempdir().unwrap();
        for at in breaks {
            let mut task = Line::new();
            task.fail_at = Some(at);
            let _ = fit(&mut task, &config(), Some(folder.path()), &mut |_| ());
            // The remains of a checkpoint that a killed process was writing.
            let half = folder.path().join("unfinished-000000000099");
            std::fs::create_dir_all(&half).unwrap();
            std::fs::write(half.join("tensors.safetensors"), "half").unwrap();
        }
        let mut task = Line::new();
        let fitted = fit(&mut task, &config(), Some(folder.path()), &mut |_| ()).unwrap();
        assert_eq!(task.weights(), whole.weights());
        assert_eq!(fitted, expected);
        for table in ["steps.csv", "epochs.csv"] {
            let read = |path: &Path| std::fs::read_to_string(path.join(table)).unwrap();
            assert_eq!(read(folder.path()), read(whole_folder.path()), "{table}");
        }
        assert!(!folders(folder.path()).iter().any(|it| it.starts_with("unfinished")));
    }
}

/// The settings of a run that is killed: a checkpoint at every step.
fn fragile() -> FitConfig {
    FitConfig { epochs: 30, save_every: 1, ..config() }
}

/// Started by the next test as a separate process.
#[test]
#[ignore = "is started, and killed, by the next test"]
fn a_run_to_be_killed() {
    let Some(folder) = std::env::var_os("ZOOBOT_RUN_TO_BE_KILLED") else { return };
    fit(&mut Line::new(), &fragile(), Some(Path::new(&folder)), &mut |_| {
        // Slow enough to be killed before it ends.
        std::thread::sleep(std::time::Duration::from_millis(20));
    })
    .unwrap();
}

#[test]
fn a_run_killed_at_random_moments_ends_with_the_weights_of_one_that_was_not() {
    use rand::{Rng, SeedableRng};
    let folder = tempfile::tempdir().unwrap();
    let newest = || folders(folder.path()).into_iter().rfind(|it| it.starts_with("step-"));
    let mut rng = rand::rngs::StdRng::seed_from_u64(11);
    for _ in 0..5 {
        let before = newest();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "train::fit::tests::a_run_to_be_killed"])
            .env("ZOOBOT_RUN_TO_BE_KILLED", folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while newest() == before {
            assert!(child.try_wait().unwrap().is_none(), "the run ended by itself");
        }
        std::thread::sleep(std::time::Duration::from_micros(rng.random_range(0..60_000)));
        // On Unix this is SIGKILL, which cannot be caught.
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
    }
    let mut killed = Line::new();
    let end = fit(&mut killed, &fragile(), Some(folder.path()), &mut |_| ()).unwrap();
    let mut whole = Line::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let expected = fit(&mut whole, &fragile(), Some(elsewhere.path()), &mut |_| ()).unwrap();
    assert_eq!((end, killed.weights()), (expected, whole.weights()));
    let log = |folder: &Path| std::fs::read_to_string(folder.join("steps.csv")).unwrap();
    assert_eq!(log(folder.path()), log(elsewhere.path()));
}

/// Started by the next test as a separate process. From step 9 on, no file may grow beyond half a kilobyte,
/// which is less than a checkpoint needs.
#[test]
#[ignore = "is started by the next test"]
fn a_run_whose_disk_fills() {
    let Some(folder) = std::env::var_os("ZOOBOT_RUN_WHOSE_DISK_FILLS") else { return };
    let mut fill = |event: Event| {
        if matches!(event, Event::Step { step: 9, .. }) {
            let limit = libc::rlimit { rlim_cur: 512, rlim_max: 512 };
            // SAFETY: both calls change this process only. Writing beyond the limit then returns an error
            // instead of raising a signal that ends the process.
            unsafe {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
            }
        }
    };
    let error = fit(&mut Line::new(), &config(), Some(Path::new(&folder)), &mut fill);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("File too large"), "{error}");
}

#[test]
fn a_disk_that_is_full_keeps_the_checkpoint_before_and_the_run_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "train::fit::tests::a_run_whose_disk_fills"])
        .env("ZOOBOT_RUN_WHOSE_DISK_FILLS", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    // Checkpoints are written every 2 steps and after each epoch of 5, and that of the best epoch is kept.
    assert_eq!(newest(folder.path()), "step-000000000008");
    assert!(!folders(folder.path()).iter().any(|it| it.starts_with("unfinished")));
    let mut resumed = Line::new();
    let mut begin = None;
    let end = fit(&mut resumed, &config(), Some(folder.path()), &mut |event| {
        begin.get_or_insert(event);
    });
    let mut whole = Line::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let expected = fit(&mut whole, &config(), Some(elsewhere.path()), &mut |_| ()).unwrap();
    assert_eq!((end.unwrap(), resumed.weights()), (expected, whole.weights()));
    let Some(Event::Resumed { step: 8, steps: 30, epochs }) = begin else { panic!("{begin:?}") };
    assert_eq!(epochs.len(), 1);
}

fn newest(folder: &Path) -> String {
    folders(folder).into_iter().rfind(|it| it.starts_with("step-")).unwrap_or_default()
}

#[test]
fn a_run_in_the_background_that_is_cancelled_gives_what_it_has_and_goes_on_later() {
    use std::sync::{Arc, Barrier};
    use zoobot_show::notebook::Job;
    let folder = tempfile::tempdir().unwrap();
    let (path, at) = (folder.path().to_path_buf(), Arc::new(Barrier::new(2)));
    let wait = Arc::clone(&at);
    let job = Job::start("training", move || {
        let mut watch = Watch::new("training");
        fit(&mut Line::new(), &config(), Some(&path), &mut |event| {
            watch.see(&event);
            if matches!(event, Event::Step { step: 12, .. }) {
                // One wait to be seen running, one to be cancelled.
                wait.wait();
                wait.wait();
            }
        })
    })
    .unwrap();
    at.wait();
    assert!(!job.is_finished() && job.status().starts_with("training: running"));
    job.cancel();
    at.wait();
    let fitted = job.result().unwrap();
    assert_eq!((fitted.end, fitted.steps, fitted.epochs.len()), (End::Interrupted, 12, 2));
    assert_eq!(newest(folder.path()), "step-000000000012");
    let (mut resumed, mut whole) = (Line::new(), Line::new());
    let end = fit(&mut resumed, &config(), Some(folder.path()), &mut |_| ()).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let expected = fit(&mut whole, &config(), Some(elsewhere.path()), &mut |_| ()).unwrap();
    assert_eq!((end, resumed.weights()), (expected, whole.weights()));
}

#[test]
fn the_log_of_a_run_reads_as_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let fitted = fit(&mut Line::new(), &config(), Some(folder.path()), &mut |_| ()).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let epochs = read("epochs.csv");
    let mut lines = epochs.lines();
    assert_eq!(lines.next(), Some("epoch,training,validation,rate,bias"));
    for (line, epoch) in lines.zip(&fitted.epochs) {
        let numbers: Vec<f64> = line.split(',').map(|it| it.parse().unwrap()).collect();
        let Epoch { training, validation, rate, parts, .. } = epoch;
        assert_eq!(numbers, [epoch.epoch as f64, *training, *validation, *rate, parts[0].1]);
    }
    assert_eq!((epochs.lines().count(), read("steps.csv").lines().count()), (7, 31));
    // A truncated line, and steps after the last checkpoint, are removed.
    let steps = read("steps.csv");
    let path = folder.path().join("steps.csv");
    std::fs::write(&path, steps.clone() + "31,0.5,0.1\n32,0.2").unwrap();
    fit(&mut Line::new(), &config(), Some(folder.path()), &mut |_| ()).unwrap();
    assert_eq!(read("steps.csv"), steps);
}

#[test]
fn the_best_weights_remain_and_only_the_best_and_the_newest_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let mut task = Line::new();
    let run = FitConfig { average: None, rate: 0.3, epochs: 20, ..config() };
    let fitted = fit(&mut task, &run, Some(folder.path()), &mut |_| ()).unwrap();
    let best = fitted.epochs.iter().map(|it| it.validation).fold(f64::INFINITY, f64::min);
    assert_eq!(no_grad(|| task.validate()).unwrap(), best);
    let mut ranked = fitted.epochs.clone();
    ranked.sort_by(|a, b| a.validation.total_cmp(&b.validation));
    let mut expected: Vec<u64> = ranked[..2].iter().map(|it| 5 * it.epoch).collect();
    expected.push(100);
    expected.sort_unstable();
    expected.dedup();
    let expected: Vec<String> = expected.iter().map(|it| format!("step-{it:012}")).collect();
    assert_eq!(folders(folder.path()), expected);
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 1).unwrap();
    let tensors = |value: f32| vec![("a".to_owned(), Tensor::from_slice(&[value]))];
    checkpoints.save(1, Some(0.5), &"first", &tensors(1.0)).unwrap();
    // A file where the folder should go blocks writing, like a full disk.
    std::fs::write(folder.path().join("unfinished-000000000002"), "in the way").unwrap();
    assert!(checkpoints.save(2, Some(0.1), &"second", &tensors(2.0)).is_err());
    let saved: Saved<String> = checkpoints.newest().unwrap().unwrap();
    assert_eq!((saved.step, saved.score, saved.state.as_str()), (1, Some(0.5), "first"));
    assert_eq!(saved.tensors[0].1, Tensor::from_slice(&[1.0f32]));
    // A damaged newest checkpoint is skipped.
    std::fs::remove_file(folder.path().join("unfinished-000000000002")).unwrap();
    checkpoints.save(3, None, &"third", &tensors(3.0)).unwrap();
    std::fs::write(folder.path().join("step-000000000003/state.json"), "{").unwrap();
    assert_eq!(checkpoints.newest::<String>().unwrap().unwrap().step, 1);
}

#[test]
fn checkpoints_of_another_run_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fit(&mut Line::new(), &config(), Some(folder.path()), &mut |_| ()).unwrap();
    let other = FitConfig { rate: 0.01, ..config() };
    let error = fit(&mut Line::new(), &other, Some(folder.path()), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error}");
}

#[test]
fn a_run_without_progress_ends_when_its_patience_does() {
    let mut task = Line::new();
    task.y = random(50, 2).slice(1, 0, 1, 1);
    let run = FitConfig { epochs: 1000, patience: Some(3), average: None, ..config() };
    let fitted = fit(&mut task, &run, None, &mut |_| ()).unwrap();
    assert_eq!(fitted.end, End::Patience);
    let best = fitted.epochs.iter().map(|it| it.validation).fold(f64::INFINITY, f64::min);
    let last = fitted.epochs.len();
    assert_eq!(fitted.epochs[last - 4].validation, best);
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let message = |config: FitConfig| {
        fit(&mut Line::new(), &config, None, &mut |_| ()).unwrap_err().to_string()
    };
    assert!(message(FitConfig { rate: 0.0, ..config() }).contains("rate must"));
    assert!(message(FitConfig { batch: 0, ..config() }).contains("batch must"));
    assert!(message(FitConfig { average: Some(1.0), ..config() }).contains("average must"));
    let error = message(FitConfig { weight_decay: -1.0, ..config() });
    assert!(error.contains("weight_decay must"), "{error}");
    let error = message(FitConfig { rate: 1e30, ..config() });
    assert!(error.contains("Lower the learning rate"), "{error}");
    let mut frozen = Line::new();
    frozen.store.freeze();
    let error = fit(&mut frozen, &config(), None, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("all weights are frozen"), "{error}");
}

/// Compares with libtorch's own optimisers, on the same gradients.
#[test]
fn both_rules_take_the_steps_that_libtorch_takes() {
    for rule in [Rule::Adam, Rule::AdamW] {
        let build = || {
            let store = VarStore::new(Device::Cpu);
            let root = store.root();
            let a = root.var_copy("a", &random(4, 3));
            let b = root.var_copy("b", &random(1, 4).view([3]));
            (store, a, b)
        };
        let loss = |a: &Tensor, b: &Tensor, step: i64| {
            let x = Tensor::arange(4, (Kind::Float, Device::Cpu)) - step as f64 * 0.3;
            (x.view([1, 4]).matmul(a) + b).square().sum(Kind::Float)
        };
        let (store, a, b) = build();
        // A single weight decay, as in libtorch without groups.
        let group = super::super::groups::Group {
            rate: 1.0,
            weight_decay: 0.1,
            variables: vec!["a".into(), "b".into()],
        };
        let config = OptimizerConfig { rule, ..OptimizerConfig::default() };
        let mut ours = Optimizer::new(&store, &[group], config).unwrap();
        let (theirs, c, d) = build();
        let mut optimizer = match rule {
            Rule::Adam => nn::Adam { wd: 0.1, ..nn::Adam::default() }.build_dyn(&theirs),
            Rule::AdamW => nn::AdamW { wd: 0.1, ..nn::AdamW::default() }.build_dyn(&theirs),
        };
        for step in 0..30 {
            ours.zero_grad();
            loss(&a, &b, step).backward();
            ours.step(0.02).unwrap();
            optimizer.set_lr(0.02);
            optimizer.backward_step(&loss(&c, &d, step));
        }
        for (ours, theirs) in [(&a, &c), (&b, &d)] {
            let off = (ours - theirs).abs().max().double_value(&[]);
            assert!(off < 1e-5, "{rule:?} is off by {off}");
        }
    }
}

trait BuildDyn {
    fn build_dyn(self, store: &VarStore) -> nn::Optimizer;
}

impl<T: nn::OptimizerConfig> BuildDyn for T {
    fn build_dyn(self, store: &VarStore) -> nn::Optimizer {
        self.build(store, 0.02).unwrap()
    }
}

#[test]
fn long_gradients_are_shortened_and_their_length_is_told() {
    let store = VarStore::new(Device::Cpu);
    let a = store.root().zeros("a", &[2]);
    let groups = groups(&store, &[], 1.0, 0.0).unwrap();
    let config = OptimizerConfig { clip: Some(1.0), betas: (0.0, 0.0), ..Default::default() };
    let mut optimizer = Optimizer::new(&store, &groups, config).unwrap();
    (&a * Tensor::from_slice(&[30.0f32, 40.0])).sum(Kind::Float).backward();
    assert_eq!(optimizer.step(0.1).unwrap(), 50.0);
    optimizer.zero_grad();
    (&a * f64::NAN).sum(Kind::Float).backward();
    let before = a.copy();
    assert!(optimizer.step(0.1).unwrap_err().to_string().contains("NaN"));
    assert_eq!(a, before);
}

#[test]
fn an_encoder_with_a_head_learns_slower_the_deeper_and_vectors_do_not_decay() {
    use zoobot_representation::encoder::Architecture;
    let store = VarStore::new(Device::Cpu);
    let architecture = Architecture::named("convnext_atto").unwrap();
    architecture.build(&store.root(), 0).unwrap();
    HeadConfig::concentrations(34).build(&(store.root() / "votes"), 320, 0).unwrap();
    let groups = groups(&store, &architecture.layers(), 0.75, 0.05).unwrap();
    let of = |name: &str| groups.iter().find(|it| it.variables.iter().any(|v| v == name)).unwrap();
    assert_eq!((of("votes.weight").rate, of("votes.weight").weight_decay), (1.0, 0.05));
    assert_eq!((of("votes.bias").rate, of("votes.bias").weight_decay), (1.0, 0.0));
    let depth = architecture.layers().len() as i32 - 1;
    assert_eq!(of("stem.0.weight").rate, 0.75f64.powi(depth));
    let grouped: usize = groups.iter().map(|it| it.variables.len()).sum();
    assert_eq!(grouped, store.trainable_variables().len());
}
