//! Types of levels: which coordinate a level's number belongs to (GRIB 2 code table 4.5, GRIB 1 table 3), under ecCodes' names.

use std::borrow::Cow;

use super::octets::Octets;
use super::product::Level;
use crate::Error;

/// A level of GRIB 2 (ten octets of a product definition from `first` on: two surfaces, each with its type, and a scaled
/// value that may be missing). `centre` tells whose the types from 192 on are.
pub fn edition2(octets: Octets<'_>, first: usize, centre: u16) -> Result<Level, Error> {
    let second = first.saturating_add(6);
    let (code, other) = (octets.u8(first)?, octets.u8(second)?);
    let value = octets.scaled(first.saturating_add(1))?;
    let bottom = octets.scaled(second.saturating_add(1))?.filter(|_| other == code);
    let mut top = value.unwrap_or(0.0);
    let name = match (code, other) {
        (100, 255) if top >= 100.0 && top % 100.0 == 0.0 => {
            top /= 100.0;
            Cow::Borrowed("isobaricInhPa")
        }
        (109, 255) => {
            // In units of 1e-9 K m2 kg-1 s-1, as in edition 1.
            top = (top * 1e9).round();
            Cow::Borrowed("potentialVorticity")
        }
        (192.., _) if centre != 7 => Cow::Owned(format!("level_{code}")),
        _ => name(code, other, value.is_some()),
    };
    Ok(Level { name, code, top, bottom })
}

fn name(code: u8, other: u8, has_value: bool) -> Cow<'static, str> {
    let single = |code: u8| SURFACES.iter().find(|(number, ..)| *number == code);
    match (code, other) {
        (1, 8) => Cow::Borrowed("entireAtmosphere"),
        (191, _) if has_value => Cow::Borrowed("abstractMultipleLevels"),
        (191, _) => Cow::Borrowed("abstractSingleLevel"),
        (200.., _) | (_, 255) => match single(code) {
            Some((_, name, _)) => Cow::Borrowed(*name),
            None => Cow::Owned(format!("level_{code}")),
        },
        _ if code == other => match single(code) {
            Some((_, _, layer)) if !layer.is_empty() => Cow::Borrowed(*layer),
            _ => Cow::Owned(format!("layer_{code}")),
        },
        _ => Cow::Owned(format!("layer_{code}_{other}")),
    }
}

/// Code table 4.5: number, the name of a level, and of a layer between two (empty where none is known). Those from 192 on
/// are of NCEP.
const SURFACES: &[(u8, &str, &str)] = &[
    (1, "surface", ""),
    (2, "cloudBase", ""),
    (3, "cloudTop", ""),
    (4, "isothermZero", ""),
    (5, "adiabaticCondensation", ""),
    (6, "maxWind", ""),
    (7, "tropopause", ""),
    (8, "nominalTop", ""),
    (9, "seaBottom", ""),
    (10, "atmosphere", ""),
    (11, "cumulonimbusBase", ""),
    (12, "cumulonimbusTop", ""),
    (14, "freeConvection", ""),
    (15, "convectiveCondensation", ""),
    (16, "neutralBuoyancy", ""),
    (17, "mostUnstableParcel", ""),
    (18, "mixedLayerParcel", ""),
    (19, "lowestLevelOfCloudCoverExceedance", ""),
    (20, "isothermal", ""),
    (36, "stratopause", ""),
    (37, "hygropause", ""),
    (100, "isobaricInPa", "isobaricLayer"),
    (101, "meanSea", ""),
    (102, "heightAboveSea", "heightAboveSeaLayer"),
    (103, "heightAboveGround", "heightAboveGroundLayer"),
    (104, "sigma", "sigmaLayer"),
    (105, "hybrid", "hybridLayer"),
    (106, "depthBelowLand", "depthBelowLandLayer"),
    (107, "theta", "thetaLayer"),
    (108, "pressureFromGround", "pressureFromGroundLayer"),
    (111, "eta", ""),
    (114, "snow", "snowLayer"),
    (117, "mixedLayerDepthGeneric", ""),
    (118, "hybridHeight", ""),
    (119, "hybridPressure", ""),
    (151, "soil", "soilLayer"),
    (152, "seaIce", "seaIceLayer"),
    (160, "depthBelowSea", "depthBelowSeaLayer"),
    (162, "lakeBottom", ""),
    (166, "mixingLayer", ""),
    (168, "oceanModel", "oceanModelLayer"),
    (169, "mixedLayerDepthByDensity", ""),
    (170, "mixedLayerDepthByTemperature", ""),
    (171, "mixedLayerDepthByDiffusivity", ""),
    (174, "iceTopOnWater", ""),
    (176, "iceBottomOnWater", ""),
    (177, "indefiniteSoilDepth", ""),
    (200, "atmosphereSingleLayer", ""),
    (201, "oceanSingleLayer", ""),
    (204, "highestTroposphericFreezing", ""),
    (206, "gridScaleCloudBottom", ""),
    (207, "gridScaleCloudTop", ""),
    (209, "boundaryLayerCloudBottom", ""),
    (210, "boundaryLayerCloudTop", ""),
    (211, "boundaryLayerCloudLayer", ""),
    (212, "lowCloudBottom", ""),
    (213, "lowCloudTop", ""),
    (214, "lowCloudLayer", ""),
    (215, "cloudCeiling", ""),
    (220, "planetaryBoundaryLayer", ""),
    (222, "middleCloudBottom", ""),
    (223, "middleCloudTop", ""),
    (224, "middleCloudLayer", ""),
    (232, "highCloudBottom", ""),
    (233, "highCloudTop", ""),
    (234, "highCloudLayer", ""),
    (235, "oceanIsotherm", ""),
    (240, "oceanMixedLayer", ""),
    (242, "convectiveCloudBottom", ""),
    (243, "convectiveCloudTop", ""),
    (244, "convectiveCloudLayer", ""),
];

/// A level of GRIB 1 (octets 10 to 12 of the product definition): a type, and two octets that are one number or two.
pub fn edition1(octets: Octets<'_>) -> Result<Level, Error> {
    let code = octets.u8(10)?;
    let whole = f64::from(octets.u16(11)?);
    let (first, second) = (f64::from(octets.u8(11)?), f64::from(octets.u8(12)?));
    let level = |name: &'static str, top: f64, bottom| Level { name: name.into(), code, top, bottom };
    Ok(match code {
        101 => level("isobaricLayer", first, Some(second)),
        104 => level("heightAboveSeaLayer", first, Some(second)),
        106 => level("heightAboveGroundLayer", first, Some(second)),
        108 => level("sigmaLayer", first, Some(second)),
        110 => level("hybridLayer", first, Some(second)),
        112 => level("depthBelowLandLayer", first, Some(second)),
        114 => level("thetaLayer", first, Some(second)),
        116 => level("pressureFromGroundLayer", first, Some(second)),
        _ => match LEVELS.iter().find(|(number, _)| *number == code) {
            Some((_, name)) => level(name, whole, None),
            None => Level { name: format!("level_{code}").into(), code, top: whole, bottom: None },
        },
    })
}

/// Table 3 of GRIB 1, where both octets are one number.
const LEVELS: &[(u8, &str)] = &[
    (1, "surface"),
    (2, "cloudBase"),
    (3, "cloudTop"),
    (4, "isothermZero"),
    (5, "adiabaticCondensation"),
    (6, "maxWind"),
    (7, "tropopause"),
    (8, "nominalTop"),
    (9, "seaBottom"),
    (100, "isobaricInhPa"),
    (102, "meanSea"),
    (103, "heightAboveSea"),
    (105, "heightAboveGround"),
    (107, "sigma"),
    (109, "hybrid"),
    (111, "depthBelowLand"),
    (113, "theta"),
    (115, "pressureFromGround"),
    (117, "potentialVorticity"),
    (160, "depthBelowSea"),
    (200, "entireAtmosphere"),
    (201, "entireOcean"),
    (210, "isobaricInPa"),
    (211, "oceanWave"),
    (212, "oceanMixedLayer"),
];

/// Units, positive direction, standard name and long name of a level's coordinate.
pub struct Axis {
    /// The units.
    pub units: &'static str,
    /// `up` or `down`; empty where height has no meaning.
    pub positive: &'static str,
    /// The CF standard name; empty where there is none.
    pub standard_name: &'static str,
    /// The long name; empty where the type's name says it.
    pub long_name: &'static str,
}

/// How the coordinate of a type of levels is described.
pub fn axis(name: &str) -> Axis {
    let (units, positive, standard_name, long_name) = match name {
        "isobaricInhPa" => ("hPa", "down", "air_pressure", "pressure"),
        "isobaricInPa" | "isobaricLayer" => ("Pa", "down", "air_pressure", "pressure"),
        "heightAboveGround" => ("m", "up", "height", "height above the surface"),
        "heightAboveGroundLayer" => {
            ("m", "up", "height", "height above the surface of a layer's first surface")
        }
        "heightAboveSea" | "heightAboveSeaLayer" => ("m", "up", "altitude", "height above mean sea level"),
        "depthBelowLand" | "depthBelowLandLayer" => ("m", "down", "depth", "soil depth"),
        "depthBelowSea" | "depthBelowSeaLayer" => ("m", "down", "depth", "depth below the sea surface"),
        "hybrid" | "hybridLayer" => {
            ("1", "down", "atmosphere_hybrid_sigma_pressure_coordinate", "hybrid level")
        }
        "sigma" | "sigmaLayer" => ("1", "down", "atmosphere_sigma_coordinate", "sigma level"),
        "theta" | "thetaLayer" => ("K", "up", "air_potential_temperature", "potential temperature"),
        "pressureFromGround" | "pressureFromGroundLayer" => {
            ("Pa", "up", "", "pressure difference from the ground")
        }
        "potentialVorticity" => ("1e-9 K m2 kg-1 s-1", "", "", "potential vorticity"),
        "isothermal" => ("K", "", "air_temperature", "temperature"),
        _ => ("1", "", "", ""),
    };
    Axis { units, positive, standard_name, long_name }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two surfaces, each as type, scale factor, scaled value.
    fn surfaces(first: (u8, u8, u32), second: (u8, u8, u32)) -> Vec<u8> {
        let one = |(code, factor, value): (u8, u8, u32)| [&[code, factor][..], &value.to_be_bytes()].concat();
        [one(first), one(second)].concat()
    }

    #[test]
    fn levels_of_edition_2() {
        let none = (255, 255, u32::MAX);
        let check = |first, second, centre: u16, name: &str, top: f64, bottom: Option<f64>| {
            let octets = surfaces(first, second);
            let level = edition2(Octets(&octets), 1, centre).unwrap();
            assert_eq!((level.name.as_ref(), level.top, level.bottom), (name, top, bottom), "{first:?}");
        };
        check((100, 0, 50_000), none, 98, "isobaricInhPa", 500.0, None);
        check((100, 0, 50), none, 98, "isobaricInPa", 50.0, None);
        check((100, 0, 150), none, 98, "isobaricInPa", 150.0, None);
        check((100, 0x82, 500), none, 98, "isobaricInhPa", 500.0, None);
        check((100, 0, 50_000), (100, 0, 85_000), 98, "isobaricLayer", 50_000.0, Some(85_000.0));
        check((106, 2, 7), (106, 2, 28), 98, "depthBelowLandLayer", 0.07, Some(0.28));
        check((109, 9, 2000), none, 98, "potentialVorticity", 2000.0, None);
        check((1, 255, u32::MAX), (8, 255, u32::MAX), 98, "entireAtmosphere", 0.0, None);
        check((200, 0, 0), none, 7, "atmosphereSingleLayer", 0.0, None);
        check((200, 0, 0), none, 98, "level_200", 0.0, None);
        check((150, 0, 3), none, 98, "level_150", 3.0, None);
        check((4, 0, 3), (4, 0, 5), 98, "layer_4", 3.0, Some(5.0));
        check((1, 0, 3), (101, 0, 5), 98, "layer_1_101", 3.0, None);
    }
}
