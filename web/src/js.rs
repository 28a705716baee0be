//! Values on their way to JavaScript and back: by JSON, in which NaN becomes null.

use js_sys::{Array, Float32Array, Function, JSON, Promise, Reflect, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
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

/// The words of an error, with the names that options have here: of `ReadOptions::fill` its end.
pub fn in_words(error: &refrain::Error) -> String {
    let message = error.to_string();
    let message = DEVICES.iter().fold(message, |message, (from, to)| message.replace(from, to));
    let option = |part: &str| match part.split_once("::") {
        Some(("BacktestOptions" | "LoadOptions" | "ReadOptions" | "Task", field)) => field.to_owned(),
        _ => part.to_owned(),
    };
    message.split('`').map(option).collect::<Vec<_>>().join("`")
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
    serde_json::from_str(&text).map_err(|error| wrong(format!("options: {error}")))
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
