//! `/datasets/{id}/diagnostics?…`: a variable, what is selected of it, which dimensions are reduced or grouped, and how.

use weir_model::Schema;
use weir_plugin_api::{Dataset, Error, form};
use weir_selection::{Axes, Wanted};

use crate::action::Action;
use crate::area;
use crate::diagnostic::{Along, Departure, Diagnostic};
use crate::grammar::{self, Over, shown};
use crate::ground::grid::{Grid, Method};
use crate::ground::polygon::Area;
use crate::ground::{Ask, points, polygon, regrid};
use crate::groupby;
use crate::rolling::{self, Window};

/// What a query may say.
#[derive(Debug, Default)]
struct Asked {
    variable: Option<String>,
    action: Option<String>,
    selections: Option<String>,
    by: Option<String>,
    over: Option<String>,
    weights: Option<String>,
    rolling: Option<String>,
    points: Option<String>,
    polygon: Option<String>,
    regrid: Option<String>,
    grid: Option<String>,
    part: Option<String>,
}

const NAMES: &str =
    "variable, action, where, by, over, weights, rolling, points, polygon, regrid, grid, q, format";

impl Asked {
    fn read(query: &str) -> Result<Self, Error> {
        let mut asked = Self::default();
        for (name, value) in form::pairs(query) {
            let place = match name {
                "variable" => &mut asked.variable,
                "action" => &mut asked.action,
                "where" => &mut asked.selections,
                "by" => &mut asked.by,
                "over" => &mut asked.over,
                "weights" => &mut asked.weights,
                "rolling" => &mut asked.rolling,
                "points" => &mut asked.points,
                "polygon" => &mut asked.polygon,
                "regrid" => &mut asked.regrid,
                "grid" => &mut asked.grid,
                "q" => &mut asked.part,
                "format" => continue,
                other => {
                    let other = shown(other);
                    return Err(Error::bad_request(format!(
                        "parameter {other:?} is not known; there are {NAMES}"
                    )));
                }
            };
            let value = form::decoded(value);
            let value = value.map_err(|_refused| Error::bad_request(format!("{name} is no text")))?;
            if place.replace(value).is_some() {
                return Err(Error::bad_request(format!("{name} is there twice")));
            }
        }
        Ok(asked)
    }
}

/// What a query means for a dataset.
///
/// # Errors
/// `NotFound` for an unknown variable; `BadRequest`, listing what is valid, for all else.
pub fn diagnostic<'a>(
    (dataset, schema): (&'a Dataset, &'a Schema),
    query: &str,
    ask: Ask<'_>,
) -> Result<Diagnostic<'a>, Error> {
    let asked = Asked::read(query)?;
    let missing = |name: &str| {
        Error::bad_request(format!("{name} is missing; an example is ?variable=tas&action=mean&over=lat,lon"))
    };
    let name = asked.variable.as_deref().ok_or_else(|| missing("variable"))?;
    let action = asked.action.as_deref().ok_or_else(|| missing("action"))?;
    let part = asked.part.as_deref().map(part).transpose()?;
    let departure = if action == ANOMALY { Departure::FromGroups } else { Departure::None };
    let parsed = if action == ANOMALY { Some(Action::Mean) } else { Action::parse(action, part) };
    let action = parsed.ok_or_else(|| groupby::unknown_action(action, part))?;
    let found = groupby::variable(schema, name)?;
    let axes = Axes::of(dataset, &found.0)?;
    let mut diagnostic = Diagnostic::new((dataset, schema), found, action);
    diagnostic.departure = departure;
    select(&mut diagnostic, &axes, asked.selections.as_deref().unwrap_or_default())?;
    let mut diagnostic = grounded(diagnostic, &axes, &asked, ask)?;
    let by = asked.by.as_deref().map(grammar::by).transpose()?.unwrap_or_default();
    by.iter().try_for_each(|by| groupby::group(&mut diagnostic, by))?;
    if let Some(over) = &asked.over {
        reduce(&mut diagnostic, &axes, &grammar::over(over)?)?;
    }
    if let Some(text) = &asked.rolling {
        let (name, length) = grammar::window(text)?;
        let window = Window { axis: diagnostic.find(&axes, &name)?, length };
        if diagnostic.departure != Departure::None
            || diagnostic.along.iter().any(|along| *along != Along::Kept)
        {
            return Err(Error::bad_request("rolling stands alone: without by, over and anomaly"));
        }
        if !rolling::knows(diagnostic.action) {
            let action = diagnostic.action;
            return Err(Error::bad_request(format!(
                "{action} is not made of windows; mean, sum, min, max, std and var are"
            )));
        }
        diagnostic.departure = Departure::Rolling(window);
    } else if diagnostic.ground.is_some() && diagnostic.along.iter().all(|along| *along == Along::Kept) {
        // Values on other places are worth sending as they are.
        if diagnostic.departure != Departure::None || diagnostic.action != Action::First {
            return Err(Error::bad_request(
                "nothing is reduced; for values as they are say action=first, for others by, over or rolling",
            ));
        }
    } else if diagnostic.along.iter().all(|along| *along == Along::Kept) {
        return Err(Error::bad_request(
            "nothing is computed; say by, as in by=time.month, over, as in over=lat,lon, or both; or rolling, as in rolling=time:5",
        ));
    }
    match asked.weights.as_deref() {
        None | Some("none") => {}
        Some("area") => area::weigh(&mut diagnostic, &axes)?,
        Some(other) => {
            let other = shown(other);
            return Err(Error::bad_request(format!(
                "weights {other:?} are not known; there are area and none"
            )));
        }
    }
    Ok(diagnostic)
}

/// What `points`, `polygon` or `regrid` with `grid` make of the horizontal dimensions.
fn grounded<'a>(
    diagnostic: Diagnostic<'a>,
    axes: &Axes<'_>,
    asked: &Asked,
    ask: Ask<'_>,
) -> Result<Diagnostic<'a>, Error> {
    let ground = match (&asked.points, &asked.polygon, &asked.regrid, &asked.grid) {
        (None, None, None, None) => return Ok(diagnostic),
        (Some(text), None, None, None) => points::ground(&diagnostic, axes, &points::parse(text)?)?,
        (None, Some(text), None, None) => polygon::ground(&diagnostic, axes, &Area::parse(text)?, ask)?,
        (None, None, Some(method), Some(grid)) => {
            let method = Method::parse(method)?;
            regrid::ground(&diagnostic, axes, (&Grid::parse(grid)?, method), ask)?
        }
        (None, None, Some(method), None) => {
            Method::parse(method)?;
            return Err(Error::bad_request("regrid needs a grid, as in grid=-180:180:1,-90:90:1"));
        }
        (None, None, None, Some(_)) => {
            let names = Method::names().collect::<Vec<_>>().join(", ");
            return Err(Error::bad_request(format!("grid needs regrid; there are {names}")));
        }
        _ => {
            return Err(Error::bad_request(
                "points, polygon and regrid exclude each other; ask for one of them",
            ));
        }
    };
    diagnostic.on(ground)
}

/// The action that leaves each value, without the mean of its group.
const ANOMALY: &str = "anomaly";

/// The part of values below a quantile.
///
/// # Errors
/// `BadRequest`.
pub fn part(text: &str) -> Result<f64, Error> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| {
        Error::bad_request(format!("q is {:?}, but must be a number from 0 to 1", shown(text)))
    })
}

fn select(diagnostic: &mut Diagnostic<'_>, axes: &Axes<'_>, text: &str) -> Result<(), Error> {
    let mut seen = Vec::new();
    for (name, wanted) in grammar::selections(text)? {
        let axis = axes.find(&name)?;
        if seen.contains(&axis) {
            return Err(Error::bad_request(format!("{name} is selected twice")));
        }
        seen.push(axis);
        let found = axes.choose(axis, &Wanted::parse(&wanted)?)?;
        if let Some(indices) = diagnostic.indices.get_mut(axis) {
            *indices = found;
        }
    }
    Ok(())
}

fn reduce(diagnostic: &mut Diagnostic<'_>, axes: &Axes<'_>, over: &Over) -> Result<(), Error> {
    match over {
        Over::All => {
            let kept = diagnostic.along.iter_mut().filter(|along| **along == Along::Kept);
            kept.for_each(|along| *along = Along::Reduced);
        }
        Over::Named(names) => {
            for name in names {
                let axis = diagnostic.find(axes, name)?;
                let along = diagnostic.along.get_mut(axis);
                match along {
                    Some(along) if *along == Along::Kept => *along = Along::Reduced,
                    _ => return Err(Error::bad_request(format!("{name} is reduced or grouped already"))),
                }
            }
        }
    }
    Ok(())
}
