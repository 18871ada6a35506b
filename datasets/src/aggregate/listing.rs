//! Listing: which members an aggregation has now.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use globset::{GlobBuilder, GlobMatcher};
use regex::Regex;
use walkdir::{DirEntry, WalkDir};

use super::date_mark;
use super::definition::{Base, Definition, Depth, Location, MemberRule, Rules, Scan, Select};
use super::hold::Told;
use crate::{Access, Error, ErrorKind, ObjectUrl, Place, zarr};

/// An aggregation has at most this many members.
pub const MOST_MEMBERS: usize = 1_000_000;

/// A member that was listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name, for messages: different for every member.
    pub name: String,
    /// Where it lies.
    pub place: Place,
    /// What tells its value of a new coordinate.
    pub told: Option<Told>,
}

/// Lists the members: those that are named, in their order, then those that are found, sorted by path.
///
/// # Errors
/// `NotFound` for one that is named and is not there or must not be reached, `BadRequest` for a pattern that cannot be
/// understood, `TooLarge` beyond [`MOST_MEMBERS`].
pub fn list(rules: &Rules, access: &Access, problems: &mut Vec<String>) -> Result<Vec<Listed>, Error> {
    let mut listed = Vec::new();
    #[expect(clippy::mutable_key_type, reason = "a provided place is known by its number alone")]
    let mut seen = HashSet::new();
    let mut add = |member: Listed, listed: &mut Vec<Listed>| {
        if listed.len() >= MOST_MEMBERS {
            let message = format!("the aggregation has more than {MOST_MEMBERS} members");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        if seen.insert(member.place.clone()) {
            listed.push(member);
        }
        Ok(())
    };
    for (number, rule) in rules.members.iter().enumerate() {
        add(named(rule, number, access)?, &mut listed)?;
    }
    for scan in &rules.scans {
        for member in found(scan, access, problems)? {
            add(member, &mut listed)?;
        }
    }
    Ok(listed)
}

/// A member that is named.
fn named(rule: &MemberRule, number: usize, access: &Access) -> Result<Listed, Error> {
    let told = rule.coordinate.clone().map(Told::Text);
    let name = match &rule.definition.base {
        Base::File(location) => location.text.clone(),
        _ => format!("member {}", number.saturating_add(1)),
    };
    let place = match plain(&rule.definition) {
        Some(location) => file(location, access)?,
        None => Place::Made(Arc::new(rule.definition.clone())),
    };
    Ok(Listed { name, place, told })
}

/// The location of a member that is one file, unchanged.
fn plain(definition: &Definition) -> Option<&Location> {
    match &definition.base {
        Base::File(location) if definition.edits.is_empty() => Some(location),
        _ => None,
    }
}

/// The place of a file, a store, or an object of another machine.
///
/// # Errors
/// `NotFound` where it is not there or must not be reached, `Unsupported` for a URL of a kind that cannot be reached.
pub fn file(location: &Location, access: &Access) -> Result<Place, Error> {
    if ObjectUrl::is_one(&location.text) {
        // Whether a rule allows it is asked when it is opened.
        let url = ObjectUrl::parse(&location.text)?;
        return Ok(match url.name().is_some_and(|name| name.ends_with(".zarr")) {
            true => Place::Prefix { url },
            false => Place::Object { url },
        });
    }
    let (path, root) = access.resolve(&location.text, &location.folder)?;
    let root = Some(root.into());
    match path.is_file() {
        true => Ok(Place::File { path, root }),
        false if zarr::is_store(&path) => Ok(Place::Folder { path, root }),
        false => Err(Error::not_found(format!("{:?} is not a file inside the data folders", location.text))),
    }
}

/// Which files a scan takes, ready to be asked.
enum Selector {
    All,
    Glob(Box<GlobMatcher>),
    Pattern(Regex),
    Suffix(String),
}

impl Selector {
    fn of(select: &Select) -> Result<Self, Error> {
        let refuse = |message: String| Error::new(ErrorKind::BadRequest, message);
        Ok(match select {
            Select::All => Self::All,
            Select::Suffix(suffix) => Self::Suffix(suffix.clone()),
            Select::Glob(pattern) => {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                let glob = glob.map_err(|e| refuse(format!("pattern {pattern:?}: {}", e.kind())))?;
                Self::Glob(Box::new(glob.compile_matcher()))
            }
            Select::Pattern(pattern) => {
                // As in netCDF-Java, the whole name must match.
                let regex = Regex::new(&format!("^(?:{pattern})$"));
                Self::Pattern(regex.map_err(|e| {
                    let why = e.to_string().lines().last().unwrap_or_default().trim().to_owned();
                    refuse(format!("regular expression {pattern:?}: {why}"))
                })?)
            }
        })
    }

    fn takes(&self, name: &str, below: &Path) -> bool {
        match self {
            Self::All => true,
            Self::Glob(glob) => glob.is_match(below),
            Self::Pattern(regex) => regex.is_match(name),
            Self::Suffix(suffix) => name.ends_with(suffix),
        }
    }
}

/// Files of a folder. Hidden files are left out, and so are NcML files, which describe data and are none.
fn found(scan: &Scan, access: &Access, problems: &mut Vec<String>) -> Result<Vec<Listed>, Error> {
    let (folder, root) = access.resolve(&scan.location.text, &scan.location.folder)?;
    if !folder.is_dir() {
        let text = &scan.location.text;
        return Err(Error::not_found(format!("{text:?} is not a folder inside the data folders")));
    }
    let searching = Searching { scan, selector: Selector::of(&scan.select)?, folder, root: root.into() };
    let walk = WalkDir::new(&searching.folder).follow_links(true).sort_by_file_name();
    let walk = match scan.depth {
        Depth::Folder => walk.max_depth(1),
        Depth::All => walk,
    };
    let visible =
        |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    let mut listed = Vec::new();
    let mut walk = walk.into_iter().filter_entry(visible);
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => listed.extend(searching.member(&entry, problems)?),
            // A store is one dataset, whatever lies in it.
            Ok(entry) if entry.depth() > 0 && zarr::is_store(entry.path()) => {
                walk.skip_current_dir();
                listed.extend(searching.member(&entry, problems)?);
            }
            Ok(_) => {}
            Err(e) => {
                let place = e.path().and_then(|path| path.strip_prefix(&searching.folder).ok());
                let place = place.map_or(String::new(), |path| format!("{}: ", path.display()));
                problems.push(format!("{place}it cannot be listed"));
            }
        }
        if listed.len() > MOST_MEMBERS {
            break;
        }
    }
    Ok(listed)
}

/// A scan under way.
struct Searching<'a> {
    scan: &'a Scan,
    selector: Selector,
    folder: PathBuf,
    root: Arc<Path>,
}

impl Searching<'_> {
    fn member(&self, entry: &DirEntry, problems: &mut Vec<String>) -> Result<Option<Listed>, Error> {
        let below = entry.path().strip_prefix(&self.folder).unwrap_or(entry.path());
        let name = entry.file_name().to_string_lossy();
        if name.ends_with(".ncml") || !self.selector.takes(&name, below) || self.is_young(entry) {
            return Ok(None);
        }
        if entry.path_is_symlink()
            && !std::fs::canonicalize(entry.path()).is_ok_and(|path| path.starts_with(&self.root))
        {
            problems.push(format!("{}: a link that leads out of the data folder", below.display()));
            return Ok(None);
        }
        let told = match &self.scan.date_mark {
            Some(mark) => Some(Told::Seconds(date_mark::seconds(&name, mark)?)),
            None => None,
        };
        let (path, root) = (entry.path().to_owned(), Some(Arc::clone(&self.root)));
        let place = match entry.file_type().is_dir() {
            true => Place::Folder { path, root },
            false => Place::File { path, root },
        };
        Ok(Some(Listed { name: below.to_string_lossy().into_owned(), place, told }))
    }

    /// Whether a file was written to just now.
    fn is_young(&self, entry: &DirEntry) -> bool {
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
        let age = age.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        // A file from the future is as young as can be.
        age.unwrap_or_default() < self.scan.older_than
    }
}

impl Scan {
    /// What a pattern such as `sst/*/day.nc` finds below `folder`; a pattern without a wildcard finds one file.
    ///
    /// The folders before the first wildcard are looked into, and those below as deep as the pattern goes.
    #[must_use]
    pub fn glob(folder: &Path, pattern: &str) -> Self {
        let wild = |part: &str| part.contains(['*', '?', '[', '{']);
        let parts: Vec<&str> = pattern.split('/').collect();
        let last = parts.len().saturating_sub(1);
        let fixed = parts.iter().position(|part| wild(part)).unwrap_or(last).min(last);
        let (before, behind) = parts.split_at(fixed);
        let before = match before {
            [""] => "/".to_owned(),
            [] => ".".to_owned(),
            before => before.join("/"),
        };
        Self {
            location: Location { folder: folder.to_owned(), text: before },
            select: Select::Glob(behind.join("/")),
            depth: if behind.len() > 1 || behind.contains(&"**") { Depth::All } else { Depth::Folder },
            older_than: std::time::Duration::ZERO,
            date_mark: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::definition::Kind;

    fn check(pattern: &str, expected: (&str, &str, Depth)) {
        let scan = Scan::glob(Path::new("/data"), pattern);
        let Select::Glob(glob) = scan.select else { panic!("{:?}", scan.select) };
        assert_eq!((scan.location.text.as_str(), glob.as_str(), scan.depth), expected, "{pattern}");
    }

    #[test]
    fn patterns_are_cut_at_their_first_wildcard() {
        check("*.nc", (".", "*.nc", Depth::Folder));
        check("sst/*.nc", ("sst", "*.nc", Depth::Folder));
        check("sst/19*/day?.nc", ("sst", "19*/day?.nc", Depth::All));
        check("/archive/**/x.nc", ("/archive", "**/x.nc", Depth::All));
        check("/*.nc", ("/", "*.nc", Depth::Folder));
        check("sst/one.nc", ("sst", "one.nc", Depth::Folder));
        check("one.nc", (".", "one.nc", Depth::Folder));
    }

    #[test]
    fn files_are_found_by_every_selection() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("deep")).unwrap();
        for name in ["a1.nc", "b2.nc", "b2.nc4", ".hidden.nc", "own.ncml", "deep/c3.nc"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        let access = Access::to(&[folder.path().to_owned()]);
        let names = |select: Select, depth: Depth, older_than: u64| {
            let mut scan = Scan::glob(folder.path(), "*");
            (scan.select, scan.depth) = (select, depth);
            scan.older_than = std::time::Duration::from_secs(older_than);
            let mut rules = Rules::new(Kind::Union, "");
            rules.scans.push(scan);
            let listed = list(&rules, &access, &mut Vec::new()).unwrap();
            listed.into_iter().map(|member| member.name).collect::<Vec<_>>()
        };
        assert_eq!(names(Select::All, Depth::All, 0), ["a1.nc", "b2.nc", "b2.nc4", "deep/c3.nc"]);
        assert_eq!(names(Select::Suffix(".nc".into()), Depth::Folder, 0), ["a1.nc", "b2.nc"]);
        assert_eq!(names(Select::Pattern("[ab].".into()), Depth::All, 0), [""; 0]);
        assert_eq!(names(Select::Pattern(r"[bc].\.nc".into()), Depth::All, 0), ["b2.nc", "deep/c3.nc"]);
        assert_eq!(names(Select::Glob("*/c*".into()), Depth::All, 0), ["deep/c3.nc"]);
        assert_eq!(names(Select::All, Depth::All, 3600), [""; 0]);
    }

    #[test]
    fn nothing_outside_the_roots_is_listed() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("data");
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(outer.path().join("secret.nc"), b"x").unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret.nc"), root.join("link.nc")).unwrap();
        let access = Access::to(std::slice::from_ref(&root));
        let mut problems = Vec::new();
        let mut rules = Rules::new(Kind::Union, "");
        rules.scans.push(Scan::glob(&root, "*.nc"));
        assert!(list(&rules, &access, &mut problems).unwrap().is_empty());
        assert_eq!(problems, ["link.nc: a link that leads out of the data folder"]);
        for outside in ["../*.nc", "/etc/*", "none/*.nc"] {
            rules.scans = vec![Scan::glob(&root, outside)];
            assert_eq!(
                list(&rules, &access, &mut problems).unwrap_err().kind,
                ErrorKind::NotFound,
                "{outside}"
            );
        }
        rules.scans.clear();
        let location = Location { folder: root, text: "../secret.nc".to_owned() };
        rules.members.push(MemberRule { definition: Definition::file(location), coordinate: None });
        assert_eq!(list(&rules, &access, &mut problems).unwrap_err().kind, ErrorKind::NotFound);
    }
}
