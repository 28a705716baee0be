//! How a network is fitted.

use super::Dataset;
use crate::error::Result;
use crate::loss::Loss;
use crate::model::Spec;
use crate::optim::{Clip, Optimizer, ScheduleShape};
use crate::train::{Epoch, Next, Options, Order, Run};
use std::fmt::{Debug, Formatter};
use std::ops::ControlFlow;

/// What a callback answers: nothing, so that training goes on, or whether it does.
pub trait GoOn {
    /// Whether training goes on.
    fn go_on(self) -> ControlFlow<()>;
}

impl GoOn for () {
    fn go_on(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl GoOn for ControlFlow<()> {
    fn go_on(self) -> ControlFlow<()> {
        self
    }
}

type Watch<'a> = Box<dyn FnMut(&Epoch) -> ControlFlow<()> + 'a>;

/// How to fit a network: at first 100 epochs in batches of 32 shuffled rows, with Adam(1e-3), the loss that the targets
/// call for, and no row held out.
///
/// ```
/// use refrain::Fit;
/// use std::ops::ControlFlow;
///
/// let fit = Fit::default().epochs(20).batch(64).adam(3e-3).clip(1.0).validate(0.1).patience(5).on_epoch(|epoch| {
///     println!("{epoch}");
///     if epoch.loss < 1e-6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// });
/// ```
#[derive(Default)]
#[must_use = "nothing is fitted before `Network::fit`"]
pub struct Fit<'a> {
    options: Options,
    loss: Option<Loss>,
    schedule: Option<ScheduleShape>,
    /// The fraction of the rows that validates.
    validate: Option<f64>,
    patience: Option<usize>,
    watch: Option<Watch<'a>>,
}

impl Debug for Fit<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Fit { options, loss, schedule, validate, patience, .. } = self;
        let mut shown = f.debug_struct("Fit");
        shown.field("options", options).field("loss", loss).field("schedule", schedule).field("validate", validate);
        shown.field("patience", patience).finish_non_exhaustive()
    }
}

impl<'a> Fit<'a> {
    /// Passes over the rows.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.options.epochs = epochs;
        self
    }

    /// Rows of a step (B); the last step of an epoch takes what is left.
    pub fn batch(mut self, rows: usize) -> Self {
        self.options.batch = rows;
        self
    }

    /// What is minimised, where it is not what the targets call for ([`Dataset::loss`]).
    pub fn loss(mut self, loss: Loss) -> Self {
        self.loss = Some(loss);
        self
    }

    /// The optimiser, with all its numbers.
    pub fn optimizer(mut self, optimizer: Optimizer) -> Self {
        self.options.optimizer = optimizer;
        self
    }

    /// Adam with this learning rate.
    pub fn adam(self, lr: f64) -> Self {
        self.optimizer(Optimizer::adam(lr))
    }

    /// AdamW with this learning rate.
    pub fn adam_w(self, lr: f64) -> Self {
        self.optimizer(Optimizer::adam_w(lr))
    }

    /// Stochastic gradient descent with this learning rate and momentum.
    pub fn sgd(self, lr: f64, momentum: f64) -> Self {
        self.optimizer(Optimizer::sgd(lr, momentum))
    }

    /// RMSprop with this learning rate.
    pub fn rms_prop(self, lr: f64) -> Self {
        self.optimizer(Optimizer::rms_prop(lr))
    }

    /// The largest norm of a step's gradient.
    pub fn clip(mut self, max_norm: f64) -> Self {
        self.options.clip = Some(Clip { max_norm });
        self
    }

    /// How the learning rate changes over the run.
    pub fn schedule(mut self, schedule: ScheduleShape) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// The learning rate rises over so many steps, and falls to 0 along a cosine by the last epoch
    /// ([`ScheduleShape::Cosine`]).
    pub fn cosine(self, warm_up: u64) -> Self {
        self.schedule(ScheduleShape::Cosine { warm_up, floor: 0.0 })
    }

    /// The probability with which an output of a layer below the last is dropped at a step.
    pub fn dropout(mut self, p: f32) -> Self {
        self.options.dropout = p;
        self
    }

    /// The seed of the order of the rows, of dropout and of the rows that validate.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Which rows follow which: shuffled, as given, or as given with states carried from step to step.
    pub fn order(mut self, order: Order) -> Self {
        self.options.order = order;
        self
    }

    /// Holds out this fraction of the rows, chosen as [`Dataset::split`] says, and measures the loss on them after every
    /// epoch. The network then ends with the weights of the best epoch.
    pub fn validate(mut self, fraction: f64) -> Self {
        self.validate = Some(fraction);
        self
    }

    /// Epochs without a better validation loss after which training stops: a fifth of the epochs, 5 at least, where
    /// nothing is said. With 0 every epoch is trained, and the last weights are kept.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = Some(epochs);
        self
    }

    /// Calls `watch` after every epoch; it may print the epoch, and stops training with [`ControlFlow::Break`].
    pub fn on_epoch<G: GoOn>(mut self, mut watch: impl FnMut(&Epoch) -> G + 'a) -> Self {
        self.watch = Some(Box::new(move |epoch| watch(epoch).go_on()));
        self
    }

    /// The rows to train on and those to validate on.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where the fraction that validates leaves none to train on.
    pub fn rows(&self, data: &Dataset) -> Result<(Vec<u32>, Vec<u32>)> {
        match self.validate {
            None => Ok(((0..data.rows() as u32).collect(), Vec::new())),
            Some(fraction) => data.divided("validate", fraction, self.options.seed),
        }
    }

    /// The run that fits a network of this spec, as [`fit_validated`](crate::train::fit_validated) takes it, on rows of
    /// [`Fit::rows`].
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where there are no targets, a number makes no sense, or patience is asked
    /// for and no row validates.
    pub fn run<'r>(&self, spec: Spec, data: &'r Dataset, train: &'r [u32], val: &'r [u32]) -> Result<Run<'r>> {
        let loss = data.loss(&spec)?;
        let mut options = Options { loss: self.loss.unwrap_or(loss), ..self.options };
        options.check()?;
        if let Some(schedule) = self.schedule {
            options.schedule = schedule.over((options.epochs * options.steps(train.len())) as u64);
        }
        let patience = options.patience_of(self.patience, !val.is_empty())?;
        Ok(Run { spec, options, windows: data.as_windows(), train, weights: &[], val, val_groups: &[], patience })
    }

    /// Tells the callback of an epoch that has ended.
    pub fn watch(&mut self, epoch: &Epoch) -> Next {
        let stopped = epoch.ended && self.watch.as_mut().is_some_and(|watch| watch(epoch).is_break());
        if stopped { Next::Stop } else { Next::Continue }
    }
}
