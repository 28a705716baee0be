//! Values on their way to JavaScript and back: by JSON, in which NaN becomes null.

use crate::table::TableOptions;
use js_sys::{Array, Float32Array, Function, JSON, Promise, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// What a call gives, or the JavaScript `Error` that it ends with.
pub type Result<T> = std::result::Result<T, JsValue>;

/// An error of the library as a JavaScript `Error`, in its own words.
pub fn refused(error: refrain::Error) -> JsValue {
    JsError::new(&in_words(&error)).into()
}

/// What the library names in errors, and what it is called here.
const DEVICES: [(&str, &str); 2] =
    [("`Device::Cpu`", "`Device.cpu()`"), ("`Device::select(\"gpu\")`", "`Device.gpu()`")];

/// What an error or a note says, with the options that the library names as JavaScript has them: `ReadOptions::time_format`
/// is options.timeFormat.
pub fn in_words(said: &impl ToString) -> String {
    let message = DEVICES.iter().fold(said.to_string(), |message, (from, to)| message.replace(from, to));
    // Every other part stands between two backticks.
    let part = |(n, part): (usize, &str)| match part.split_once("::") {
        Some(("BacktestOptions" | "LoadOptions" | "ReadOptions" | "Task", field)) if n % 2 == 1 => option(field),
        _ if n % 2 == 1 => format!("`{part}`"),
        _ => part.to_owned(),
    };
    message.split('`').enumerate().map(part).collect()
}

/// A field of the library's options as JavaScript names it.
fn option(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default();
    let rest = words.map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("options.{first}{}", rest.collect::<String>())
}

/// A fault of ours, by the words of its panic, as a JavaScript `Error` of the name `Panic`.
pub fn panicked(words: &str) -> JsValue {
    let error = js_sys::Error::new(&format!("this is a fault of the program: {words}"));
    error.set_name("Panic");
    error.into()
}

/// A mistake in what JavaScript has given.
pub fn wrong(message: impl AsRef<str>) -> JsValue {
    JsError::new(message.as_ref()).into()
}

/// A value as JavaScript has it.
pub fn value(value: &impl Serialize) -> Result<JsValue> {
    let text = serde_json::to_string(value).map_err(|error| wrong(error.to_string()))?;
    JSON::parse(&text)
}

/// Options as the library has them; what is not said is the default.
pub fn options<T: DeserializeOwned + Default>(options: &JsValue) -> Result<T> {
    if options.is_undefined() || options.is_null() {
        return Ok(T::default());
    }
    let text = String::from(JSON::stringify(options)?);
    let values = serde_json::from_str(&text).map_err(|error| wrong(format!("options: {error}")))?;
    typed(values)
}

/// Options in their types; what is not said is the default.
fn typed<T: DeserializeOwned>(values: Value) -> Result<T> {
    serde_json::from_value(values.clone()).map_err(|error| {
        // Each has a default, so that each can be looked at alone: which of them it is the error does not say.
        let alone = |(name, value): (&String, &Value)| {
            let one = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<T>(Value::Object(one)).err().map(|error| (format!("options.{name}"), error))
        };
        let found = values.as_object().and_then(|values| values.iter().find_map(alone));
        let (name, error) = found.unwrap_or_else(|| ("options".to_owned(), error));
        let words = TYPES.iter().fold(error.to_string(), |words, (from, to)| words.replace(from, to));
        wrong(format!("{name}: {words}"))
    })
}

/// Types in errors, and what they are called here.
const TYPES: [(&str, &str); 4] = [
    ("expected usize", "expected a whole number from 0 on"),
    ("expected u64", "expected a whole number from 0 on"),
    ("expected f32", "expected a number"),
    ("expected f64", "expected a number"),
];

/// The options of a table, and those of a call that takes it: one object in JavaScript.
pub fn with_table<T: DeserializeOwned>(wanted: &JsValue) -> Result<(TableOptions, T)> {
    let names = serde_json::to_value(TableOptions::default()).expect("options are plain values");
    let (of_table, others): (Map<_, _>, Map<_, _>) =
        options::<Map<String, Value>>(wanted)?.into_iter().partition(|(name, _)| names.get(name).is_some());
    Ok((typed(Value::Object(of_table))?, typed(Value::Object(others))?))
}

/// The width of a picture, in pixels.
pub fn pixels(width: f64) -> Result<f64> {
    let expected = "expected pixels, from 1 to 100000";
    if (1.0..=1e5).contains(&width) { Ok(width) } else { Err(wrong(format!("width is {width}, {expected}"))) }
}

/// The bytes of a string or of an array of bytes.
pub fn bytes(source: &JsValue) -> Result<Vec<u8>> {
    match (source.as_string(), source.dyn_ref::<Uint8Array>()) {
        (Some(text), _) => Ok(text.into_bytes()),
        (None, Some(array)) => Ok(array.to_vec()),
        (None, None) => Err(wrong("expected a string or a Uint8Array")),
    }
}

/// The numbers of a field, where it is there.
fn field(object: &JsValue, name: &str) -> Result<Option<JsValue>> {
    let field = Reflect::get(object, &name.into()).map_err(|_| wrong("expected an object of arrays"))?;
    Ok(Some(field).filter(|field| !field.is_undefined() && !field.is_null()))
}

/// The numbers of a field that is a Float32Array or an array.
pub fn floats(object: &JsValue, name: &str) -> Result<Option<Vec<f32>>> {
    let Some(field) = field(object, name)? else { return Ok(None) };
    match field.dyn_ref::<Float32Array>() {
        Some(array) => Ok(Some(array.to_vec())),
        None if Array::is_array(&field) => Ok(Some(Float32Array::new(&field).to_vec())),
        None => Err(wrong(format!("{name} is of another type, expected a Float32Array"))),
    }
}

/// The whole numbers of a field that is an array of any type.
pub fn wholes(object: &JsValue, name: &str) -> Result<Option<Vec<usize>>> {
    let Some(field) = field(object, name)? else { return Ok(None) };
    let whole = |number: JsValue| {
        let number = number.as_f64().filter(|number| *number >= 0.0 && number.fract() == 0.0)?;
        Some(number as usize)
    };
    let numbers: Option<Vec<usize>> = Array::from(&field).iter().map(whole).collect();
    numbers.map(Some).ok_or_else(|| wrong(format!("{name} has other values, expected whole numbers from 0 on")))
}

/// Calls `callback`, if there is one, and waits for what it returns. Whether the work is to go on: `false` ends it.
pub async fn told(callback: Option<&Function>, about: &impl Serialize) -> Result<bool> {
    let Some(callback) = callback else { return Ok(true) };
    let returned = callback.call1(&JsValue::NULL, &value(about)?)?;
    let returned = match returned.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await?,
        Err(value) => value,
    };
    Ok(returned != JsValue::FALSE)
}
