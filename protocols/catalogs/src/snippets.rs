//! Code that opens a dataset, in the languages and with the tools that people use: a few lines that run as they stand.

use serde_json::Value as Json;

use crate::listing::name_of;
use crate::{Site, Summary};

/// A few lines of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The language, as highlighters name it: `python`, `r`, `octave`, `javascript`, `sh`.
    pub language: &'static str,
    /// What does the work, for people.
    pub title: &'static str,
    /// The lines.
    pub code: String,
}

/// What a dataset is, to those who write code about it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The server.
    pub site: Site<'a>,
    /// The dataset's id.
    pub id: &'a str,
    /// The name of a variable of the root group, where there is one that is worth showing.
    pub variable: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// A dataset with the first of its data variables.
    #[must_use]
    pub fn of(site: Site<'a>, id: &'a str, summary: &'a Summary) -> Self {
        let at_root = |key: &&str| !key.contains('/');
        let variable = summary.data_variables().map(crate::VariableFacts::key).find(at_root);
        Self { site, id, variable }
    }

    /// Code for each way to the dataset that the server has.
    #[must_use]
    pub fn snippets(&self) -> Vec<Snippet> {
        let has = |name: &str| self.site.offers.access(name).is_some();
        let mut all = Vec::new();
        if has("zarr") {
            all.push(python("Python: xarray, Zarr", &self.opened("import xarray as xr", &self.zarr())));
            all.push(self.javascript());
        }
        if has("kerchunk") {
            let url = quoted(&self.url("/kerchunk"));
            let open = format!("xr.open_zarr({url})");
            all.push(python(
                "Python: xarray, chunks as they are stored",
                &self.opened("import xarray as xr", &open),
            ));
        }
        if has("references") {
            let url = quoted(&self.url("/kerchunk/refs.json"));
            let open = format!("xr.open_dataset({url}, engine=\"kerchunk\")");
            all.push(python(
                "Python: xarray, Kerchunk references",
                &self.opened("import xarray as xr", &open),
            ));
        }
        if has("opendap") {
            let url = quoted(&self.url("/opendap"));
            let open = format!("xr.open_dataset({url}, engine=\"netcdf4\")");
            all.push(python("Python: xarray, OPeNDAP", &self.opened("import xarray as xr", &open)));
            all.push(python(
                "Python: netCDF4",
                &self.opened("import netCDF4", &format!("netCDF4.Dataset({url})")),
            ));
            all.extend(self.other_languages(&url));
            let url = in_shell(&self.url("/opendap"));
            all.push(shell("ncdump, OPeNDAP", format!("ncdump -h {url}\n")));
        }
        if has("file") {
            let (name, url) = (in_shell(name_of(self.id)), in_shell(&self.url("/file")));
            all.push(shell("curl, the original file", format!("curl --fail --output {name} {url}\n")));
        }
        all
    }

    /// The expression that opens the dataset with xarray as Zarr.
    pub(crate) fn zarr(&self) -> String {
        format!("xr.open_zarr({})", quoted(&self.url("/zarr")))
    }

    fn url(&self, path: &str) -> String {
        self.site.dataset_url(self.id) + path
    }

    /// Python that opens the dataset with an expression, and shows it.
    fn opened(&self, import: &str, open: &str) -> String {
        let shown = match self.variable {
            Some(name) => format!("dataset[{}]", quoted(name)),
            None => "dataset".to_owned(),
        };
        format!("{import}\n\ndataset = {open}\nprint({shown})\n")
    }

    fn javascript(&self) -> Snippet {
        let url = quoted(&self.url("/zarr"));
        let code = match self.variable {
            Some(name) => format!(
                "import * as zarr from \"zarrita\";\n\nconst root = zarr.root(new zarr.FetchStore({url}));\n\
                 const array = await zarr.open(root.resolve({}), {{ kind: \"array\" }});\n\
                 console.log(array.dtype, array.shape);\n",
                quoted(name)
            ),
            None => format!(
                "import * as zarr from \"zarrita\";\n\nconst root = zarr.root(new zarr.FetchStore({url}));\n\
                 const group = await zarr.open(root, {{ kind: \"group\" }});\nconsole.log(group.attrs);\n"
            ),
        };
        Snippet { language: "javascript", title: "JavaScript: zarrita", code }
    }

    /// R and Octave, which know fewer escapes: names with control characters are left to other languages.
    fn other_languages(&self, url: &str) -> Vec<Snippet> {
        let Some(name) = self.variable.filter(|name| !name.chars().any(char::is_control)) else {
            return vec![];
        };
        let name = quoted(name);
        let r = format!(
            "library(ncdf4)\n\ndataset <- nc_open({url})\nvalues <- ncvar_get(dataset, {name})\nprint(dim(values))\n"
        );
        let octave = format!("pkg load netcdf\n\nvalues = ncread({url}, {name});\ndisp(size(values))\n");
        vec![
            Snippet { language: "r", title: "R: ncdf4, OPeNDAP", code: r },
            Snippet { language: "octave", title: "Octave: netcdf, OPeNDAP", code: octave },
        ]
    }
}

fn python(title: &'static str, code: &str) -> Snippet {
    Snippet { language: "python", title, code: code.to_owned() }
}

fn shell(title: &'static str, code: String) -> Snippet {
    Snippet { language: "sh", title, code }
}

/// Text as Python, JavaScript, R and Octave write it between double quotes: all understand what JSON escapes in printable text.
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// Text as one word of a POSIX shell.
fn in_shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:%".contains(c);
    match !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.trim_start_matches('-').replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offers;

    const ALL: [&str; 4] = [
        "/datasets/{id}/zarr/{rest}",
        "/datasets/{id}/kerchunk/{rest}",
        "/datasets/{id}/opendap.dds",
        "/datasets/{id}/file",
    ];

    fn snippets(patterns: &[&str], id: &str, variable: Option<&str>) -> Vec<Snippet> {
        let offers: Offers = patterns.iter().copied().collect();
        let site = Site { title: "t", base: "https://h.example", offers: &offers };
        Subject { site, id, variable }.snippets()
    }

    #[test]
    fn code_is_of_what_is_served() {
        let titles = |patterns: &[&str], variable| {
            let all = snippets(patterns, "a.nc", variable);
            all.iter().map(|snippet| snippet.title).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(titles(&[], Some("v")), "");
        assert_eq!(titles(&ALL[3..], Some("v")), "curl, the original file");
        assert_eq!(titles(&ALL[2..3], None), "Python: xarray, OPeNDAP; Python: netCDF4; ncdump, OPeNDAP");
        assert_eq!(snippets(&ALL, "a.nc", Some("v")).len(), 10);
    }

    #[test]
    fn names_are_text_in_every_language() {
        let name = "it's \"$(id)\"\\`";
        let all = snippets(&ALL, "-it's $(x)`.nc", Some(name));
        for snippet in &all {
            let (url, name) =
                (r"https://h.example/datasets/-it%27s%20%24%28x%29%60.nc/", r#""it's \"$(id)\"\\`""#);
            assert!(snippet.code.contains(url), "{snippet:?}");
            assert!(snippet.language == "sh" || snippet.code.contains(name), "{snippet:?}");
        }
        let curl = &all.last().unwrap().code;
        assert!(curl.starts_with(r"curl --fail --output 'it'\''s $(x)`.nc' https://h.example/"), "{curl}");
    }
}
