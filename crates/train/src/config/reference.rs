//! Every key of a config with type, default and meaning, read from the structs.

use std::fmt::Write;

use schemars::schema_for;
use serde_json::Value;

use super::experiment::Config;
use super::schema;

/// The JSON Schema of a config file: editors complete and check keys with it.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schema_for!(Config).to_value();
    shorten_floats(&mut schema);
    schema
}

/// The reference of the config file, in Markdown: sections and keys in the order of the structs.
///
/// ```
/// let text = train::config::reference();
/// assert!(text.contains("- `batch_size`: whole number, default `32`. "));
/// ```
#[must_use]
pub fn reference() -> String {
    let schema = json_schema();
    let reference = Reference { schema: &schema, order: schema::keys_in_order() };
    let mut text = String::from(INTRODUCTION);
    reference.section(&schema, "", &mut text);
    text
}

const INTRODUCTION: &str = "# Config reference

A config is one TOML file that says everything about a training run. `pointwise config` prints this page, and
`pointwise config --schema` a JSON Schema by which editors complete and check keys. Any key can be set on the command line, for
instance with `--set optimizer.lr=0.01`; a key that does not exist is refused, with the nearest one that does.

## Top of the file

";

struct Reference<'a> {
    schema: &'a Value,
    /// All keys with their sections, dotted.
    order: Vec<String>,
}

impl Reference<'_> {
    /// Writes the keys of the section `name`, then the sections inside it.
    fn section(&self, object: &Value, name: &str, text: &mut String) {
        let mut inside = Vec::new();
        for (key, property) in self.properties(object, name) {
            let section = self.target(property);
            if section["type"] == "object" || section["oneOf"][0]["type"] == "object" {
                inside.push((join(name, key), section, property));
            } else {
                self.key(key, property, required(object, key), text);
            }
        }
        for (name, section, property) in inside {
            let about = without_start(&description(section, &name), &format!("Section `[{name}]`"));
            let only =
                property["x-task"].as_str().map_or_else(String::new, |task| format!("Only for {task}. "));
            // Inside of one kind of a section, below its heading.
            let level = if object["properties"]["kind"].is_object() { "####" } else { "##" };
            let _ = writeln!(text, "\n{level} `[{name}]`\n\n{only}{about}\n");
            match section["oneOf"].as_array() {
                None => self.section(section, &name, text),
                Some(kinds) => {
                    if let Some(kind) = property["default"]["kind"].as_str() {
                        let _ = writeln!(text, "Default `kind = \"{kind}\"`.\n");
                    }
                    for kind in kinds {
                        let value = kind["properties"]["kind"]["const"].as_str().unwrap_or_default();
                        let title = format!("`kind = \"{value}\"`");
                        let about = without_start(&description(kind, &name), &title);
                        let _ = writeln!(text, "### {title}\n\n{about}\n");
                        self.section(kind, &name, text);
                        text.truncate(text.trim_end().len());
                        text.push_str("\n\n");
                    }
                    text.truncate(text.trim_end().len() + 1);
                }
            }
        }
    }

    /// The keys of an object but `kind`, in their order.
    fn properties<'b>(&self, object: &'b Value, section: &str) -> Vec<(&'b String, &'b Value)> {
        let position = |key: &str| {
            let key = join(section, key);
            // A section has the position of its first key.
            let inside = format!("{key}.");
            self.order.iter().position(|known| *known == key || known.starts_with(&inside))
        };
        let properties = object["properties"].as_object().into_iter().flatten();
        let mut properties: Vec<_> = properties.filter(|(key, _)| *key != "kind").collect();
        properties.sort_by_key(|(key, _)| position(key));
        properties
    }

    /// What a property refers to, or itself.
    fn target<'b>(&'b self, property: &'b Value) -> &'b Value {
        target(self.schema, property)
    }

    fn key(&self, key: &str, property: &Value, required: bool, text: &mut String) {
        let default = match property.get("default") {
            Some(value) => format!("default `{}`", toml(value)),
            None if required => "required".to_owned(),
            None => "optional".to_owned(),
        };
        let meaning = without_default(&description(property, key), property.get("default"));
        let task = only_for(property);
        let _ = writeln!(text, "- `{key}`: {}, {default}{task}. {meaning}", self.type_of(property));
        for choice in self.choices(property) {
            let _ = writeln!(text, "  - `{}`: {}", toml(&choice["const"]), description(choice, key));
        }
    }

    /// The type of a value, in words.
    fn type_of(&self, property: &Value) -> String {
        let property = self.target(property);
        let items = &property["items"];
        // An optional value has the types of the value and `null`.
        let kind = property["type"].as_array().and_then(|kinds| kinds.first()).unwrap_or(&property["type"]);
        match kind.as_str() {
            Some("array") => match (property["prefixItems"].as_array(), property["minItems"].as_u64()) {
                (Some(items), _) => {
                    let items: Vec<String> = items.iter().map(|item| self.type_of(item)).collect();
                    format!("[{}]", items.join(", "))
                }
                (None, Some(count)) => format!("{count} {}", plural(&self.type_of(items))),
                (None, None) => match self.choices(items) {
                    [] => format!("list of {}", plural(&self.type_of(items))),
                    choices => {
                        let names: Vec<String> =
                            choices.iter().map(|choice| toml(&choice["const"])).collect();
                        format!("list of `{}`", names.join("`, `"))
                    }
                },
            },
            Some("integer") if property["minimum"] == 0 => "whole number".to_owned(),
            Some("integer") => "integer".to_owned(),
            Some("number") => "number".to_owned(),
            Some("boolean") => "true or false".to_owned(),
            _ if property["oneOf"].is_array() => "name".to_owned(),
            _ if property["anyOf"].is_array() => {
                let types = property["anyOf"].as_array().into_iter().flatten();
                types.map(|one| self.type_of(one)).collect::<Vec<_>>().join(" or ")
            }
            _ if property["const"].is_string() => format!("`{}`", property["const"]),
            _ => "text".to_owned(),
        }
    }

    /// The names that a property can have; none where it is not a name.
    fn choices<'b>(&'b self, property: &'b Value) -> &'b [Value] {
        self.target(property)["oneOf"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// What a property of `schema` refers to, or itself.
pub(super) fn target<'a>(schema: &'a Value, property: &'a Value) -> &'a Value {
    let reference = property["$ref"].as_str().or_else(|| property["anyOf"][0]["$ref"].as_str());
    reference.and_then(|path| schema.pointer(path.strip_prefix('#')?)).unwrap_or(property)
}

/// `, only for segmentation`; empty for a key of all tasks.
fn only_for(property: &Value) -> String {
    property["x-task"].as_str().map_or_else(String::new, |task| format!(", only for {task}"))
}

fn plural(name: &str) -> String {
    let is_count = name.ends_with("number") || name == "integer";
    if is_count { format!("{name}s") } else { name.to_owned() }
}

fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

fn required(object: &Value, key: &str) -> bool {
    object["required"].as_array().is_some_and(|keys| keys.iter().any(|name| name == key))
}

/// The doc comment on one line.
fn description(schema: &Value, name: &str) -> String {
    let text = schema["description"].as_str().unwrap_or_else(|| panic!("`{name}` has no doc comment"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A doc comment without the words `start`, which the heading says, as a sentence.
fn without_start(text: &str, start: &str) -> String {
    let rest = text.strip_prefix(start).unwrap_or(text).trim_start_matches([':', '.', ' ']);
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A doc comment without the sentence at its end that only repeats the default.
fn without_default(text: &str, default: Option<&Value>) -> String {
    let Some((meaning, said)) = text.rsplit_once("Default ") else { return text.to_owned() };
    let value = default.map(toml).unwrap_or_default();
    let said = said.trim_end_matches('.').trim_matches('`');
    let repeats = said == value
        || (value == "[]" && said == "none")
        // `Default 0` of a number that is no integer.
        || value.strip_suffix(".0") == Some(said);
    if repeats { meaning.trim_end().to_owned() } else { text.to_owned() }
}

/// A value as it is written in a config.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}

/// Gives numbers that were `f32` the digits that they have in the source.
fn shorten_floats(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                if key == "default" { shorten(value) } else { shorten_floats(value) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten_floats),
        _ => {}
    }
}

/// Gives every number that an `f32` holds exactly the fewest digits that name this `f32`.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(object) => object.values_mut().for_each(shorten),
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Number(number) if number.is_f64() => {
            let single = number.as_f64().map(|number| (number, number as f32));
            let short = single.filter(|&(number, single)| f64::from(single) == number);
            if let Some(short) = short.and_then(|(_, single)| single.to_string().parse::<f64>().ok()) {
                *value = short.into();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A comment that names another default than the struct has would mislead.
    #[test]
    fn no_comment_names_another_default() {
        for line in reference().lines() {
            if let Some((_, said)) = line.rsplit_once("Default ") {
                let is_value = |c: char| c.is_ascii_digit() || "`[\"".contains(c);
                let kind = said.starts_with("`kind = ");
                assert!(kind || !said.starts_with(is_value) && !said.starts_with("true"), "{line}");
                assert!(!said.starts_with("false"), "{line}");
            }
        }
    }

    #[test]
    fn every_known_key_is_told() {
        let text = reference();
        for key in schema::keys_in_order() {
            let name = key.rsplit('.').next().unwrap();
            assert!(name == "kind" || text.contains(&format!("- `{name}`: ")), "{key}");
        }
    }

    #[test]
    fn floats_have_the_digits_of_the_source() {
        let text = json_schema().to_string();
        assert!(text.contains("0.05") && !text.contains("0.0500000007"), "{text}");
    }
}
