//! Catalogs that people and programs browse: THREDDS, Intake, gridlook, the first page and what search engines look for.

use std::path::Path;

use weir_tests::{Mode, Netcdf3, Server, Values};

/// A name that would be a script, where it were not escaped.
const EVIL: &str = "<script>alert('1')&\".nc";

fn file(title: &str) -> Vec<u8> {
    Netcdf3::new()
        .dimension("x", 3)
        .attribute("title", title)
        .attribute("summary", "</script><script>alert(2)</script>")
        .variable("x", &["x"], &[("units", "degrees_east")], Values::Float32(vec![1.0, 2.0, 3.0]))
        .variable("<b>u", &["x"], &[("long_name", "<i>wind</i>")], Values::Float32(vec![4.0, 5.0, 6.0]))
        .bytes()
}

fn archive() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("deep er/more")).unwrap();
    for name in ["a.nc", EVIL, "deep er/b 1.nc", "deep er/more/c#2.nc"] {
        std::fs::write(folder.path().join(name), file(name)).unwrap();
    }
    folder
}

fn both(arguments: &[&str], check: impl Fn(&Server, &Path)) {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let archive = archive();
        let server = Server::start(mode, archive.path(), arguments);
        check(&server, archive.path());
        server.stop(&[]);
    }
}

/// The values of all attributes called `name`, without the escapes of XML and HTML.
fn values(document: &str, name: &str) -> Vec<String> {
    let begin = format!(" {name}=\"");
    let found = document.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
    let plain = |text: &str| {
        let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        escapes.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
    };
    found.map(plain).collect()
}

/// The target of a URL of the server.
fn target<'u>(server: &Server, url: &'u str) -> &'u str {
    let base = format!("http://{}", server.address);
    url.strip_prefix(&base).unwrap_or_else(|| panic!("{url} is not below {base}"))
}

#[test]
fn catalogs_of_thredds_lead_to_the_data() {
    both(&[], |server, archive| {
        let (mut catalogs, mut ids) = (vec!["/thredds/catalog.xml".to_owned()], vec![]);
        while let Some(catalog) = catalogs.pop() {
            let reply = server.get(&catalog);
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (200, "application/xml;charset=UTF-8"),
                "{catalog}"
            );
            let text = reply.text();
            let bases = values(&text, "base");
            let service = |of: &str| bases.iter().find(|base| base.contains(of)).unwrap().clone();
            for path in values(&text, "urlPath") {
                let whole = server.get(target(server, &format!("{}{path}", service("fileServer"))));
                let id = values(&text, "ID")
                    .into_iter()
                    .find(|id| std::fs::read(archive.join(id)).is_ok_and(|local| local == whole.body));
                ids.push(id.unwrap_or_else(|| panic!("{path} is no file")));
                let dds = server.get(target(server, &format!("{}{path}.dds", service("dodsC"))));
                assert!(dds.text().starts_with("Dataset {"), "{path}: {}", dds.text());
            }
            catalogs.extend(values(&text, "xlink:href").iter().map(|url| target(server, url).to_owned()));
        }
        ids.sort();
        assert_eq!(ids, [EVIL, "a.nc", "deep er/b 1.nc", "deep er/more/c#2.nc"]);
        let one = server.get("/thredds/catalog/deep%20er/catalog.xml?dataset=deep%20er%2Fb%201.nc").text();
        assert!(one.contains("<documentation type=\"title\">deep er/b 1.nc</documentation>"), "{one}");
        assert!(one.contains("<dataFormat>NetCDF</dataFormat>") && one.contains("&lt;b&gt;u"), "{one}");
        assert_eq!(values(&server.get("/thredds/latest.xml").text(), "ID"), ["a.nc"]);
        assert_eq!(server.get("/thredds/catalog/none/catalog.xml").status, 404);
        assert_eq!(server.get("/thredds/catalog.xml?dataset=none").status, 404);
        let head = server.client().head("/thredds/catalog.xml");
        assert_eq!((head.status, head.body.len()), (200, 0));
    });
}

#[test]
fn names_and_attributes_are_never_scripts() {
    both(&[], |server, _| {
        let evil = "%3Cscript%3Ealert%28%271%27%29%26%22.nc";
        for page in [
            "/",
            "/?folder=deep%20er/",
            "/thredds/catalog.html",
            &format!("/thredds/catalog.html?dataset={evil}"),
        ] {
            let reply = server.get(page);
            assert_eq!(reply.status, 200, "{page}");
            assert!(reply.header("content-type").starts_with("text/html"), "{page}");
            assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{page}");
            let text = reply.text();
            for script in ["<script>alert", "<i>wind", "<b>u"] {
                assert!(!text.contains(script), "{script} on {page}: {text}");
            }
            // Data for search engines is the only script that there is, and ends where it should.
            assert_eq!(text.matches("<script").count(), text.matches("</script>").count(), "{page}");
            assert_eq!(
                text.matches("<script").count(),
                text.matches("<script type=\"application/ld+json\">").count()
            );
        }
    });
}

#[test]
fn every_link_of_the_first_page_leads_somewhere() {
    both(&[], |server, _| {
        let page = server.get("/").text();
        let links = values(&page, "href");
        for needed in ["/intake.yaml", "/gridlook.json", "/thredds/catalog.html", "/?folder=deep%20er/"] {
            assert!(links.iter().any(|link| target(server, link) == needed), "{needed} in {links:?}");
        }
        for link in links {
            let reply = server.get(target(server, &link));
            assert!(reply.status < 400, "{link}: {} {}", reply.status, reply.text());
        }
    });
}

#[test]
fn all_urls_are_public() {
    let public = "https://data.example/archive";
    both(&["--trusted-proxy", "127.0.0.1"], |server, _| {
        let proxy =
            ["X-Forwarded-Proto: https", "X-Forwarded-Host: data.example", "X-Forwarded-Prefix: /archive"];
        let get = |target: &str| server.client().send("GET", target, &proxy);
        let urls_of = |target: &str| -> Vec<String> {
            let text = get(target).text();
            let starts = text
                .match_indices("http")
                .map(|(at, _)| text[at..].split(['"', '<', ' ', '\n']).next().unwrap());
            starts.filter(|url| url.contains("://")).map(str::to_owned).collect()
        };
        let foreign = [
            "http://www.unidata.ucar.edu/",
            "http://www.w3.org/",
            "http://www.sitemaps.org/",
            "https://schema.org/",
        ];
        for document in [
            "/",
            "/robots.txt",
            "/sitemap.xml",
            "/sitemap-datasets.xml",
            "/gridlook.json",
            "/intake.yaml",
            "/intake/catalog.yaml",
            "/datasets/a.nc/catalog.yaml",
            "/thredds/catalog.xml",
            "/thredds/catalog.html",
            "/thredds/catalog.html?dataset=a.nc",
            "/thredds/latest.xml",
        ] {
            let urls: Vec<String> = urls_of(document)
                .into_iter()
                .filter(|url| !foreign.iter().any(|start| url.starts_with(start)))
                .collect();
            assert!(!urls.is_empty(), "{document}");
            assert!(urls.iter().all(|url| url.starts_with(public)), "{document}: {urls:?}");
        }
        let robots = get("/robots.txt").text();
        assert!(robots.contains("Disallow: /archive/datasets/*/zarr/\n"), "{robots}");
        assert_eq!(get("/thredds").header("location"), format!("{public}/thredds/catalog.html"));
    });
}

#[test]
fn datasets_come_and_go_in_every_catalog() {
    both(&[], |server, archive| {
        let catalogs =
            ["/", "/intake.yaml", "/gridlook.json", "/thredds/catalog.xml", "/sitemap-datasets.xml"];
        let name = "new.nc";
        let wait = |there: bool| {
            let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
            for catalog in catalogs {
                while server.get(catalog).text().contains(name) != there {
                    assert!(std::time::Instant::now() < until, "{catalog}: {there}");
                    std::thread::yield_now();
                }
            }
        };
        wait(false);
        std::fs::write(archive.join(name), file(name)).unwrap();
        wait(true);
        std::fs::remove_file(archive.join(name)).unwrap();
        wait(false);
    });
}

#[test]
fn a_site_configures_its_catalogs() {
    let archive = archive();
    let config = archive.path().join("weir.toml");
    let text = "[plugins.pages]\nredirect = \"https://browser.example/#x\"\n[plugins.intake]\nmost = 2\ntitle = \"House\"\n";
    std::fs::write(&config, text).unwrap();
    let server = Server::start(Mode::LinkedIn, archive.path(), &["--config", config.to_str().unwrap()]);
    let front = server.get("/");
    assert_eq!((front.status, front.header("location")), (302, "https://browser.example/#x"));
    let root = server.get("/intake.yaml").text();
    assert!(root.contains("source: \"House\"") && root.contains("\"/more\""), "{root}");
    assert!(server.get("/intake/deep%20er/catalog.yaml").text().contains("driver: yaml_file_cat"), "{root}");
    server.stop(&[]);
    std::fs::write(&config, "[plugins.pages]\nredirect = \"javascript:x\"\n").unwrap();
    let said =
        Server::refused(&["serve", archive.path().to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert!(said.contains("redirect is") && said.contains("must be a URL"), "{said}");
}
