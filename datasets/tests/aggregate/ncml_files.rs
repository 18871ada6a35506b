//! NcML files as THREDDS sites write them.

use std::path::Path;
use std::sync::Arc;

use weir_datasets::{Catalog, Dataset, Error, ErrorKind};
use weir_model::Value;

use crate::fixture::{copy, doubles, opener};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <netcdf xmlns=\"http://www.unidata.ucar.edu/namespaces/netcdf/ncml-2.2\">\n";

/// A served folder with members in folders of their own, and one NcML file.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(members: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in members {
            copy(name, &folder.path().join(name));
        }
        Self { folder }
    }

    /// Opens the dataset that these elements define.
    fn open(&self, elements: &str) -> Result<Arc<Dataset>, Error> {
        self.open_text(&format!("{HEAD}{elements}\n</netcdf>\n"))
    }

    fn open_text(&self, text: &str) -> Result<Arc<Dataset>, Error> {
        std::fs::write(self.path().join("all.ncml"), text).unwrap();
        let opener = Arc::new(opener(&[self.path()]));
        let catalog = Catalog::scan(&[self.path().to_owned()], opener, &mut |_| {}).unwrap();
        catalog.open("all.ncml")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn refused(&self, elements: &str) -> String {
        self.open(elements).map(drop).expect_err(elements).message
    }
}

fn counted(count: usize) -> Vec<f64> {
    (1..=count).map(|n| n as f64).collect()
}

#[test]
fn a_scan_is_joined() {
    let site = Site::new(&["uneven"]);
    for scan in [
        "<scan location=\"uneven\" suffix=\".nc\" />",
        "<scan location=\"uneven/\" suffix=\"*.nc\" subdirs=\"false\" />",
        "<scan location=\"./\" regExp=\"[a-z]*\\.nc\" subdirs=\"true\" olderThan=\"0 sec\" />",
    ] {
        let text = format!(
            "<aggregation dimName=\"time\" type=\"joinExisting\" recheckEvery=\"15 min\" timeUnitsChange=\"true\">{scan}</aggregation>"
        );
        let dataset = site.open(&text).unwrap();
        assert_eq!(doubles(&dataset, "temp"), counted(19 * 12), "{scan}");
        assert_eq!(doubles(&dataset, "time"), (0..19).map(f64::from).collect::<Vec<_>>());
    }
}

#[test]
fn attributes_and_names_are_changed() {
    let site = Site::new(&["even"]);
    let dataset = site
        .open(
            "<attribute name=\"title\" value=\"all of it\"/>\n\
             <attribute name=\"levels\" type=\"int\" value=\"1 2 3\"/>\n\
             <variable name=\"sst\" orgName=\"temp\">\n\
               <attribute name=\"long_name\">sea surface &lt;temperature&gt;</attribute>\n\
               <attribute name=\"unit\" orgName=\"units\"/>\n\
             </variable>\n\
             <variable name=\"packed\"><remove type=\"attribute\" name=\"add_offset\"/></variable>\n\
             <variable name=\"crs\" type=\"int\"><attribute name=\"grid_mapping_name\" value=\"latitude_longitude\"/></variable>\n\
             <variable name=\"x\" shape=\"x\" type=\"double\"><values start=\"10\" increment=\"0.5\" npts=\"4\"/></variable>\n\
             <dimension name=\"lat\" orgName=\"y\"/>\n\
             <remove type=\"variable\" name=\"height\"/>\n\
             <aggregation dimName=\"time\" type=\"joinExisting\"><scan location=\"even\" suffix=\".nc\"/></aggregation>",
        )
        .unwrap();
    let schema = dataset.schema();
    let text = |path: &str, name: &str| {
        let attribute = schema.variable(path).unwrap().attribute(name);
        attribute.map(|attribute| attribute.value.as_text().unwrap().into_owned())
    };
    let global = |name: &str| schema.root.attributes.iter().find(|a| a.name == name).unwrap().value.clone();
    assert_eq!(global("title"), Value::text("all of it"));
    assert_eq!(global("levels"), Value::Int32(vec![1, 2, 3]));
    assert_eq!(text("sst", "long_name").unwrap(), "sea surface <temperature>");
    assert_eq!((text("sst", "unit").unwrap().as_str(), text("sst", "units")), ("K", None));
    assert!(schema.variable("packed").unwrap().attribute("add_offset").is_none());
    assert!(schema.variable("height").is_none() && schema.variable("temp").is_none());
    assert_eq!(schema.variable("sst").unwrap().dimensions, ["/time", "/lat", "/x"]);
    assert_eq!(doubles(&dataset, "sst"), counted(240));
    assert_eq!(doubles(&dataset, "x"), [10.0, 10.5, 11.0, 11.5]);
    assert_eq!(text("crs", "grid_mapping_name").unwrap(), "latitude_longitude");
}

#[test]
fn one_file_is_changed() {
    let site = Site::new(&["even"]);
    let text = HEAD.replace("ncml-2.2\">", "ncml-2.2\" location=\"even/part0.nc\">");
    let text = format!("{text}<readMetadata/><variable name=\"t2m\" orgName=\"temp\"/></netcdf>");
    let dataset = site.open_text(&text).unwrap();
    assert_eq!(doubles(&dataset, "t2m"), counted(48));
    // As for the file itself, what replaces it is seen at once.
    let opener = Arc::new(opener(&[site.path()]));
    let catalog = Catalog::scan(&[site.path().to_owned()], opener, &mut |_| {}).unwrap();
    let before = catalog.open("all.ncml").unwrap();
    std::fs::rename(site.path().join("even/part1.nc"), site.path().join("even/part0.nc")).unwrap();
    let after = catalog.open("all.ncml").unwrap();
    assert_ne!(before.generation(), after.generation());
    assert_eq!(doubles(&after, "t2m")[0], 49.0);
}

#[test]
fn listed_members_keep_their_order() {
    let site = Site::new(&["even"]);
    let dataset = site
        .open(
            "<aggregation dimName=\"time\" type=\"joinExisting\">\n\
             <netcdf location=\"even/part3.nc\" ncoords=\"4\"/>\n\
             <netcdf location=\"even/part1.nc\"/>\n</aggregation>",
        )
        .unwrap();
    let times: Vec<f64> = [12, 13, 14, 15, 4, 5, 6, 7].map(f64::from).to_vec();
    assert_eq!(doubles(&dataset, "time"), times);
}

#[test]
fn new_dimensions_have_values() {
    let site = Site::new(&["runs"]);
    let names = ["run_d_20200101.nc", "run_b_20200201.nc"];
    let members = |values: [&str; 2]| {
        let member = |(name, value): (&&str, &str)| format!("<netcdf location=\"runs/{name}\" {value}/>\n");
        let members: String = names.iter().zip(values).map(member).collect();
        format!(
            "<aggregation dimName=\"run\" type=\"joinNew\"><variableAgg name=\"field\"/>\n{members}</aggregation>"
        )
    };
    let dataset = site.open(&members(["coordValue=\"10\"", "coordValue=\"2.5\""])).unwrap();
    assert_eq!(doubles(&dataset, "run"), [10.0, 2.5]);
    assert_eq!(doubles(&dataset, "field"), counted(24));
    assert!(dataset.schema().variable("scalar").unwrap().shape.is_empty());
    let dataset = site.open(&members(["coordValue=\"first\"", ""])).unwrap();
    let slab = weir_model::Hyperslab::whole(&[2]).unwrap();
    assert_eq!(
        dataset.read_strings("run", &slab).unwrap(),
        [b"first".to_vec(), b"runs/run_b_20200201.nc".to_vec()]
    );
    // A coordinate that is written out replaces it.
    let variable = "<variable name=\"run\" type=\"int\" shape=\"run\"><attribute name=\"units\" value=\"days since 2020-01-01\"/><values>0 31</values></variable>";
    let dataset = site.open(&format!("{variable}{}", members(["", ""]))).unwrap();
    assert_eq!(doubles(&dataset, "run"), [0.0, 31.0]);
    let scan = "<aggregation dimName=\"run\" type=\"joinNew\"><variableAgg name=\"field\"/><scan location=\"runs/\" dateFormatMark=\"run_?_#yyyyMMdd\" suffix=\".nc\"/></aggregation>";
    let dataset = site.open(scan).unwrap();
    assert_eq!(doubles(&dataset, "field"), counted(48));
    assert_eq!(doubles(&dataset, "run")[1] - doubles(&dataset, "run")[0], 31.0 * 86_400.0);
}

#[test]
fn aggregations_lie_in_each_other() {
    let site = Site::new(&["even", "classic", "union"]);
    let dataset = site
        .open(
            "<aggregation type=\"union\">\n\
               <netcdf location=\"union/sea.nc\"/>\n\
               <netcdf>\n\
                 <remove type=\"variable\" name=\"packed\"/>\n\
                 <aggregation dimName=\"time\" type=\"joinExisting\"><scan location=\"even\" suffix=\"nc\"/></aggregation>\n\
               </netcdf>\n\
               <netcdf location=\"classic/f.nc\">\n\
                 <dimension name=\"time0\" orgName=\"time\"/>\n\
                 <variable name=\"first\" orgName=\"temp\"/>\n\
               </netcdf>\n\
             </aggregation>",
        )
        .unwrap();
    let schema = dataset.schema();
    assert_eq!(doubles(&dataset, "temp"), counted(240));
    assert_eq!(doubles(&dataset, "first"), counted(24));
    assert_eq!(schema.variable("first").unwrap().dimensions, ["/time0", "/y", "/x"]);
    assert_eq!(doubles(&dataset, "packed"), counted(24), "that of the last one: the joined one has none");
}

#[test]
fn what_is_not_understood_is_refused() {
    let site = Site::new(&["even"]);
    let check = |elements: &str, expected: &str| {
        let message = site.refused(elements);
        assert_eq!(message, format!("dataset 'all.ncml': {expected}"), "{elements}");
    };
    check(
        "<aggregation dimName=\"run\" type=\"forecastModelRunCollection\"/>",
        "line 3: <aggregation>: type \"forecastModelRunCollection\" is not supported; supported are joinExisting, joinNew, union",
    );
    check("<explicit/>", "line 3: <explicit>: this element is not supported here");
    check("\n<group name=\"g\"/>", "line 4: <group>: this element is not supported here");
    check(
        "<aggregation type=\"tiled\"/>",
        "line 3: <aggregation>: type \"tiled\" is not supported; supported are joinExisting, joinNew, union",
    );
    check("<aggregation type=\"joinExisting\"/>", "line 3: <aggregation>: it has no dimName");
    check(
        "<aggregation type=\"joinExisting\" dimName=\"time\">\n<scanFmrc location=\"x\"/></aggregation>",
        "line 4: <scanFmrc>: this element is not supported in an aggregation",
    );
    check(
        "<aggregation type=\"joinExisting\" dimName=\"time\" recheckEvery=\"soon\"/>",
        "line 3: <aggregation>: recheckEvery is \"soon\", not a time such as \"15 min\"",
    );
    check(
        "<variable name=\"x\"><logicalSlice/></variable>",
        "line 3: <logicalSlice>: this element is not supported in a variable",
    );
    check(
        "<aggregation type=\"union\"><netcdf location=\"even/part0.nc\" enhance=\"all\"/></aggregation>",
        "line 3: <netcdf>: enhance=\"all\": values are served as they are stored",
    );
    check(
        "<dimension name=\"x\" size=\"3\"/>",
        "line 3: <dimension>: attribute size is not supported; supported are name, orgName, length, isUnlimited, isShared, isVariableLength",
    );
    check(
        "<aggregation type=\"union\"><netcdf location=\"even/part0.nc\"/></aggregation><variable name=\"temp\" type=\"double\"/>",
        "variable temp: it has type float32, and values are not converted to double",
    );
    check(
        "<aggregation type=\"union\"><netcdf location=\"even/part0.nc\"/></aggregation><variable name=\"x\"><values>1 2 3</values></variable>",
        "variable x: 3 values are given for 4 elements",
    );
    check(
        "<aggregation type=\"union\"><netcdf location=\"all.ncml\"/></aggregation>",
        "all.ncml: an NcML file is no member; write its elements where it is named",
    );
    check(
        "<aggregation type=\"union\"><scan location=\"even\" regExp=\"(?=x)\"/></aggregation>",
        "regular expression \"(?=x)\": error: look-around, including look-ahead and look-behind, is not supported",
    );
    check(
        "<aggregation type=\"union\"><netcdf location=\"http://elsewhere/a.nc\"/></aggregation>",
        "http://elsewhere/a.nc: no rule of the site names any server or bucket, so none may be read",
    );
}

#[test]
fn locations_stay_inside_the_roots() {
    let site = Site::new(&["even"]);
    let outside = tempfile::tempdir().unwrap();
    copy("even", outside.path());
    let absolute = outside.path().join("part0.nc");
    for location in
        [absolute.to_str().unwrap(), "../../../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"]
    {
        let text = format!("<aggregation type=\"union\"><netcdf location=\"{location}\"/></aggregation>");
        let error = site.open(&text).map(drop).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.message.contains("inside the data folders"), "{error}");
    }
    let scan = format!(
        "<aggregation type=\"union\"><scan location=\"{}\"/></aggregation>",
        outside.path().display()
    );
    assert_eq!(site.open(&scan).map(drop).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_changed_definition_is_followed() {
    let site = Site::new(&["even"]);
    let text = |title: &str| {
        format!(
            "{HEAD}<attribute name=\"title\" value=\"{title}\"/><aggregation dimName=\"time\" type=\"joinExisting\"><scan location=\"even\"/></aggregation></netcdf>"
        )
    };
    let path = site.path().join("all.ncml");
    std::fs::write(&path, text("one")).unwrap();
    let catalog =
        Catalog::scan(&[site.path().to_owned()], Arc::new(opener(&[site.path()])), &mut |_| {}).unwrap();
    let title = || {
        let dataset = catalog.open("all.ncml").unwrap();
        dataset
            .schema()
            .root
            .attributes
            .iter()
            .find(|a| a.name == "title")
            .unwrap()
            .value
            .as_text()
            .unwrap()
            .into_owned()
    };
    assert_eq!(title(), "one");
    std::fs::write(&path, text("another")).unwrap();
    assert_eq!(title(), "another");
    std::fs::write(&path, "<netcdf><broken").unwrap();
    assert_eq!(title(), "another", "what cannot be read leaves the dataset as it was");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(catalog.open("all.ncml").map(drop).unwrap_err().kind, ErrorKind::NotFound);
}
