//! What a file holds that PyTorch wrote, told from the names and shapes of its tensors: the state_dict of a
//! `torch.nn.{RNN, LSTM, GRU}` or of one of their cells under any module's name, and of a `torch.nn.Linear` on it under
//! another, or of no such head. Where a file holds more, either that changes nothing that the network computes, or
//! [`LoadOptions`] says what to take of it.

use super::contents::{Contents, Lacking};
use super::head::{Behind, doubt};
use super::names::{Names, join, means};
use super::options::{LoadOptions, Nonlinearity};
use super::stored::Stored;
use super::survey::{DERIVED, RecurrentModule, Survey};
use crate::arrays::Arrays;
use crate::model::kind::CellKind;
use crate::model::spec::{Head, Readout, Spec};
use serde_json::Map;

type Fallible<T> = std::result::Result<T, String>;

/// Names that a message lists.
const LISTED: usize = 4;

/// Finds out what a file without metadata of ours holds. Shapes that say nothing of the spec are not checked here.
///
/// # Errors
/// What was expected and what was found, where the tensors are not those of one recurrent module and at most one head,
/// and `options` does not say which to take.
pub fn contents(arrays: &Arrays<'_>, options: &LoadOptions) -> Fallible<Contents> {
    let survey = Survey::of(arrays);
    let (rnn, found) = recurrent(arrays, &survey, options)?;
    let first = found.tensors[0];
    if let Some(name) = found.projection {
        return Err(format!("tensor `{name}`: projections (proj_size) are not there; train without them"));
    }
    if let Some((gap, layer)) = found.layers.iter().enumerate().find(|&(n, &layer)| n != layer) {
        return Err(format!(
            "expected the weights of layer {gap}, found none beside those of layer {layer} (`{first}`)"
        ));
    }
    let mut names = Names { rnn: rnn.to_owned(), cell: found.cell, ..Names::default() };
    let expected = "[G*H, H] with G 1 (RNN), 3 (GRU) or 4 (LSTM)";
    let weight = names.of("rnn.weight_hh_l0");
    let (rows, hidden) = matrix(arrays, &weight, expected)?;
    let cell = match (gates(rows, hidden), options.nonlinearity) {
        (Some(1), nonlinearity) => nonlinearity.unwrap_or(Nonlinearity::Tanh).cell(),
        (Some(3 | 4), Some(_)) => {
            return Err("expected an RNN whose nonlinearity can be chosen, found gates".to_owned());
        }
        (Some(3), None) => CellKind::Gru,
        (Some(4), None) => CellKind::Lstm,
        _ => return Err(format!("tensor `{weight}`: expected {expected}, found [{rows}, {hidden}]")),
    };
    let (_, input) = matrix(arrays, &names.of("rnn.weight_ih_l0"), "[G*H, I]")?;
    let layers = found.layers.len();
    let mut spec = Spec { cell, input, hidden, layers, bidirectional: found.reverse, head: None, segments: None };
    spec.validate().map_err(|error| format!("the shapes of its tensors: {error}"))?;
    let mut lacks = Lacking { rnn: !found.biases, head: false };
    if let Some(head) = head(arrays, &survey, &Behind { module: rnn, input, top: spec.top() }, options)? {
        let (outputs, _) = matrix(arrays, &join(head, "weight"), "[O, D*H]")?;
        spec.head = Some(Head { outputs, readout: options.readout.unwrap_or(Readout::Last) });
        spec.validate().map_err(|error| format!("the shapes of its tensors: {error}"))?;
        names.head = head.to_owned();
        lacks.head = !survey.layers[head].bias;
    }
    let ignored = ignored(&survey, rnn, spec.head.map(|_| names.head.as_str()));
    Ok(Contents { spec, provenance: Map::new(), notes: notes(&spec, options), ignored, lacks, names })
}

/// The recurrent module to take: the one that was asked for, or the only one that can be.
fn recurrent<'s, 'a>(
    arrays: &Arrays<'_>,
    survey: &'s Survey<'a>,
    options: &LoadOptions,
) -> Fallible<(&'a str, &'s RecurrentModule<'a>)> {
    if let Some(asked) = &options.module {
        let name = named("`LoadOptions::module`", asked, "recurrent module", survey.recurrent.keys().copied())?;
        return Ok((name, &survey.recurrent[name]));
    }
    let usable = |name: &str, found: &RecurrentModule<'_>| {
        let names = Names { rnn: name.to_owned(), cell: found.cell, ..Names::default() };
        let shape = |tensor: &str| matrix(arrays, &names.of(tensor), "");
        let square = shape("rnn.weight_hh_l0").is_ok_and(|(rows, hidden)| gates(rows, hidden).is_some());
        found.projection.is_none() && square && shape("rnn.weight_ih_l0").is_ok()
    };
    let mut all = survey.recurrent.iter().map(|(&name, found)| (name, found));
    if let (Some(only), None) = (all.next(), all.next()) {
        return Ok(only);
    }
    let mut good = survey.recurrent.iter().filter(|(name, found)| usable(name, found));
    match (good.next(), good.next()) {
        (Some((name, found)), None) => Ok((name, found)),
        _ if survey.recurrent.is_empty() => {
            let found = listed(survey.layers.keys().copied().chain(survey.others.iter().copied()));
            let found = if found.is_empty() { "none".to_owned() } else { format!("none beside {found}") };
            Err(format!("expected the weights of a torch.nn RNN, LSTM or GRU (such as `weight_ih_l0`), found {found}"))
        }
        _ => Err(format!(
            "expected one recurrent module, found {}: {}; choose one with `LoadOptions::module`",
            survey.recurrent.len(),
            listed(survey.recurrent.keys().copied())
        )),
    }
}

/// The head: the one that was asked for; else none, where only the recurrent module was asked for; else the only layer
/// there is.
fn head<'a>(
    arrays: &Arrays<'_>,
    survey: &Survey<'a>,
    behind: &Behind<'_>,
    options: &LoadOptions,
) -> Fallible<Option<&'a str>> {
    let Behind { module, top, input } = *behind;
    if let Some(asked) = &options.head_module {
        let name = named("`LoadOptions::head_module`", asked, "Linear", survey.layers.keys().copied())?;
        let (rows, columns) = matrix(arrays, &join(name, "weight"), "[O, D*H]")?;
        if columns != top {
            return Err(format!(
                "`LoadOptions::head_module` {asked}: expected a Linear on the {top} outputs of `{module}`, found \
                 [{rows}, {columns}]"
            ));
        }
        return Ok(Some(name));
    }
    if options.module.is_some() || survey.layers.is_empty() {
        return Ok(None);
    }
    let doubts: Vec<_> =
        survey.layers.iter().map(|(&name, layer)| (name, doubt(arrays, name, layer, behind))).collect();
    if let [(name, None)] = doubts[..] {
        return Ok(Some(name));
    }
    let (name, reason) = match doubts.iter().find_map(|(name, doubt)| Some((name, doubt.as_ref()?))) {
        Some((name, reason)) => (*name, reason.clone()),
        None => (doubts[0].0, format!("is not the only layer: {}", listed(survey.layers.keys().copied()))),
    };
    let fits = |name: &str| matrix(arrays, &join(name, "weight"), "").is_ok_and(|(_, columns)| columns == top);
    let certain = doubts.iter().find(|(_, doubt)| doubt.is_none());
    let head = certain.or_else(|| doubts.iter().find(|(name, _)| fits(name))).map_or("PREFIX", |&(name, _)| name);
    let rnn = if module.is_empty() { "''" } else { module };
    Err(format!(
        "`{}` {reason}: `LoadOptions::module` {rnn} takes the recurrent module without a head, on x [N, T, I={input}]; \
         with `LoadOptions::head_module` {} it takes that head too",
        short(name),
        short(head),
    ))
}

/// The module that `asked` names, in full or by the end of its name after a dot.
fn named<'a>(flag: &str, asked: &str, what: &str, all: impl Iterator<Item = &'a str> + Clone) -> Fallible<&'a str> {
    let asked = asked.trim_end_matches('.');
    if let Some(name) = all.clone().find(|&name| name == asked) {
        return Ok(name);
    }
    let mut ends = all.clone().filter(|name| means(asked, name));
    match (ends.next(), ends.next()) {
        (Some(name), None) => Ok(name),
        (Some(_), Some(_)) => Err(format!("{flag} {asked}: expected the name of one {what}, found {}", listed(all))),
        _ => {
            let found = listed(all);
            let found = if found.is_empty() { "none at all".to_owned() } else { found };
            Err(format!("{flag} {asked}: expected the name of a {what}, found {found}"))
        }
    }
}

/// Rows and columns of a weight.
fn matrix(arrays: &Arrays<'_>, name: &str, expected: &str) -> Fallible<(usize, usize)> {
    match Stored::find(arrays, name).map(|stored| (stored.array, stored.array.shape())) {
        Some((_, &[rows, columns])) => Ok((rows, columns)),
        Some((array, shape)) => Err(format!("tensor `{name}`: expected {expected}, found {} {shape:?}", array.dtype())),
        None => Err(absent(arrays, name, expected)),
    }
}

/// The refusal of a tensor that is not there, or not in a form from which it can be computed.
pub(super) fn absent(arrays: &Arrays<'_>, name: &str, expected: &str) -> String {
    let (module, tensor) = name.rsplit_once('.').unwrap_or(("", name));
    let parametrized = join(module, &format!("parametrizations.{tensor}."));
    let old = |other: &str| other.strip_prefix(name).is_some_and(|rest| DERIVED.contains(&rest));
    match arrays.names().find(|other| old(other) || other.starts_with(&parametrized)) {
        Some(other) => format!(
            "tensor `{name}`: expected {expected}, found its parametrisation `{}`: take that off before saving \
             (torch.nn.utils.parametrize.remove_parametrizations, or prune.remove and remove_spectral_norm)",
            short(other)
        ),
        _ => format!("tensor `{name}`: expected {expected}, found none"),
    }
}

fn gates(rows: usize, hidden: usize) -> Option<usize> {
    rows.checked_div(hidden).filter(|gates| gates * hidden == rows && [1, 3, 4].contains(gates))
}

/// A few of these names, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let words: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", short(name))).collect();
    match names.len().saturating_sub(LISTED) {
        0 => words.join(", "),
        more => format!("{} and {more} more", words.join(", ")),
    }
}

/// The end of a long name: a message stays one line.
fn short(name: &str) -> String {
    const LONGEST: usize = 48;
    match name.char_indices().rev().nth(LONGEST - 1) {
        Some((at, _)) if at > 0 => format!("..{}", &name[at..]),
        _ => name.to_owned(),
    }
}

/// What of the file is not taken, as a sentence.
fn ignored(survey: &Survey<'_>, rnn: &str, head: Option<&str>) -> Option<String> {
    let recurrent = survey.recurrent.keys().filter(|&&name| name != rnn).copied();
    let layers = survey.layers.keys().filter(|&&name| Some(name) != head).copied();
    let names: Vec<&str> = recurrent.chain(layers).chain(survey.others.iter().copied()).collect();
    (!names.is_empty()).then(|| format!("ignored: {}", listed(names.into_iter())))
}

/// What was told from shapes, and what they do not tell.
fn notes(spec: &Spec, options: &LoadOptions) -> Vec<String> {
    let Spec { cell, input, hidden, layers, bidirectional, head, .. } = spec;
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let parts = [
        counted(*layers, "layer"),
        if *bidirectional { "both directions".to_owned() } else { "one direction".to_owned() },
        counted(*input, "input"),
        counted(*hidden, "hidden unit"),
        head.map_or("no head".to_owned(), |head| format!("a head of {}", counted(head.outputs, "output"))),
    ];
    let mut notes = vec![format!("it says nothing of its network: from its tensors, {cell}, {}", parts.join(", "))];
    if *cell == CellKind::RnnTanh && options.nonlinearity.is_none() {
        notes.push("it does not say whether its RNN has tanh or relu: taken for tanh".to_owned());
    }
    if head.is_some() && options.readout.is_none() {
        let taken = if *bidirectional {
            "taken for the final states, cat(h_n[-2], h_n[-1]); `LoadOptions::readout` last-step takes out[:, -1]"
        } else {
            "taken for the last"
        };
        notes.push(format!("it does not say which steps its head reads: {taken}"));
    }
    notes
}
