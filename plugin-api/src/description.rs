//! What a route is for, in the words of OpenAPI.
//!
//! Source: OpenAPI Specification 3.1, "Operation Object", "Parameter Object", "Responses Object".

use serde_json::{Map, Value, json};

/// What a route is for, what may be asked, and what is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Description {
    /// In a few words.
    pub summary: String,
    /// What may be asked.
    pub parameters: Vec<Parameter>,
    /// What is answered.
    pub responses: Vec<Described>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stands {
    /// In the query.
    #[default]
    Query,
    /// In the path: `id` and `rest` of the pattern.
    Path,
    /// In a header.
    Header,
}

const PLACES: [(Stands, &str); 3] =
    [(Stands::Query, "query"), (Stands::Path, "path"), (Stands::Header, "header")];

/// Something that may be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub stands: Stands,
    /// What it is.
    pub words: String,
    /// Whether it must be there.
    pub required: bool,
    /// What values it takes: a JSON Schema as JSON text; a string where it is empty.
    pub schema: String,
}

/// What is answered with a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Described {
    /// The status.
    pub status: u16,
    /// The media types of the body; none where there is no body.
    pub media_types: Vec<String>,
    /// What it means.
    pub words: String,
}

impl Parameter {
    /// One of the query.
    #[must_use]
    pub fn query(name: &str, words: &str) -> Self {
        Self { name: name.to_owned(), words: words.to_owned(), ..Self::default() }
    }

    /// One of the path: `id` or `rest`. Those that are not described are known by their names alone.
    #[must_use]
    pub fn path(name: &str, words: &str) -> Self {
        Self { stands: Stands::Path, required: true, ..Self::query(name, words) }
    }

    /// A header.
    #[must_use]
    pub fn header(name: &str, words: &str) -> Self {
        Self { stands: Stands::Header, ..Self::query(name, words) }
    }

    /// It must be there.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What values it takes: a JSON Schema, as JSON text.
    #[must_use]
    pub fn schema(mut self, json: &str) -> Self {
        json.clone_into(&mut self.schema);
        self
    }

    /// As a parameter object of OpenAPI.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let place =
            PLACES.iter().find(|(stands, _)| *stands == self.stands).map_or("query", |(_, name)| name);
        let schema: Option<Value> = serde_json::from_str(&self.schema).ok();
        json!({
            "name": self.name,
            "in": place,
            "required": self.required,
            "description": self.words,
            "schema": schema.unwrap_or_else(|| json!({"type": "string"})),
        })
    }

    fn from_json(value: &Value) -> Self {
        let place = value["in"].as_str();
        Self {
            name: words(&value["name"]),
            stands: PLACES
                .iter()
                .find(|(_, name)| Some(*name) == place)
                .map_or(Stands::Query, |(stands, _)| *stands),
            words: words(&value["description"]),
            required: value["required"].as_bool().unwrap_or_default(),
            schema: value.get("schema").map(Value::to_string).unwrap_or_default(),
        }
    }
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Description {
    /// As a JSON object with the members `summary`, `parameters` and `responses`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let response = |response: &Described| {
            let content: Map<String, Value> =
                response.media_types.iter().map(|name| (name.clone(), json!({}))).collect();
            let mut object = json!({"description": response.words});
            if !content.is_empty() {
                object["content"] = content.into();
            }
            (response.status.to_string(), object)
        };
        json!({
            "summary": self.summary,
            "parameters": self.parameters.iter().map(Parameter::to_json).collect::<Vec<_>>(),
            "responses": self.responses.iter().map(response).collect::<Map<_, _>>(),
        })
    }

    /// From such an object; what is not there or not understood is left out.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let parameters = value["parameters"].as_array().into_iter().flatten();
        let responses = value["responses"].as_object().into_iter().flatten();
        let response = |(status, response): (&String, &Value)| {
            let content = response["content"].as_object().into_iter().flatten();
            let media_types = content.map(|(name, _)| name.clone()).collect();
            Some(Described {
                status: status.parse().ok()?,
                media_types,
                words: words(&response["description"]),
            })
        };
        Self {
            summary: words(&value["summary"]),
            parameters: parameters.map(Parameter::from_json).collect(),
            responses: responses.filter_map(response).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Parameter, Route};

    use super::*;

    #[test]
    fn descriptions_cross_as_json() {
        let route = Route::get("/datasets/{id}/sum")
            .summary("sums a dataset up")
            .parameter(Parameter::query("limit", "how many").schema(r#"{"type":"integer"}"#))
            .parameter(Parameter::path("id", "the dataset"))
            .parameter(Parameter::header("Range", "which bytes").required())
            .answers(200, &["text/csv", "text/plain"], "the sum")
            .answers(304, &[], "as before");
        let json = route.description.to_json();
        assert_eq!(json["responses"]["200"]["content"].as_object().map(Map::len), Some(2));
        assert_eq!(json["parameters"][0]["schema"], json!({"type": "integer"}));
        let mut expected = route.description;
        expected.parameters[1].schema = r#"{"type":"string"}"#.to_owned();
        expected.parameters[2].schema = r#"{"type":"string"}"#.to_owned();
        assert_eq!(Description::from_json(&json), expected);
    }

    #[test]
    fn what_is_no_description_is_empty() {
        assert_eq!(Description::from_json(&json!([1])), Description::default());
        assert_eq!(
            Description::from_json(&json!({"responses": {"all": {}}, "parameters": 1})),
            Description::default()
        );
    }
}
