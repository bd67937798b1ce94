//! The HTML file: the page, its style, its scripts and its data, in one.

use serde::Serialize;

/// The frame, with placeholders for the rest.
const FRAME: &str = include_str!("page/frame.html");

/// The style: that of the charts, then our own.
const STYLE: [&str; 2] = [include_str!("vendor/uPlot.min.css"), include_str!("page/style.css")];

/// The charts, then our own scripts. The last one begins the work.
const SCRIPTS: [&str; 11] = [
    include_str!("vendor/uPlot.iife.min.js"),
    include_str!("page/dom.js"),
    include_str!("page/cloud.js"),
    include_str!("page/curves.js"),
    include_str!("page/classes.js"),
    include_str!("page/confusion.js"),
    include_str!("page/gallery.js"),
    include_str!("page/scenes.js"),
    include_str!("page/run.js"),
    include_str!("page/comparison.js"),
    include_str!("page/start.js"),
];

/// The page with `title` for `contents`.
pub(super) fn html(title: &str, contents: &impl Serialize) -> String {
    let data = embed(&serde_json::to_string(contents).expect("the contents of a page are plain data"));
    let parts = [
        ("{{title}}", escape(title)),
        ("{{style}}", STYLE.join("\n")),
        ("{{version}}", env!("CARGO_PKG_VERSION").to_owned()),
        ("{{data}}", data),
        ("{{scripts}}", SCRIPTS.join("\n")),
    ];
    // One after the other from the left, so that a placeholder in what is filled in stays as it is.
    let mut page =
        String::with_capacity(parts.iter().map(|(_, part)| part.len()).sum::<usize>() + FRAME.len());
    let mut rest = FRAME;
    for (placeholder, part) in &parts {
        let (before, after) =
            rest.split_once(placeholder).expect("the frame has every placeholder in this order");
        page.push_str(before);
        page.push_str(part);
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Text for the inside of an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// JSON for the inside of a script element: these signs only occur in its strings, where an escape says the same.
fn embed(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_ends_its_element() {
        let name = "</script><script>alert(1)</script><!-- & {{scripts}}";
        let page = html(name, &serde_json::json!({ "name": name }));
        assert!(page.contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)"), "{}", &page[..600]);
        assert!(!page.contains("alert(1)<"));
        let data =
            page.split_once("type=\"application/json\">").unwrap().1.split_once("</script>").unwrap().0;
        assert_eq!(serde_json::from_str::<serde_json::Value>(data).unwrap()["name"], name);
    }

    #[test]
    fn the_page_asks_for_no_other_file() {
        let page = html("x", &());
        for sign in ["src=", "href=\"http", "url(", "@import", "import(", "fetch(", "XMLHttpRequest"] {
            assert!(!page.contains(sign), "{sign}");
        }
        // Scripts that end their element would end the page.
        assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
    }
}
