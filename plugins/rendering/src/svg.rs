//! A scene as SVG 1.1: lines and words stay such, fields are embedded as PNG.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Area, Colour, EncodeError, Mark, Scene, Stand, png_of};

impl Scene {
    /// The scene as SVG. All texts are escaped; nothing in it is fetched from anywhere.
    ///
    /// # Errors
    /// Where pixels cannot be encoded.
    pub fn svg(&self) -> Result<String, EncodeError> {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        let mut clips = 0_u32;
        for mark in &self.marks {
            match mark {
                Mark::Image { area, pixels } => {
                    let data = STANDARD.encode(png_of(pixels)?);
                    put(
                        &mut svg,
                        format_args!(
                            "<image {} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
                         xlink:href=\"data:image/png;base64,{data}\"/>\n",
                            place(*area)
                        ),
                    );
                }
                Mark::Lines { lines, colour, width, within } => {
                    let clip = within.map(|area| {
                        clips = clips.saturating_add(1);
                        put(
                            &mut svg,
                            format_args!("<clipPath id=\"c{clips}\"><rect {}/></clipPath>\n", place(area)),
                        );
                        format!(" clip-path=\"url(#c{clips})\"")
                    });
                    put(
                        &mut svg,
                        format_args!(
                            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{}/>\n",
                            data(lines),
                            hex(*colour),
                            clip.unwrap_or_default()
                        ),
                    );
                }
                Mark::Box { area, colour } => {
                    put(&mut svg, format_args!("<rect {} fill=\"{}\"/>\n", place(*area), hex(*colour)));
                }
                Mark::Text { at: (x, y), text, size, stand, turned } => {
                    let anchor = match stand {
                        Stand::Start => "start",
                        Stand::Middle => "middle",
                        Stand::End => "end",
                    };
                    let turn = if *turned {
                        format!(" transform=\"rotate(-90 {x:.2} {y:.2})\"")
                    } else {
                        String::new()
                    };
                    put(
                        &mut svg,
                        format_args!(
                            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\"{turn}>{}</text>\n",
                            escaped(text)
                        ),
                    );
                }
            }
        }
        Ok(svg + "</svg>\n")
    }
}

/// Writing into a string does not fail.
fn put(svg: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _written = svg.write_fmt(arguments);
}

fn place(area: Area) -> String {
    format!(
        "x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\"",
        area.x, area.y, area.width, area.height
    )
}

fn hex([r, g, b]: Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn data(lines: &[Vec<(f64, f64)>]) -> String {
    let mut data = String::new();
    for line in lines {
        let points = line.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        for (n, (x, y)) in points.enumerate() {
            put(&mut data, format_args!("{}{x:.2} {y:.2}", if n == 0 { 'M' } else { 'L' }));
        }
    }
    data
}

/// Text for XML 1.0, which has no control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars().filter(|character| !character.is_control()) {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pixels;

    #[test]
    fn scenes_are_svg() {
        let area = Area { x: 1.0, y: 2.0, width: 3.0, height: 4.0 };
        let text = |text: &str, turned| Mark::Text {
            at: (5.0, 6.0),
            text: text.into(),
            size: 7.0,
            stand: Stand::End,
            turned,
        };
        let marks = vec![
            Mark::Image { area, pixels: Pixels { width: 1, height: 1, rgba: vec![1, 2, 3, 255] } },
            Mark::Lines {
                lines: vec![vec![(0.0, 0.5), (f64::NAN, 1.0), (2.0, 3.0)]],
                colour: [255, 0, 16],
                width: 0.5,
                within: Some(area),
            },
            text("<script>&\"'\u{1}", true),
        ];
        let svg = Scene { width: 10, height: 20, marks }.svg().unwrap();
        assert!(svg.contains("viewBox=\"0 0 10 20\""), "{svg}");
        assert!(svg.contains("<path d=\"M0.00 0.50L2.00 3.00\" fill=\"none\" stroke=\"#ff0010\""), "{svg}");
        assert!(svg.contains("rotate(-90 5.00 6.00)\">&lt;script&gt;&amp;&quot;&#39;</text>"), "{svg}");
        assert!(svg.contains("data:image/png;base64,iVBOR"), "{svg}");
    }
}
