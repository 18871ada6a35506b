//! GetCapabilities: what is served, as a document of either version.

use std::io;

use weir_catalogs::listing::{encoded_path, encoded_value};
use weir_plugin_api::{Dataset, Error, ErrorKind, Response};
use weir_rendering::{Bounds, ColourMap};

use crate::asking::Asking;
use crate::crs::{Crs, MOST_SIDE};
use crate::dimension::{Dimension, Role};
use crate::info;
use crate::keys::Keys;
use crate::layer::{Layer, names};
use crate::legend::USUAL_SIZE;
use crate::map::{Format, MOST_LAYERS};
use crate::style::PREFIX;
use crate::version::Version;
use crate::xml::Xml;

/// A layer as it is told.
struct Told {
    name: String,
    title: String,
    standard_name: Option<String>,
    bounds: Bounds,
    dimensions: Vec<Listed>,
}

/// A dimension with its values.
struct Listed {
    dimension: Dimension,
    usual: String,
    values: String,
}

/// Answers GetCapabilities.
pub(crate) fn answer(asking: &Asking<'_>, dataset: &Dataset, keys: &Keys) -> Result<Response, Error> {
    let version = Version::negotiated(keys);
    let schema = dataset.schema()?;
    let said = |name: &str| {
        let attribute = schema.root.attributes.iter().find(|attribute| attribute.name == name)?;
        let text = attribute.value.as_text()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let document = Document {
        version,
        address: address(asking),
        title: said("title").unwrap_or_else(|| dataset.id().to_owned()),
        summary: said("summary"),
        layers: told(asking, dataset)?,
    };
    let bytes = document.written().map_err(|error| Error::internal(error.to_string()))?;
    let media_type = match version {
        Version::V111 => "application/vnd.ogc.wms_xml",
        Version::V130 => "text/xml",
    };
    Ok(Response::full(media_type, bytes).stable().costly())
}

/// Where requests go, with the question mark that keys stand behind.
fn address(asking: &Asking<'_>) -> String {
    let (base, id) = (asking.request.base_url(), encoded_path(asking.request.dataset_id()));
    match asking.request.path().contains("/thredds/wms/") && !asking.request.path().ends_with("/wms") {
        true => format!("{base}/thredds/wms/{id}?"),
        false => format!("{base}/datasets/{id}/wms?"),
    }
}

/// All layers. One whose grid or coordinates cannot be understood is left out.
fn told(asking: &Asking<'_>, dataset: &Dataset) -> Result<Vec<Told>, Error> {
    let schema = dataset.schema()?;
    // Most variables of a dataset share grids and coordinates, which are read once.
    let mut grids = Vec::new();
    let mut lists = Vec::new();
    let mut layers = Vec::new();
    for name in names(&schema) {
        asking.go_on()?;
        match layer(asking, (dataset, &name), (&mut grids, &mut lists)) {
            Ok(found) => layers.extend(found),
            Err(error) => match error.kind {
                ErrorKind::Unsupported
                | ErrorKind::BadRequest
                | ErrorKind::NotFound
                | ErrorKind::TooLarge => {}
                _ => return Err(error),
            },
        }
    }
    Ok(layers)
}

/// Grids with their bounds: how a variable lies, and the lengths of its horizontal dimensions.
type Grids = Vec<((weir_fields::Laid, Vec<String>), Option<Bounds>)>;

/// Coordinates with their values, by the path of the coordinate and what it is to the client.
type Lists = Vec<((String, Role), (String, String))>;

fn layer(
    asking: &Asking<'_>,
    (dataset, name): (&Dataset, &str),
    (grids, lists): (&mut Grids, &mut Lists),
) -> Result<Option<Told>, Error> {
    let layer = Layer::open(dataset, name)?;
    let over: Vec<String> = layer.axes.along().iter().map(|along| along.dimension.clone()).collect();
    let key = (layer.laid.clone(), over);
    let known = grids.iter().find(|(grid, _)| *grid == key).map(|(_, bounds)| *bounds);
    let bounds = match known {
        Some(bounds) => bounds,
        None => {
            let bounds = layer.laid.bounds(&layer.axes, &|bytes| asking.admit(bytes))?;
            grids.push((key, bounds));
            bounds
        }
    };
    let Some(bounds) = bounds else { return Ok(None) };
    let mut dimensions = Vec::new();
    for dimension in &layer.dimensions {
        let labels = layer.axes.along().get(dimension.axis).and_then(|along| along.labels.as_ref());
        let key = labels.map(|labels| (labels.path.clone(), dimension.role));
        let known = key.as_ref().and_then(|key| lists.iter().find(|(known, _)| known == key));
        let (usual, values) = match known {
            Some((_, told)) => told.clone(),
            None => {
                let usual = dimension.value(&layer.axes, dimension.usual(&layer.axes))?;
                let told = (usual, dimension.values(&layer.axes)?);
                lists.extend(key.map(|key| (key, told.clone())));
                told
            }
        };
        dimensions.push(Listed { dimension: dimension.clone(), usual, values });
    }
    let standard_name = layer.text("standard_name");
    Ok(Some(Told { name: layer.name.clone(), title: layer.title(), standard_name, bounds, dimensions }))
}

struct Document {
    version: Version,
    address: String,
    title: String,
    summary: Option<String>,
    layers: Vec<Told>,
}

impl Document {
    fn written(&self) -> io::Result<Vec<u8>> {
        let mut xml = Xml::new();
        let (root, attributes): (&str, &[(&str, &str)]) = match self.version {
            Version::V111 => ("WMT_MS_Capabilities", &[("version", "1.1.1")]),
            Version::V130 => (
                "WMS_Capabilities",
                &[
                    ("version", "1.3.0"),
                    ("xmlns", "http://www.opengis.net/wms"),
                    ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
                    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                    (
                        "xsi:schemaLocation",
                        "http://www.opengis.net/wms http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd",
                    ),
                ],
            ),
        };
        xml.open(root, attributes)?;
        self.service(&mut xml)?;
        xml.open("Capability", &[])?;
        self.requests(&mut xml)?;
        xml.open("Exception", &[])?;
        let exceptions = if self.version == Version::V111 { self.version.exception_type() } else { "XML" };
        xml.text("Format", &[], exceptions)?;
        xml.close("Exception")?;
        self.root_layer(&mut xml)?;
        xml.close("Capability")?;
        xml.close(root)?;
        Ok(xml.into_bytes())
    }

    fn service(&self, xml: &mut Xml) -> io::Result<()> {
        xml.open("Service", &[])?;
        xml.text("Name", &[], if self.version == Version::V111 { "OGC:WMS" } else { "WMS" })?;
        xml.text("Title", &[], &self.title)?;
        if let Some(summary) = &self.summary {
            xml.text("Abstract", &[], summary)?;
        }
        self.resource(xml, &self.address)?;
        xml.text("Fees", &[], "none")?;
        xml.text("AccessConstraints", &[], "none")?;
        if self.version == Version::V130 {
            xml.text("LayerLimit", &[], &MOST_LAYERS.to_string())?;
            xml.text("MaxWidth", &[], &MOST_SIDE.to_string())?;
            xml.text("MaxHeight", &[], &MOST_SIDE.to_string())?;
        }
        xml.close("Service")
    }

    fn resource(&self, xml: &mut Xml, url: &str) -> io::Result<()> {
        // Where the older version has no namespace at its root, the element brings it.
        let link = ("xmlns:xlink", "http://www.w3.org/1999/xlink");
        let attributes = [link, ("xlink:type", "simple"), ("xlink:href", url)];
        let from = usize::from(self.version == Version::V130);
        xml.empty("OnlineResource", attributes.get(from..).unwrap_or_default())
    }

    fn requests(&self, xml: &mut Xml) -> io::Result<()> {
        let capabilities =
            if self.version == Version::V111 { "application/vnd.ogc.wms_xml" } else { "text/xml" };
        xml.open("Request", &[])?;
        self.request(xml, "GetCapabilities", [capabilities].into_iter())?;
        self.request(xml, "GetMap", Format::ALL.into_iter().map(Format::media_type))?;
        self.request(xml, "GetFeatureInfo", info::media_types())?;
        if self.version == Version::V111 {
            self.request(xml, "GetLegendGraphic", Format::ALL.into_iter().map(Format::media_type))?;
        }
        xml.close("Request")
    }

    fn request(
        &self,
        xml: &mut Xml,
        name: &str,
        formats: impl Iterator<Item = &'static str>,
    ) -> io::Result<()> {
        xml.open(name, &[])?;
        for format in formats {
            xml.text("Format", &[], format)?;
        }
        for part in ["DCPType", "HTTP", "Get"] {
            xml.open(part, &[])?;
        }
        self.resource(xml, &self.address)?;
        for part in ["Get", "HTTP", "DCPType", name] {
            xml.close(part)?;
        }
        Ok(())
    }

    fn root_layer(&self, xml: &mut Xml) -> io::Result<()> {
        xml.open("Layer", &[])?;
        xml.text("Title", &[], &self.title)?;
        let key = if self.version == Version::V111 { "SRS" } else { "CRS" };
        for crs in Crs::all(self.version) {
            xml.text(key, &[], crs.name)?;
        }
        if let Some(bounds) = self.bounds() {
            self.geographic(xml, &bounds)?;
        }
        for name in ColourMap::names() {
            for name in [(*name).to_owned(), format!("{name}_r")] {
                let query = format!("REQUEST=GetLegendGraphic&PALETTE={name}&COLORBARONLY=true");
                self.style(xml, (&format!("{PREFIX}{name}"), &name), (&query, (25, 256)))?;
            }
        }
        for layer in &self.layers {
            self.layer(xml, layer)?;
        }
        xml.close("Layer")
    }

    /// The bounds around those of all layers.
    fn bounds(&self) -> Option<Bounds> {
        self.layers.iter().map(|layer| layer.bounds).reduce(|a, b| Bounds {
            west: a.west.min(b.west),
            east: a.east.max(b.east),
            south: a.south.min(b.south),
            north: a.north.max(b.north),
        })
    }

    fn style(
        &self,
        xml: &mut Xml,
        (name, title): (&str, &str),
        (query, (width, height)): (&str, (u32, u32)),
    ) -> io::Result<()> {
        xml.open("Style", &[])?;
        xml.text("Name", &[], name)?;
        xml.text("Title", &[], title)?;
        xml.open("LegendURL", &[("width", &width.to_string()), ("height", &height.to_string())])?;
        xml.text("Format", &[], "image/png")?;
        self.resource(xml, &format!("{}{query}", self.address))?;
        xml.close("LegendURL")?;
        xml.close("Style")
    }

    fn layer(&self, xml: &mut Xml, layer: &Told) -> io::Result<()> {
        xml.open("Layer", &[("queryable", "1")])?;
        xml.text("Name", &[], &layer.name)?;
        xml.text("Title", &[], &layer.title)?;
        if let Some(name) = &layer.standard_name {
            xml.open("KeywordList", &[])?;
            xml.text("Keyword", &[], name)?;
            xml.close("KeywordList")?;
        }
        self.geographic(xml, &layer.bounds)?;
        for crs in Crs::all(self.version) {
            if let Some(extent) = crs.extent(&layer.bounds) {
                let key = if self.version == Version::V111 { "SRS" } else { "CRS" };
                let numbers = crs.written(self.version, extent).map(|number| number.to_string());
                let [a, b, c, d] = &numbers;
                let attributes = [(key, crs.name), ("minx", a), ("miny", b), ("maxx", c), ("maxy", d)];
                xml.empty("BoundingBox", &attributes)?;
            }
        }
        self.dimensions(xml, &layer.dimensions)?;
        let query = format!("REQUEST=GetLegendGraphic&LAYER={}", encoded_value(&layer.name));
        self.style(xml, ("default", "viridis, from the least to the greatest value"), (&query, USUAL_SIZE))?;
        xml.close("Layer")
    }

    fn dimensions(&self, xml: &mut Xml, listed: &[Listed]) -> io::Result<()> {
        for Listed { dimension, usual, values } in listed {
            let units = [("name", dimension.name.as_str()), ("units", dimension.units.as_str())];
            let current: &[(&str, &str)] =
                if dimension.role == Role::Time { &[("current", "1")] } else { &[] };
            let more = [("default", usual.as_str()), ("multipleValues", "0"), ("nearestValue", "1")];
            match self.version {
                Version::V130 => {
                    let symbol: &[(&str, &str)] = match dimension.role {
                        Role::Elevation => &[("unitSymbol", dimension.units.as_str())],
                        _ => &[],
                    };
                    xml.text("Dimension", &[&units, symbol, &more, current].concat(), values)?;
                }
                Version::V111 => xml.empty("Dimension", &units)?,
            }
        }
        if self.version == Version::V111 {
            for Listed { dimension, usual, values } in listed {
                let attributes =
                    [("name", dimension.name.as_str()), ("default", usual.as_str()), ("nearestValue", "1")];
                xml.text("Extent", &attributes, values)?;
            }
        }
        Ok(())
    }

    fn geographic(&self, xml: &mut Xml, bounds: &Bounds) -> io::Result<()> {
        let Bounds { west, east, south, north } = bounds;
        let [west, east, south, north] = [west, east, south, north].map(ToString::to_string);
        if self.version == Version::V111 {
            let attributes = [("minx", &*west), ("miny", &*south), ("maxx", &*east), ("maxy", &*north)];
            return xml.empty("LatLonBoundingBox", &attributes);
        }
        xml.open("EX_GeographicBoundingBox", &[])?;
        for (name, number) in [
            ("westBoundLongitude", &west),
            ("eastBoundLongitude", &east),
            ("southBoundLatitude", &south),
            ("northBoundLatitude", &north),
        ] {
            xml.text(name, &[], number)?;
        }
        xml.close("EX_GeographicBoundingBox")
    }
}
