//! What training on a table found: one document, and the same for a reader.

use super::set::in_words;
use crate::cli::console::significant;
use crate::cli::scores;
use refrain::engine::DeviceInfo;
use refrain::forecast::{Backtest, Card, Center, Change, Channels, Divide, Plan, Search, Training, Tried};
use refrain::model::Spec;
use refrain::train::{Best, Finished};
use refrain::words::counted;
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
pub struct Document {
    pub device: DeviceInfo,
    pub spec: Spec,
    pub parameters: usize,
    /// What is forecast from what.
    pub plan: Plan,
    /// What the model is worth on the rows that validated it, beside the best naive forecast.
    pub naive: Option<refrain::forecast::Validation>,
    /// The candidates that it was chosen from.
    pub search: Vec<Tried>,
    /// Rows that were trained on, that validated, and that were held out.
    pub rows: [usize; 3],
    /// Epochs trained.
    pub epochs: usize,
    pub optimizer_steps: u64,
    /// Mean loss of the last epoch.
    pub train_loss: Option<f64>,
    /// The epoch whose weights the model has, where they are not the last.
    pub validation: Option<Validation>,
    /// The errors on the rows held out, beside forecasts by rule.
    pub test: Option<Backtest>,
    pub seed: u64,
    pub files: Vec<String>,
    pub seconds: Seconds,
}

#[derive(Serialize)]
pub struct Validation {
    pub epoch: usize,
    pub loss: f64,
    /// The mean absolute error on the scale of training, whatever the loss.
    pub scaled_mae: Option<f64>,
}

impl From<Best> for Validation {
    fn from(best: Best) -> Self {
        Validation { epoch: best.epoch, loss: best.loss, scaled_mae: best.mae }
    }
}

#[derive(Serialize)]
pub struct Seconds {
    /// From the start to the first training step.
    pub setup: f64,
    pub training: f64,
    pub total: f64,
}

/// What is about to be done.
pub fn opening(device: &DeviceInfo, training: &Training) -> String {
    let Training { problem, options, model, .. } = training;
    let Spec { cell, hidden, layers, .. } = model.spec;
    let Plan { targets, past, future, statics, weight, calendar, window, horizon, season, channels, .. } =
        &problem.card.plan;
    let together = if targets.len() > 1 && *channels == Channels::Independent { ", each on its own" } else { "" };
    let some = |count: usize, what: &str, of: &str| match count {
        0 => String::new(),
        _ => format!(", {}{of}", counted(count, what)),
    };
    let [train, val, test] = problem.rows();
    format!(
        "{cell}, {layers} x {hidden} hidden units, {parameters} parameters, on {device} ({backend})\n\
         {targets} from {window} rows, {horizon} ahead{together}{past}{future}{statics}{calendar}{normalized}; {season}\n\
         {train} rows to train on ({windows} windows{drawn}), {val} to validate, {test} held out\n\
         {loss}, {epochs} epochs, batch {batch}, lr {lr}, seed {seed}\n",
        parameters = model.parameters.len(),
        device = device.name,
        backend = device.backend,
        targets = listed(targets),
        past = some(past.len(), "covariate", " of the past"),
        future = some(future.len(), "covariate", " of the future"),
        statics = some(statics.len(), "static column", ""),
        calendar = some(calendar.len(), "cycle", " of the calendar"),
        normalized = normalized(&problem.card.plan),
        season = if *season > 1 { format!("season {season}") } else { "no season".to_owned() },
        windows = problem.train_origins(),
        drawn = weight.as_ref().map_or(String::new(), |weight| format!(", drawn in proportion to {weight}")),
        loss = in_words(options.loss),
        epochs = options.epochs,
        batch = options.batch,
        lr = options.optimizer.lr(),
        seed = options.seed,
    )
}

/// What a search has tried, a line each; none where it has not searched.
pub fn searched_in_words(search: &Search, card: &Card) -> Option<String> {
    let naive = search.tried.first()?.validation.naive.name(card.plan.season);
    let mut text = format!(
        "Tried on the validation rows, after {} steps each; errors as parts of those of `{naive}`:\n{:44}{:>8}{:>8}\n",
        search.steps, "", "MAE", "RMSE"
    );
    for Tried { change, validation, taken } in &search.tried {
        let [ours, theirs] = [validation.model, validation.of_naive];
        let (mae, rmse) = (ours.mae / theirs.mae, ours.rmse / theirs.rmse);
        let taken = if *taken && *change != Change::Nothing { "  taken" } else { "" };
        text += &format!("  {:42}{mae:8.3}{rmse:8.3}{taken}\n", in_words_of(*change));
    }
    Some(text)
}

fn in_words_of(change: Change) -> String {
    match change {
        Change::Nothing => "as the table suggests".to_owned(),
        Change::WithoutPast => "without covariates of the past".to_owned(),
        Change::WithoutFuture => "without covariates of the future".to_owned(),
        Change::Center(center) => {
            let what = match center {
                Center::None => "nothing",
                Center::Last => "the last value",
                Center::Mean => "the window's mean",
                Center::Season => "the last season",
            };
            format!("{what} subtracted")
        }
        Change::Divide(Divide::Deviation) => "divided by the window's deviation".to_owned(),
        Change::Divide(Divide::Level) => "divided by the window's level".to_owned(),
        Change::Divide(Divide::None) => "divided by nothing".to_owned(),
        Change::Rows => "over rows in place of segments".to_owned(),
        Change::Log(true) => "logarithms".to_owned(),
        Change::Log(false) => "no logarithms".to_owned(),
        Change::Channels(Channels::Joint) => "targets together".to_owned(),
        Change::Channels(Channels::Independent) => "each target on its own".to_owned(),
        Change::Faster => "twice the learning rate".to_owned(),
        Change::Hidden(hidden) => format!("{hidden} hidden units"),
    }
}

/// How windows are normalised.
fn normalized(plan: &Plan) -> String {
    let center = match plan.center {
        Center::None => None,
        Center::Last => Some("less their last value".to_owned()),
        Center::Mean => Some("less their mean".to_owned()),
        Center::Season => Some(format!("less the season of {}", plan.season)),
    };
    let divide = match plan.divide {
        Divide::None => None,
        Divide::Deviation => Some("divided by their deviation".to_owned()),
        Divide::Level => Some("divided by their level".to_owned()),
    };
    let log = plan.log.then(|| "as logarithms".to_owned());
    let all: Vec<String> = log.into_iter().chain(center).chain(divide).collect();
    if all.is_empty() { String::new() } else { format!(", windows {}", all.join(", ")) }
}

/// A few names in full, many by their number.
fn listed(names: &[String]) -> String {
    match names {
        [first, rest @ ..] if names.len() > 8 => format!("{first} and {} others", rest.len()),
        few => few.join(", "),
    }
}

/// How it went.
pub fn results(finished: &Finished, test: Option<&Backtest>, seconds: f64) -> String {
    let mut text = format!("\nTrained {} epochs in {seconds:.1} s", finished.epochs);
    match finished.best {
        Some(best) => {
            let mae = best.mae.map_or(String::new(), |mae| format!(" (scaled MAE {})", significant(mae)));
            text += &format!("; best validation loss {}{mae} after epoch {}\n", significant(best.loss), best.epoch)
        }
        None => text += ", to the last weights\n",
    }
    match test {
        Some(test) => text += &format!("\nThe rows held out:\n{}", scores::table(test)),
        None => text += "\nNo rows were held out: nobody knows how good it is.",
    }
    text
}
