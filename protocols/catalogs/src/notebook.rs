//! A Jupyter notebook that opens a dataset and looks at it.
//!
//! Source: nbformat 4.5 (<https://nbformat.readthedocs.io/en/latest/format_description.html>).

use serde_json::{Value as Json, json};

use crate::Summary;
use crate::listing::name_of;
use crate::snippets::Subject;

/// The notebook of a dataset that is served as Zarr.
#[must_use]
pub fn notebook(subject: &Subject<'_>, summary: &Summary) -> Json {
    let title = summary.words.title.as_deref().unwrap_or_else(|| name_of(subject.id));
    let page = subject.site.dataset_page(subject.id).unwrap_or_else(|| subject.site.dataset_url(subject.id));
    let mut head = format!("# {}\n\n<{page}>", one_line(title));
    if let Some(description) = &summary.words.description {
        head.extend(["\n\n", &one_line(description)]);
    }
    let open = format!("import xarray as xr\n\ndataset = {}\ndataset", subject.zarr());
    let mut cells = vec![words("about", &head), code("open", &open)];
    if let Some(name) = subject.variable {
        let has_axes = summary.data_variables().any(|facts| facts.key() == name && !facts.shape.is_empty());
        let name = Json::from(name);
        cells.push(code("variable", &format!("variable = dataset[{name}]\nvariable")));
        if has_axes {
            // Of all but the last two dimensions the first index alone: the rest may be terabytes.
            let look = "first = variable.isel({name: 0 for name in variable.dims[:-2]})\nfirst.plot()";
            cells.push(words("look", "The first of it, as a picture (needs matplotlib):"));
            cells.push(code("plot", look));
        }
    }
    json!({
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    })
}

/// Text that begins no heading, list or quotation of Markdown, and holds no HTML.
fn one_line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('[', "\\[")
}

fn words(id: &str, text: &str) -> Json {
    json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": text})
}

fn code(id: &str, text: &str) -> Json {
    json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": null, "outputs": [], "source": text})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Offers, Site, Words};

    #[test]
    fn a_notebook_opens_what_is_served() {
        let offers: Offers = ["/datasets/{id}/", "/datasets/{id}/zarr/{rest}"].into_iter().collect();
        let site = Site { title: "t", base: "https://h.example", offers: &offers };
        let words = Words { title: Some("<b>\n# [x](y)".to_owned()), ..Words::default() };
        let summary = Summary { words, ..Summary::default() };
        let made = notebook(&Subject { site, id: "a/x.nc", variable: Some("s\"t") }, &summary);
        let source = |at: usize| made["cells"][at]["source"].as_str().unwrap().to_owned();
        assert_eq!(source(0), "# &lt;b> # \\[x](y)\n\n<https://h.example/datasets/a/x.nc/>");
        assert!(source(1).contains("dataset = xr.open_zarr(\"https://h.example/datasets/a/x.nc/zarr\")"));
        assert!(source(2).starts_with("variable = dataset[\"s\\\"t\"]"));
        assert_eq!((made["nbformat"].as_u64(), made["cells"].as_array().unwrap().len()), (Some(4), 3));
    }
}
