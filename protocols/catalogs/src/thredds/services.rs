//! The services of a catalog: how a `urlPath` becomes a URL.

use crate::Offers;

/// A way to the data of all datasets of a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// How the catalog refers to it.
    pub name: &'static str,
    /// What clients know it by.
    pub service_type: &'static str,
    /// The path, below the server's URL, that a `urlPath` is put behind.
    pub path: &'static str,
    /// What is put behind that for a page in a browser; nothing where there is none.
    pub page: &'static str,
    /// The route by which a server is known to have it.
    pattern: &'static str,
}

/// In the order in which netCDF-Java and people like them. Names are those that Unidata's own server gives.
const SERVICES: [Service; 5] = [
    Service {
        name: "odap",
        service_type: "OPENDAP",
        path: "/thredds/dodsC/",
        page: ".html",
        pattern: "/thredds/dodsC/{id}.dds",
    },
    Service {
        name: "dap4",
        service_type: "DAP4",
        path: "/thredds/dodsC/",
        page: ".dmr.html",
        pattern: "/thredds/dodsC/{id}.dap",
    },
    Service {
        name: "http",
        service_type: "HTTPServer",
        path: "/thredds/fileServer/",
        page: "",
        pattern: "/thredds/fileServer/{id}",
    },
    Service {
        name: "ncssGrid",
        service_type: "NetcdfSubset",
        path: "/thredds/ncss/grid/",
        page: "/dataset.xml",
        pattern: "/thredds/ncss/grid/{id}",
    },
    Service {
        name: "wms",
        service_type: "WMS",
        path: "/thredds/wms/",
        page: "?service=WMS&version=1.3.0&request=GetCapabilities",
        pattern: "/thredds/wms/{id}",
    },
];

/// The services that the server has.
pub fn services(offers: &Offers) -> impl Iterator<Item = &'static Service> + '_ {
    SERVICES.iter().filter(|service| offers.has(service.pattern))
}
