//! The library's one error type. Every message says what was expected, what was found, and how to mend it.

/// What the library returns where it can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in the library. A caller's mistake or the machine's is one of these; a broken invariant
/// of ours is a panic.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number that describes a network, a batch or a training run makes no sense.
    #[error("{name} is {found}, expected {expected}")]
    Config {
        /// The field or what else it is.
        name: &'static str,
        /// The value that was given.
        found: String,
        /// The values that are allowed.
        expected: String,
    },
    /// A slice does not have the length that the shapes call for.
    #[error("{what}: expected {expected} values ({shape}), found {found}")]
    Length {
        /// The tensor.
        what: String,
        /// Its shape, in the project's shape alphabet.
        shape: String,
        /// The product of the shape.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// An index points outside its table.
    #[error("{what} {index} is out of range, there are {len}")]
    Index {
        /// What is indexed.
        what: &'static str,
        /// The index.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// A tape is of other parameters than the network's as they are.
    #[error(
        "the tape is of other parameters, expected one that this network recorded since its parameters last changed"
    )]
    StaleTape,
    /// No adapter matches what was asked for.
    #[error("no adapter matches `{wanted}`; {available}; `Device::Cpu` needs none")]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// What is there, and how there could be more.
        available: String,
    },
    /// The network does not fit the adapter.
    #[error("{what} needs {needed} {unit}, but {adapter} allows {limit}; {remedy}")]
    Limit {
        /// The kernel or buffer.
        what: String,
        /// What it needs.
        needed: u64,
        /// What the adapter allows.
        limit: u64,
        /// The unit of both.
        unit: &'static str,
        /// The adapter.
        adapter: String,
        /// How to make it fit.
        remedy: String,
    },
    /// The adapter ran out of memory.
    #[error("{adapter} is out of memory while allocating {what}: {message}; {remedy}")]
    OutOfMemory {
        /// The adapter.
        adapter: String,
        /// The buffer.
        what: String,
        /// The driver's words.
        message: String,
        /// How to make it fit.
        remedy: String,
    },
    /// The device went away, or refused work that should have been valid.
    #[error("{adapter} failed: {message}")]
    Device {
        /// The adapter.
        adapter: String,
        /// The driver's words.
        message: String,
    },
    /// A loss became NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}, step {step}: take a smaller learning rate, or scale the inputs")]
    Diverged {
        /// The loss.
        loss: f32,
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step within the epoch, counted from 1.
        step: usize,
    },
    /// A table cannot be used as it is.
    #[error("{place}: {message}")]
    Table {
        /// The table, and the row and column in it.
        place: String,
        /// What was expected, what was found, and how to mend it.
        message: String,
    },
    /// A model file is not what it should be.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it, and where.
        message: String,
    },
}

impl Error {
    /// A [`Error::Config`] from anything that prints.
    pub fn config(name: &'static str, found: impl ToString, expected: impl ToString) -> Self {
        Error::Config { name, found: found.to_string(), expected: expected.to_string() }
    }

    /// Checks that `found` is the product of `shape`.
    ///
    /// # Errors
    /// [`Error::Length`] that names the tensor where it is not, or where the product overflows.
    pub fn check_len(what: impl Into<String>, shape: &[(&str, usize)], found: usize) -> Result<()> {
        let expected =
            shape.iter().try_fold(1usize, |product, &(_, dim)| product.checked_mul(dim)).unwrap_or(usize::MAX);
        if expected == found {
            return Ok(());
        }
        let shape = shape.iter().map(|(name, dim)| format!("{name}={dim}")).collect::<Vec<_>>().join(" x ");
        Err(Error::Length { what: what.into(), shape, expected, found })
    }
}
